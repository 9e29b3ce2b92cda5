"""The subscribe form: what was typed into it, what that asks for, and what is wrong with it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from starlette.datastructures import FormData

from subscribers import entry
from subscribers.address import Address
from subscribers.errors import BadAddress, BadProfile
from subscribers.language import DEFAULT
from subscribers.schedule import zone_name

# A name that no person can fill in, since the field is out of sight.
TRAP, STAMP = "website", "stamp"

HOURS = tuple((f"{hour}", f"{hour:02}:00") for hour in range(24))
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
CADENCES = (
    ("daily", "Every day"),
    ("weekdays", "Monday to Friday"),
    *((f"weekly:{day[:3].lower()}", f"Once a week, on {day}") for day in _DAYS),
)
# What the form shows to who has typed nothing.
EMPTY = {
    "email": "",
    "interests": "",
    "keywords": "",
    "categories": "",
    "hour": "8",
    "cadence": "daily",
    "zone": "",
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What a form asks for, checked."""

    address: Address
    fields: Mapping[str, object]


class Wrong(Exception):
    """The form cannot be taken as it is: the field, and what to mend."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def typed(form: FormData) -> dict[str, str]:
    """The texts of the form's own fields, as they were typed."""
    sent = {name: value for name, value in form.items() if isinstance(value, str)}
    return {name: sent.get(name, default) for name, default in EMPTY.items()}


def read(
    typed: Mapping[str, str], now: datetime, *, language: str = DEFAULT, smtputf8: bool = True
) -> Wish:
    """What was typed, checked, with the language of the page's visitor; Wrong names the first
    field that cannot be kept."""
    fields = _fields(typed)
    if language != DEFAULT:
        fields["language"] = language
    try:
        found = entry.read({"email": typed["email"], **fields}, now=now, smtputf8=smtputf8)
    except BadAddress as error:
        raise Wrong("email", _sentence(str(error))) from error
    except BadProfile as error:
        field = str(error).split()[0].rstrip(":")
        raise Wrong(field if field in EMPTY else "email", _sentence(str(error))) from error
    return Wish(found.address, fields)


def _fields(typed: Mapping[str, str]) -> dict[str, object]:
    """The fields that say something; what stands at its default is not said."""
    lists: dict[str, list[str]] = {
        name: _parts(typed[name], split) for name, split in _SPLIT.items()
    }
    said: dict[str, object] = {name: texts for name, texts in lists.items() if texts}
    said |= {name: typed[name] for name in ("hour", "cadence") if typed[name] != EMPTY[name]}
    if zone := _zone(typed["zone"]):
        said["zone"] = zone
    return said


_SPLIT: dict[str, Callable[[str], list[str]]] = {
    "interests": str.splitlines,
    "keywords": lambda text: text.replace("\n", ",").split(","),
    "categories": lambda text: text.replace(",", " ").replace(";", " ").split(),
}


def _parts(text: str, split: Callable[[str], list[str]]) -> list[str]:
    return [part.strip() for part in split(text) if part.strip()]


def _zone(text: str) -> str:
    """The browser's zone; one that we do not know was not typed by anybody, so it is no error."""
    try:
        return zone_name(text) if text else ""
    except BadProfile:
        return ""


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."
