"""Announcing: on which days a source announces papers, and how it stands by what it has shown.

A feed's own dates may lag a day behind, and one category may still serve yesterday's papers while
another is current: whether a day's papers are there is told by their ids, part by part. Pure.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)
_LONGEST = 14
# So long a source may show nothing at all before that is taken for a fault of it.
PATIENCE = timedelta(days=4)


class SourceState(StrEnum):
    """What a source had to say: the day's papers, nothing on a day without any, not yet what is
    due, not even when the day was over, or it could not be read."""

    FRESH = "fresh"
    QUIET = "quiet"
    WAITING = "waiting"
    STALLED = "stalled"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Announcement:
    """The papers of one listing day: the instants from which they may be there, by which they
    should, and at which the day is over."""

    day: date
    opens: datetime
    due: datetime
    closes: datetime


@dataclass(frozen=True, slots=True)
class Calendar:
    """The listing days of a source, by the clocks of `zone`; the times count from their midnight.

    `off` are days that may stay empty as weekends do.
    """

    zone: str
    opens: timedelta
    due: timedelta
    closes: timedelta
    weekdays: frozenset[int] = frozenset(range(5))
    off: frozenset[date] = frozenset()

    def lists_on(self, day: date) -> bool:
        return day.weekday() in self.weekdays and day not in self.off

    def latest(self, now: datetime) -> Announcement:
        """The last announcement that should be there by now."""
        return next(one for one in self._back(now) if one.due <= now)

    def opened(self, now: datetime) -> Announcement:
        """The last announcement that may be there by now."""
        return next(one for one in self._back(now) if one.opens <= now)

    def coming(self, now: datetime) -> Announcement:
        """The next announcement that is not there for certain."""
        days = (self._today(now) + number * _DAY for number in range(_LONGEST))
        found = (self.of(day) for day in days if self.lists_on(day))
        return next(one for one in found if one.due > now)

    def is_off(self, now: datetime) -> bool:
        """Whether nothing is announced on the day that it is there now."""
        return not self.lists_on(self._today(now))

    def of(self, day: date) -> Announcement:
        midnight = datetime.combine(day, time(), ZoneInfo(self.zone))
        at = [(midnight + each).astimezone(UTC) for each in (self.opens, self.due, self.closes)]
        return Announcement(day, *at)

    def _today(self, now: datetime) -> date:
        return now.astimezone(ZoneInfo(self.zone)).date()

    def _back(self, now: datetime) -> Iterator[Announcement]:
        days = (self._today(now) + (1 - back) * _DAY for back in range(_LONGEST))
        return (self.of(day) for day in days if self.lists_on(day))


# Announced Sunday to Thursday at 20:00, in the feeds from midnight on. A holiday's list names
# evenings; as to the feed of which day stays empty the recordings and the page leave a doubt, so
# neither it nor the next is waited for.
# Source: https://info.arxiv.org/help/availability.html
_HOLIDAYS = (
    "2025-12-30", "2026-01-01", "2026-01-19", "2026-06-19", "2026-07-03", "2026-09-07",
    "2026-11-26", "2026-12-25", "2026-12-29", "2026-12-31",
)  # fmt: skip
ARXIV = Calendar(
    zone="America/New_York",
    opens=timedelta(hours=-4),
    due=timedelta(hours=1),
    closes=timedelta(hours=20),
    off=frozenset(
        day for text in _HOLIDAYS for day in (date.fromisoformat(text),
                                              date.fromisoformat(text) + _DAY)
    ),
)  # fmt: skip
# The list of a weekday fills during its morning.
# Source: recordings of 2025-01-22: 1 paper at 04:16, 13 at 06:15.
HUGGING_FACE = Calendar(
    zone="UTC", opens=timedelta(0), due=timedelta(hours=8), closes=timedelta(hours=24)
)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a source has shown: of each part the listing day of its last new papers, and which
    parts showed nothing at all in the last look. `failed`: the last look did not succeed."""

    parts: Sequence[str]
    days: Mapping[str, date]
    empty: Collection[str] = ()
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """How a source stands, as to which listing day; `late` are the parts that still show what they
    showed before."""

    state: SourceState
    day: date
    late: tuple[str, ...] = ()


def standing(calendar: Calendar, seen: Seen, now: datetime) -> Standing:
    """How a source with a calendar stands."""
    wanted = calendar.latest(now)
    missing = [part for part in seen.parts if seen.days.get(part, date.min) < wanted.day]
    if len(missing) < len(seen.parts):  # a category without a paper beside one that has some
        missing = [part for part in missing if part not in seen.empty]
    late = tuple(part for part in missing if part not in seen.empty)
    if not missing:
        state = SourceState.QUIET if calendar.is_off(now) else SourceState.FRESH
    elif seen.failed:
        state = SourceState.FAILED
    elif now < wanted.closes:
        state = SourceState.WAITING
    else:
        newest = max(seen.days.values(), default=wanted.day)  # first seen on a day without papers
        quiet = not late and wanted.day - newest <= PATIENCE
        state = SourceState.QUIET if quiet else SourceState.STALLED
    return Standing(state, wanted.day, late)


def listing_day(
    calendar: Calendar, now: datetime, last: date | None, dated: Collection[date]
) -> date:
    """The listing day of papers that are new now.

    Where a late announcement and the next one may both be meant, it is the late one, unless the
    papers' own dates (which lag, and never lead) say otherwise.
    """
    opened, due = calendar.opened(now), calendar.latest(now)
    if last is None or last >= due.day or any(day >= opened.day for day in dated):
        return opened.day
    return due.day
