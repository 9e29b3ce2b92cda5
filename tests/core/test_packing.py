"""Picks and ids survive being packed."""

import json
import zlib

from hypothesis import given
from hypothesis import strategies as st

from digest.core.edition import Change, Pick, Reason, ReasonKind, Section
from digest.core.packing import pack_ids, pack_picks, unpack_ids, unpack_picks

IDS = st.integers(0, 2**63 - 1)
FLOATS = st.floats(allow_nan=False)
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
REASONS = st.builds(Reason, st.sampled_from(ReasonKind), TEXT, FLOATS)
PICKS = st.builds(
    Pick, IDS, FLOATS, st.sampled_from(Section), st.sampled_from(Change),
    st.lists(REASONS, max_size=4).map(tuple), TEXT,
)  # fmt: skip


@given(st.lists(IDS))
def test_ids_come_back_in_their_order(ids: list[int]) -> None:
    assert list(unpack_ids(pack_ids(ids))) == ids


def test_ids_are_packed_the_same_on_every_machine() -> None:
    assert pack_ids([1, 258]) == b"\x01\0\0\0\0\0\0\0" + b"\x02\x01\0\0\0\0\0\0"
    assert pack_ids([]) == b""


@given(st.lists(PICKS, max_size=5))
def test_picks_come_back_with_every_reason(picks: list[Pick]) -> None:
    assert list(unpack_picks(pack_picks(picks))) == picks


def test_picks_as_they_were_packed_once_still_come_back() -> None:
    row = [7, 1.5, "for you", "new", "tides", [["interest", "winds", 1.25], ["votes", "9", 0.25]]]
    reasons = (Reason(ReasonKind.INTEREST, "winds", 1.25), Reason(ReasonKind.VOTES, "9", 0.25))
    assert unpack_picks(zlib.compress(json.dumps([row]).encode(), 1)) == (
        Pick(7, 1.5, Section.FOR_YOU, Change.NEW, reasons, "tides"),
    )


def test_every_kind_of_member_comes_back_as_itself() -> None:
    for section in Section:
        for change in Change:
            told = tuple(Reason(kind, kind, 1.0) for kind in ReasonKind)
            picks = (Pick(1, 1.0, section, change, told),)
            assert unpack_picks(pack_picks(picks)) == picks


def test_what_comes_back_has_its_kinds_and_not_their_words() -> None:
    pick = Pick(1, 2.0, Section.RISING, Change.RISING, (Reason(ReasonKind.RISING, "2 → 42", 1.0),))
    [back] = unpack_picks(pack_picks([pick]))
    assert back.section is Section.RISING
    assert back.reasons[0].kind is ReasonKind.RISING
