"""Picks and their reasons as bytes, to be kept with a delivery, and back.

Every mail has its picks packed, so it is done in few steps: numbers in columns, then all texts.
"""

import json
import struct
import zlib
from array import array
from collections.abc import Iterable, Sequence
from itertools import chain, islice
from sys import byteorder

from digest.core.edition import Change, Pick, Reason, ReasonKind, Section

# The first byte says how the rest is written; what is no such version is compressed JSON, as all
# were once.
_VERSION = 2
_HEAD = struct.Struct("<BHH")
# One letter of their names tells members apart.
_SECTIONS = {section[0]: section for section in Section}
_CHANGES = {change[2]: change for change in Change}
_KINDS = {kind[0]: kind for kind in ReasonKind}
_json = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":")).encode


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
    """Picks with their reasons: how many, their numbers by column, then letters and texts."""
    reasons = [*chain.from_iterable([pick.reasons for pick in picks])]
    headings = {heading: at for at, heading in enumerate({pick.heading: 0 for pick in picks})}
    numbers = struct.pack(
        _numbers(len(picks), len(reasons)),
        *[pick.paper_id for pick in picks],
        *[pick.score for pick in picks],
        *[len(pick.reasons) for pick in picks],
        *[headings[pick.heading] for pick in picks],
        *[reason.weight for reason in reasons],
    )
    letters = [pick.section[0] for pick in picks]
    letters += [pick.change[2] for pick in picks]
    letters += [reason.kind[0] for reason in reasons]
    texts = _json([*headings, *[reason.text for reason in reasons]])
    head = _HEAD.pack(_VERSION, len(picks), len(reasons))
    return head + numbers + ("".join(letters) + texts).encode()


def unpack_picks(data: bytes) -> tuple[Pick, ...]:
    if data[0] != _VERSION:
        return tuple(_old_pick(*row) for row in json.loads(zlib.decompress(data)))
    _, picks, reasons = _HEAD.unpack_from(data)
    layout = _numbers(picks, reasons)
    numbers = iter(struct.unpack_from(layout, data, _HEAD.size))
    ids, scores, counts, places = ([*islice(numbers, picks)] for _ in range(4))
    rest = data[_HEAD.size + struct.calcsize(layout) :].decode()
    letters = iter(rest)
    sections = [_SECTIONS[letter] for letter in islice(letters, picks)]
    changes = [_CHANGES[letter] for letter in islice(letters, picks)]
    kinds = [_KINDS[letter] for letter in islice(letters, reasons)]
    texts = json.loads(rest[2 * picks + reasons :])
    told = map(Reason, kinds, texts[len(texts) - reasons :], numbers)
    each = [tuple(islice(told, count)) for count in counts]
    headings = [texts[place] for place in places]
    return tuple(map(Pick, ids, scores, sections, changes, each, headings))


def _numbers(picks: int, reasons: int) -> str:
    """Of so many picks the ids, scores, numbers of reasons and places of the headings; then the
    weights of all reasons."""
    return f"<{picks}q{picks}d{picks}H{picks}H{reasons}d"


def _old_pick(
    paper_id: int,
    score: float,
    section: str,
    change: str,
    heading: str,
    reasons: list[tuple[str, str, float]],
) -> Pick:
    told = tuple(Reason(ReasonKind(kind), text, weight) for kind, text, weight in reasons)
    return Pick(paper_id, score, Section(section), Change(change), told, heading)
