"""A reader as a TOML file, as in seeds/profiles: the same fields as an import's columns."""

import tomllib
from datetime import datetime

from subscribers import entry
from subscribers.entry import COLUMNS, EXTRA_COLUMNS, Entry
from subscribers.errors import BadImport, SubscriberError

_FIELDS = {*COLUMNS, *EXTRA_COLUMNS}


def read(text: str, *, name: str, now: datetime) -> Entry:
    """The reader that a TOML text describes; BadImport names the file and what is wrong in it."""
    try:
        fields = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadImport(f"{name} is no TOML file: {error}") from error
    if unknown := fields.keys() - _FIELDS:
        raise BadImport(f"{name} has an unknown field {min(unknown)!r}")
    try:
        return entry.read(fields, now=now)
    except SubscriberError as error:
        raise BadImport(f"{name}: {error}") from error
