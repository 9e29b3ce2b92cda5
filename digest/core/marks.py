"""Pins: papers that an admin puts on top of a day's digests. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from digest.core.edition import Change, Pick, Section


@dataclass(frozen=True, slots=True)
class Pin:
    """A paper on top of a day, and what readers are told of it, "" for nothing."""

    paper_id: int
    note: str


def topped(
    picks: Sequence[Pick], pins: Sequence[Pin], had: Collection[int], limit: int
) -> tuple[Pick, ...]:
    """A digest's picks with the pins on top, in their order, at most `limit` in all.

    Who had a pinned paper does not get it again; a digest without picks stays without any. A pin
    that was picked anyway keeps its reasons.
    """
    if not picks or not pins:
        return tuple(picks)
    known = {pick.paper_id: pick for pick in picks}
    first = picks[0]
    on_top = [
        replace(_pick(pin, known), section=first.section, heading=first.heading)
        for pin in pins
        if pin.paper_id not in had
    ]
    above = {pick.paper_id for pick in on_top}
    rest = [pick for pick in picks if pick.paper_id not in above]
    return tuple([*on_top, *rest][: max(limit, len(on_top))])


def _pick(pin: Pin, known: Mapping[int, Pick]) -> Pick:
    plain = Pick(pin.paper_id, 0.0, Section.FOR_YOU, Change.NEW)
    return known.get(pin.paper_id, plain)


def notes(picks: Sequence[Pick], pins: Sequence[Pin], titles: Mapping[int, str]) -> tuple[str, ...]:
    """What readers are told of the pins in their digest."""
    there = {pick.paper_id for pick in picks}
    return tuple(
        f"{titles[pin.paper_id]}: {pin.note}" for pin in pins if pin.note and pin.paper_id in there
    )
