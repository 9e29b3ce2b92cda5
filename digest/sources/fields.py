"""Values out of a stranger's record: each is what it claims to be, or unknown."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from digest.core.identity import identities
from digest.core.paper import Listing, Paper, Problem
from digest.core.text import readable

Record = Mapping[str, object]

LONGEST_TITLE, LONGEST_TEXT, LONGEST_NAME, LONGEST_URL = 1_000, 20_000, 200, 2_000
MOST_AUTHORS, MOST_WORDS = 5_000, 100
_LARGEST = 2**31 - 1  # what an integer column holds
_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?!\d)")


class RecordError(ValueError):
    """One record cannot be read; its text is the reason a Problem gives."""


def listing(
    records: Iterable[object], read: Callable[[Record], Paper | None], word: str = "record"
) -> Listing:
    """The papers that `read` makes of the records; what it refuses with RecordError, or what is no
    record at all, becomes a problem at "record N", from 1. None from `read` leaves a record out."""
    papers, problems = [], []
    for number, record in enumerate(records, start=1):
        try:
            paper = read(_mapping(record))
        except RecordError as error:
            problems.append(Problem(f"{word} {number}", str(error)))
        else:
            papers += [paper] if paper else []
    return Listing(tuple(papers), tuple(problems))


def _mapping(value: object) -> Record:
    if isinstance(value, Mapping):
        return value
    kinds = {str: "a text", bool: "true or false", list: "a list", type(None): "null"}
    kind = kinds.get(type(value), "a number")
    raise RecordError(f"is {kind}, not an object with the fields of a paper: {excerpt(value)}")


def excerpt(value: object, limit: int = 60) -> str:
    """The beginning of a value on one line, for a message; never a control character."""
    shown = value if isinstance(value, str) else repr(value)[: limit * 4]
    shown = " ".join("".join(c if c.isprintable() else " " for c in shown[: limit * 4]).split())
    return f"{shown[:limit]}…" if len(shown) > limit else shown or '""'


def known_by(title: str, *hints: str) -> tuple[str, ...]:
    """The identities of a paper; RecordError if it has no title, or nothing to know it by."""
    if not title:
        raise RecordError("has no title")
    names = identities(title, *hints)
    if not names:
        raise RecordError(f"has neither an id nor a letter or digit in its title: {excerpt(title)}")
    return names


def text(value: object, limit: int = LONGEST_TEXT) -> str:
    """A text on one readable line, cut at `limit` characters; "" for any other value."""
    if not isinstance(value, str):
        return ""
    # Cut first with room for markup: readable() need not work on megabytes.
    shown = readable(value[: limit * 2])
    return shown if len(shown) <= limit else shown[: limit - 1].rstrip() + "…"


def title(value: object) -> str:
    return text(value, LONGEST_TITLE)


def texts(value: object, limit: int = MOST_WORDS) -> tuple[str, ...]:
    """The texts of a list, without empty ones and repeats; () for any other value."""
    if not isinstance(value, list | tuple):
        return ()
    found = (text(item, LONGEST_NAME) for item in value[:limit])
    return tuple(dict.fromkeys(item for item in found if item))


def names(value: object) -> tuple[str, ...]:
    return texts(value, MOST_AUTHORS)


def count(value: object) -> int | None:
    """A whole number from 0 up, also as digits in a string; None for anything else."""
    if isinstance(value, str) and re.fullmatch(r"\d{1,10}", value.strip(), re.ASCII):
        value = int(value)
    if isinstance(value, float) and value.is_integer() and abs(value) <= _LARGEST:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value <= _LARGEST else None


def day(value: object) -> date | None:
    """The date a text begins with in its own zone: ISO ("2026-6-30T…" too) or that of RFC 822."""
    if not isinstance(value, str):
        return None
    if match := _DAY.match(value.strip()):
        return _date(*map(int, match.groups()))
    try:
        return parsedate_to_datetime(value[:100]).date()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day) if year >= 1900 else None
    except ValueError:
        return None


def web_url(value: object) -> str:
    """An http(s) URL that is safe to put in a link; "" for anything else."""
    if not isinstance(value, str) or len(value) > LONGEST_URL:
        return ""
    url = value.strip()
    if not url.isprintable() or re.search(r"[\s\"<>\\^`{|}]", url):
        return ""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return url if parts.scheme.lower() in ("http", "https") and parts.hostname else ""
