"""Schedule: the wall-clock hour, zone and days at which one person wants a digest. Pure values."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from zoneinfo import available_timezones

from subscribers.errors import BadProfile, shown

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SATURDAY = 5


class Cadence(StrEnum):
    """On which days."""

    DAILY = "daily"
    WEEKDAYS = "weekdays"
    WEEKLY = "weekly"


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When a digest is wanted: `hour` (0 to 23) on the clocks of `zone` (an IANA name).

    `weekday` (0 is Monday) matters to the weekly cadence only. The instant of a day is computed
    anew each day, since zones change their clocks.
    """

    zone: str = "UTC"
    hour: int = 8
    cadence: Cadence = Cadence.DAILY
    weekday: int = 0

    def due_on(self, day: date) -> bool:
        """Whether a digest is wanted on that day, a date of the reader's own zone."""
        if self.cadence is Cadence.WEEKLY:
            return day.weekday() == self.weekday
        return self.cadence is Cadence.DAILY or day.weekday() < _SATURDAY

    @property
    def days(self) -> str:
        """The cadence as one word that `read_days` reads: "daily", "weekdays", "weekly:fri"."""
        weekly = self.cadence is Cadence.WEEKLY
        return f"{self.cadence}:{WEEKDAYS[self.weekday]}" if weekly else str(self.cadence)


def checked(schedule: Schedule) -> Schedule:
    """The schedule with its zone as IANA writes it; BadProfile names the field that is wrong."""
    if not 0 <= schedule.hour <= 23:
        raise BadProfile(f"hour must be 0 to 23, not {schedule.hour}")
    if not 0 <= schedule.weekday <= 6:
        raise BadProfile(f"weekday must be 0 (Monday) to 6 (Sunday), not {schedule.weekday}")
    weekday = schedule.weekday if schedule.cadence is Cadence.WEEKLY else 0
    return Schedule(
        zone=zone_name(schedule.zone),
        hour=schedule.hour,
        cadence=schedule.cadence,
        weekday=weekday,
    )


def zone_name(text: str) -> str:
    """The IANA zone that `text` names in any case; BadProfile if there is none."""
    found = _zones().get(text.strip().casefold())
    if found is None:
        raise BadProfile(f"zone {shown(text)} is no IANA time zone such as Europe/Paris")
    return found


@cache
def zones() -> tuple[str, ...]:
    """The zones to offer: those named after a place, and UTC."""
    places = (name for name in _zones().values() if "/" in name and not name.startswith("Etc/"))
    return (*sorted(places), "UTC")


def read_days(text: str) -> tuple[Cadence, int]:
    """The cadence and weekday of "daily", "weekdays", "weekly" (on Monday) or "weekly:fri"."""
    word, _, weekday = text.strip().casefold().partition(":")
    if word not in tuple(Cadence):
        raise BadProfile(f"cadence {shown(text)} is none of {', '.join(Cadence)}")
    if word != Cadence.WEEKLY or not weekday:
        return _plain_days(Cadence(word), text, weekday)
    if weekday[:3] not in WEEKDAYS:
        raise BadProfile(f"cadence {shown(text)} names no weekday such as weekly:fri")
    return Cadence.WEEKLY, WEEKDAYS.index(weekday[:3])


def _plain_days(cadence: Cadence, text: str, weekday: str) -> tuple[Cadence, int]:
    if weekday:
        raise BadProfile(f"cadence {shown(text)}: only weekly takes a weekday")
    return cadence, 0


@cache
def _zones() -> dict[str, str]:
    return {name.casefold(): name for name in available_timezones()}
