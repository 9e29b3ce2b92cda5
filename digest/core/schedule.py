"""When a reader is due: IANA zone, hour and cadence -> the instant of each local day. Pure.

A digest belongs to a local day, not to an instant: the clocks of a zone may skip its hour (then
it is due as much later as they skipped, or an hour earlier where that would be another day) or
show it twice (then it is due the first time). So every local day that is due has exactly one
instant, which lies in it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from subscribers.schedule import Schedule

_DAY = timedelta(days=1)
# A week holds a due day of every cadence; one more for a day that the calendar of a zone lacks.
_LONGEST = 15


@dataclass(frozen=True, slots=True, order=True)
class Due:
    """The instant at which the digest of a local day is due."""

    at: datetime
    day: date


@lru_cache(4096)
def instant(day: date, hour: int, zone: str) -> datetime | None:
    """When the clocks of a zone show this hour of this day; None where the day itself is skipped.

    Source: PEP 495, "Ambiguous and missing times": fold=0 takes the first of two, and moves a
    missing one on by the length of the gap. Greenland skips the last hour of a day.
    """
    there = ZoneInfo(zone)
    for earlier in range(hour, -1, -1):
        at = datetime.combine(day, time(earlier), there).astimezone(UTC)
        if at.astimezone(there).date() == day:
            return at
    return None


def on(schedule: Schedule, day: date) -> Due | None:
    """The due of a local day; None if no digest is wanted then."""
    if not schedule.due_on(day):
        return None
    at = instant(day, schedule.hour, schedule.zone)
    return Due(at, day) if at is not None else None


def after(schedule: Schedule, day: date) -> Due:
    """The first due of a later local day."""
    return next(_from(schedule, day + _DAY))


def last(schedule: Schedule, now: datetime) -> Due:
    """The latest due that has passed: what a machine that slept has to catch up with."""
    today = local_day(schedule.zone, now)
    days = (today - timedelta(days=back) for back in range(_LONGEST))
    found = (on(schedule, day) for day in days)
    return next(due for due in found if due is not None and due.at <= now)


def first(
    schedule: Schedule, now: datetime, *, owed: date | None = None, since: date | None = None
) -> Due:
    """The next due of a schedule that holds from now on.

    `owed` is the local day whose digest the schedule before had not brought yet: if that is today
    or gone, today's is still wanted, at once if its hour has passed. A due before the day `since`
    (the end of a pause) is left out.
    """
    today = local_day(schedule.zone, now)
    for due in _from(schedule, max(today, since or today)):
        if due.at > now or (owed is not None and owed <= due.day == today):
            return due
    raise AssertionError("dues never end")


def local_day(zone: str, now: datetime) -> date:
    """The date on the clocks of a zone."""
    return now.astimezone(ZoneInfo(zone)).date()


def _from(schedule: Schedule, day: date) -> Iterator[Due]:
    while True:
        if (due := on(schedule, day)) is not None:
            yield due
        day += _DAY
