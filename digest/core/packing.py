"""Picks and their reasons as bytes, to be kept with a delivery, and back."""

import json
import zlib
from array import array
from collections.abc import Iterable, Sequence
from sys import byteorder

from digest.core.edition import Change, Pick, Reason, ReasonKind, Section


def pack_ids(ids: Iterable[int]) -> bytes:
    """Paper ids, 8 bytes each, little endian, in their order."""
    packed = array("q", ids)
    if byteorder == "big":
        packed.byteswap()
    return packed.tobytes()


def unpack_ids(data: bytes) -> tuple[int, ...]:
    packed = array("q", data)
    if byteorder == "big":
        packed.byteswap()
    return tuple(packed)


def pack_picks(picks: Sequence[Pick]) -> bytes:
    """Picks with their reasons, as compressed JSON."""
    rows = [
        [pick.paper_id, pick.score, pick.section, pick.change, pick.heading,
         [[reason.kind, reason.text, reason.weight] for reason in pick.reasons]]
        for pick in picks
    ]  # fmt: skip
    return zlib.compress(json.dumps(rows, ensure_ascii=False).encode(), 1)


def unpack_picks(data: bytes) -> tuple[Pick, ...]:
    return tuple(_pick(*row) for row in json.loads(zlib.decompress(data)))


def _pick(
    paper_id: int,
    score: float,
    section: str,
    change: str,
    heading: str,
    reasons: list[tuple[str, str, float]],
) -> Pick:
    told = tuple(Reason(ReasonKind(kind), text, weight) for kind, text, weight in reasons)
    return Pick(paper_id, score, Section(section), Change(change), told, heading)
