"""What a reader typed into the settings, field by field: an error loses nothing that was typed."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from starlette.datastructures import FormData

from digest.web.fields import typed
from subscribers import language as languages
from subscribers import profile as profiles
from subscribers import schedule as schedules
from subscribers.errors import BadProfile
from subscribers.manner import Manner
from subscribers.person import Subscriber
from subscribers.profile import InterestProfile
from subscribers.schedule import Schedule

# These hold names and sentences, in which a comma parts nothing.
BY_LINE = ("interests", "authors")
LISTS = (*BY_LINE, "keywords", "mute", "categories")
FIELDS = (
    *LISTS, "limit", "popularity", "hour", "zone", "cadence", "weekday", "plain_only",
    "quiet_line", "language",
)  # fmt: skip
# What the settings offer of the 0 to 100 that a profile can hold.
STEPS = {
    0: "Only my interests",
    25: "Mostly my interests",
    50: "Half and half",
    75: "Mostly what trends",
    100: "Only what trends",
}


@dataclass(frozen=True, slots=True)
class Wishes:
    """The form as it was typed, what of it can be kept, and what is wrong, by field."""

    typed: dict[str, str]
    profile: InterestProfile
    schedule: Schedule
    manner: Manner
    wrong: dict[str, str]


def of(reader: Subscriber) -> dict[str, str]:
    """The fields as they show what is kept."""
    lists = {
        name: ("\n" if name in BY_LINE else ", ").join(getattr(reader.profile, name))
        for name in LISTS
    }
    return lists | {
        "limit": str(reader.profile.limit),
        "popularity": str(reader.profile.popularity),
        "hour": str(reader.schedule.hour),
        "zone": reader.schedule.zone,
        "cadence": reader.schedule.cadence,
        "weekday": schedules.WEEKDAYS[reader.schedule.weekday],
        "plain_only": "yes" if reader.plain_only else "",
        "quiet_line": "yes" if reader.quiet_line else "",
        "language": reader.language,
    }


def words(popularity: int) -> str:
    """How much what trends counts, as the settings say it."""
    return STEPS.get(popularity, f"{popularity} % what trends")


def steps(*kept: int) -> list[tuple[str, str]]:
    """The steps of popularity by value and words, least first; with those kept between them."""
    return [(str(one), words(one)) for one in sorted({*STEPS, *kept})]


def read(sent: FormData, reader: Subscriber) -> Wishes:
    """Read the form; a field that cannot be kept leaves what the reader had."""
    fields = {name: typed(sent, name) for name in FIELDS}
    wrong: dict[str, str] = {}
    profile, schedule = reader.profile, reader.schedule
    for name, change in _profile_changes(fields):
        try:
            profile = profiles.checked(replace(profile, **{name: change()}))
        except (BadProfile, ValueError) as error:
            wrong[name] = _told(name, error)
    for name, change in _schedule_changes(fields):
        try:
            schedule = schedules.checked(replace(schedule, **change()))
        except (BadProfile, ValueError) as error:
            wrong[name] = _told(name, error)
    try:
        language = languages.checked(fields["language"] or reader.language)
    except BadProfile as error:
        language, wrong["language"] = reader.language, _told("language", error)
    # A list cannot show what is not on it: the choice that holds is shown instead.
    fields["popularity"] = str(profile.popularity)
    boxes = {name: fields[name] == "yes" for name in ("plain_only", "quiet_line")}
    return Wishes(fields, profile, schedule, Manner(language=language, **boxes), wrong)


def _profile_changes(fields: dict[str, str]) -> Iterable[tuple[str, Any]]:
    for name in LISTS:
        yield name, lambda name=name: _list(name, fields[name])
    yield "limit", lambda: int(fields["limit"])
    if fields["popularity"]:
        yield "popularity", lambda: int(fields["popularity"])


def _schedule_changes(fields: dict[str, str]) -> Iterable[tuple[str, Any]]:
    yield "hour", lambda: {"hour": int(fields["hour"])}
    yield "zone", lambda: {"zone": fields["zone"]}
    yield "cadence", lambda: _days(fields["cadence"], fields["weekday"])


def _days(cadence: str, weekday: str) -> dict[str, Any]:
    word, day = schedules.read_days(f"weekly:{weekday}" if cadence == "weekly" else cadence)
    return {"cadence": word, "weekday": day}


def _list(name: str, text: str) -> tuple[str, ...]:
    return tuple(re.split(r"[\r\n]+" if name in BY_LINE else r"[\r\n,;]+", text))


def _told(name: str, error: Exception) -> str:
    if not isinstance(error, BadProfile):
        return "This must be a whole number."
    text = str(error).removeprefix(f"{name}: ").removeprefix(f"{name} ")
    return f"{text[:1].upper()}{text[1:]}."
