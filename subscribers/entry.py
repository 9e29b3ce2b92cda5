"""Entry: one reader as a file names them, checked; the one way in for CSV rows and seed files."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

from subscribers import address as addresses
from subscribers import profile as profiles
from subscribers import schedule as schedules
from subscribers.address import Address
from subscribers.consent import Reason, Status
from subscribers.errors import BadAddress, BadProfile, shown
from subscribers.language import DEFAULT as DEFAULT_LANGUAGE
from subscribers.language import checked as checked_language
from subscribers.manner import Manner
from subscribers.profile import CAPS, MOST_PAPERS, NUMBERS, InterestProfile, tidy
from subscribers.schedule import Schedule

# The header of `digest subscribers import`, and what an export adds so that nothing is lost.
COLUMNS = (
    "email",
    "interests",
    "keywords",
    "mute",
    "categories",
    "authors",
    "zone",
    "hour",
    "cadence",
    "confirmed_at",
    "consent_source",
)
EXTRA_COLUMNS = (
    "liked",
    "limit",
    "popularity",
    "status",
    "paused_until",
    "language",
    "plain_only",
    "quiet_line",
    "suppressed",
)
LISTS = tuple(CAPS)
_DEFAULT = Schedule()
_ANSWERS = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
_SOURCE_LENGTH = 200
_SPANS = {"limit": (1, MOST_PAPERS), "popularity": (0, 100), "hour": (0, 23)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One reader of a file. `given` names the fields it spoke of; the others hold defaults.

    `status` is active (or paused) only where the entry proves consent by when and where.
    `suppressed` says why the address must never be written to, None if it may be.
    """

    address: Address
    profile: InterestProfile
    schedule: Schedule
    manner: Manner
    given: frozenset[str]
    status: Status
    confirmed_at: datetime | None
    consent_source: str | None
    paused_until: date | None
    suppressed: Reason | None = None


def read(fields: Mapping[str, Any], *, now: datetime, smtputf8: bool = True) -> Entry:
    """The reader that the fields describe: lists of texts, and texts, numbers or dates.

    An empty text says nothing, an empty list empties. `smtputf8` says whether the relay takes
    addresses that need it. BadAddress or BadProfile names the
    first field that cannot be kept.
    """
    said = {name: value for name, value in fields.items() if value not in ("", None)}
    confirmed_at = _confirmed_at(said.get("confirmed_at"), now)
    source = _source(said.get("consent_source"))
    proven = confirmed_at is not None and source is not None
    return Entry(
        address=addresses.reachable(_address(said.get("email")), smtputf8=smtputf8),
        profile=_profile(said),
        schedule=_schedule(said),
        manner=_manner(said),
        given=frozenset(said),
        status=_status(said.get("status"), proven=proven),
        confirmed_at=confirmed_at if proven else None,
        consent_source=source if proven else None,
        paused_until=_day("paused_until", said.get("paused_until")),
        suppressed=_suppressed(said.get("suppressed")),
    )


def _address(value: Any) -> Address:
    if value is None:
        raise BadAddress("the e-mail address is missing")
    return addresses.parse(_text("email", value))


def _profile(said: Mapping[str, Any]) -> InterestProfile:
    lists: dict[str, Any] = {name: _texts(name, said[name]) for name in LISTS if name in said}
    numbers: dict[str, Any] = {n: _number(n, said[n]) for n in NUMBERS if n in said}
    return profiles.checked(InterestProfile(**lists, **numbers))


def _schedule(said: Mapping[str, Any]) -> Schedule:
    zone = _text("zone", said.get("zone", _DEFAULT.zone))
    days = _text("cadence", said.get("cadence", _DEFAULT.days))
    return _checked_schedule(zone, _number("hour", said.get("hour", _DEFAULT.hour)), days)


# A hundred thousand readers share some hundred schedules.
@lru_cache(maxsize=1024)
def _checked_schedule(zone: str, hour: int, days: str) -> Schedule:
    cadence, weekday = schedules.read_days(days)
    return schedules.checked(Schedule(zone=zone, hour=hour, cadence=cadence, weekday=weekday))


def _manner(said: Mapping[str, Any]) -> Manner:
    return Manner(
        language=checked_language(_text("language", said.get("language", DEFAULT_LANGUAGE))),
        plain_only=_is_yes("plain_only", said.get("plain_only", False)),
        quiet_line=_is_yes("quiet_line", said.get("quiet_line", False)),
    )


def _is_yes(name: str, value: Any) -> bool:
    word = str(value).strip().casefold()
    if word not in _ANSWERS:
        raise BadProfile(f"{name} {shown(word)} is neither yes nor no")
    return _ANSWERS[word]


def _suppressed(value: Any) -> Reason | None:
    if value is None:
        return None
    word = _text("suppressed", value).strip().casefold()
    if word not in tuple(Reason):
        raise BadProfile(f"suppressed {shown(word)} is none of {', '.join(Reason)}")
    return Reason(word)


def _status(value: Any, *, proven: bool) -> Status:
    if value is None:
        return Status.ACTIVE if proven else Status.PENDING
    word = _text("status", value).strip().casefold()
    if word not in tuple(Status):
        raise BadProfile(f"status {shown(word)} is none of {', '.join(Status)}")
    status = Status(word)
    return status if proven or status is Status.UNSUBSCRIBED else Status.PENDING


def _confirmed_at(value: Any, now: datetime) -> datetime | None:
    """A moment without a zone is taken as UTC, a day as its beginning."""
    if value is None:
        return None
    moment = _moment("confirmed_at", value)
    if moment > now:
        raise BadProfile(f"confirmed_at {shown(str(value))} lies in the future")
    return moment


def _moment(name: str, value: Any) -> datetime:
    if isinstance(value, date) and not isinstance(value, datetime):
        value = value.isoformat()
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(value.strip())
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (AttributeError, ValueError, OverflowError) as error:
        raise BadProfile(
            f"{name} {shown(str(value))} is no date such as 2026-03-02T06:30:00Z"
        ) from error


def _day(name: str, value: Any) -> date | None:
    return _moment(name, value).date() if value is not None else None


def _source(value: Any) -> str | None:
    text = tidy(_text("consent_source", value)) if value is not None else ""
    if len(text) > _SOURCE_LENGTH:
        raise BadProfile(f"consent_source has {len(text)} characters, {_SOURCE_LENGTH} may be")
    _check_unicode("consent_source", text)
    return text or None


def _number(name: str, value: Any) -> int:
    text = str(value).strip()
    if isinstance(value, bool) or not (text.isascii() and text.isdigit() and len(text) < 5):
        least, most = _SPANS[name]
        raise BadProfile(f"{name} {shown(text)} is no whole number from {least} to {most}")
    return int(text)


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise BadProfile(f"{name} must be a text")
    return value


def _texts(name: str, value: Any) -> tuple[str, ...]:
    if isinstance(value, tuple):  # a cell of a CSV: texts by birth
        return value
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise BadProfile(f"{name} must be a list of texts")
    return tuple(value)


def _check_unicode(name: str, text: str) -> None:
    if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
        raise BadProfile(f"{name} holds bytes that are not UTF-8: save the file as UTF-8")
