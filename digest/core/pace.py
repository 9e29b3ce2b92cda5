"""Pace: how fast mail may go to one relay and to one domain, by token buckets. Pure and exact.

A bucket is one instant, its theoretical arrival time (tat): each message moves it on by a step,
and none goes that would move it further ahead of the clock than the room, which is a burst. So a
bucket is one row, a full one needs none, and a restart forgets nothing. All is in whole
microseconds, as databases keep instants: what is computed and what is kept never differ.
Source: ITU-T I.371, annex A (the generic cell rate algorithm).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil, floor

from digest.errors import SettingsError
from subscribers import address as addresses
from subscribers.errors import BadAddress

EXAMPLE = "gmail.com=20/s outlook.com=500/min *=50/s"
OTHERS = "*"
_SECOND = 1_000_000
_MICROSECOND = timedelta(microseconds=1)
_MOST_PER_S = 1_000_000
# Further ahead than this, and than a burst, no bucket gets by itself: somebody set the clock back.
_STRAY = 60 * _SECOND
_UNITS = {"s": 1, "min": 60, "h": 3600}
_WORD = re.compile(r"(?P<domain>[^\s=]+)=(?P<number>\d{1,7}(?:\.\d{1,6})?)/(?P<unit>s|min|h)")


@dataclass(frozen=True, slots=True)
class Rate:
    """`step` between two messages on average, and the `room` for a burst, in microseconds."""

    step: int
    room: int

    @classmethod
    def of(cls, per_s: float) -> "Rate":
        """So many a second (over 0, to a million); one second's worth at once, at least one."""
        step = ceil(_SECOND / per_s)
        return cls(step, max(step, floor(per_s * step)))


@dataclass(frozen=True, slots=True)
class Limits:
    """Messages a second, by destination domain ("*" for each other domain by itself) and by relay.

    False when there is no limit at all.
    """

    domains: Mapping[str, float] = field(default_factory=dict)
    relays: Mapping[str, float] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.domains or self.relays)

    def of(self, key: str) -> Rate | None:
        """The rate of a bucket; None where nothing limits it."""
        kind, _, name = key.partition(":")
        if kind == "relay":
            per_s = self.relays.get(name)
        else:
            per_s = self.domains.get(name, self.domains.get(OTHERS))
        return Rate.of(per_s) if per_s else None


def keys(relay: str, to: str) -> tuple[str, ...]:
    """The buckets of a message to the envelope address `to` by way of `relay`."""
    return f"relay:{relay}", f"domain:{to.rpartition('@')[2].lower().rstrip('.')}"


def parse(text: str) -> Mapping[str, float]:
    """DIGEST_PACE, "DOMAIN=NUMBER/UNIT ..." with s, min or h, as messages a second by domain.

    Domains are folded as those of addresses are. SettingsError names the word that is wrong.
    """
    found: dict[str, float] = {}
    for word in text.split():
        match = _WORD.fullmatch(word)
        if match is None:
            raise _wrong(f"{word[:80]!r} is no DOMAIN=NUMBER/s, /min or /h")
        domain = _domain(match["domain"])
        if domain in found:
            raise _wrong(f"{domain} is named twice")
        per_s = float(match["number"]) / _UNITS[match["unit"]]
        if not 0 < per_s <= _MOST_PER_S:
            raise _wrong(f"{word[:80]!r}: a pace is over 0 and at most {_MOST_PER_S}/s")
        found[domain] = per_s
    return found


def _domain(name: str) -> str:
    try:
        return name if name == OTHERS else addresses.parse(f"x@{name}").key.rpartition("@")[2]
    except BadAddress as error:
        raise _wrong(f"{name[:80]!r} is no domain that mail goes to") from error


def _wrong(reason: str) -> SettingsError:
    return SettingsError(f"DIGEST_PACE: {reason}; for example {EXAMPLE}")


def ahead(tat: datetime, now: datetime, rate: Rate) -> int:
    """How far a bucket's tat lies ahead of the clock, in microseconds; 0 for a full bucket.

    A clock that was set back makes a bucket empty at worst, and never freezes it.
    """
    found = (tat - now) // _MICROSECOND
    return rate.room if found > rate.room + _STRAY else max(found, 0)


def tat(now: datetime, ahead: int) -> datetime:
    """The instant that lies so many microseconds ahead."""
    return now + ahead * _MICROSECOND


def admit(
    wanted: Sequence[Sequence[str]], rates: Mapping[str, Rate], ahead: Mapping[str, int]
) -> tuple[list[float], dict[str, int]]:
    """For each message, by its buckets: 0.0 when it may go now, else seconds to wait; and how far
    ahead the buckets are then.

    In the order given. All buckets of a message must agree; one that is refused takes from none,
    and those behind it wait for it in the bucket that holds it up longest. A bucket without a rate
    agrees.
    """
    after, queued = dict(ahead), dict.fromkeys(rates, 0)
    waits = []
    for buckets in wanted:
        lacks = {key: after[key] + queued[key] + rates[key].step - rates[key].room
                 for key in buckets if key in rates}  # fmt: skip
        wait = max(lacks.values(), default=0)
        if wait > 0:
            slowest = max(lacks, key=lacks.__getitem__)
            queued[slowest] += rates[slowest].step
        else:
            after |= {key: after[key] + rates[key].step for key in lacks}
        waits.append(max(wait, 0) / _SECOND)
    return waits, after
