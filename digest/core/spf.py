"""An SPF record: what stands in it, which other names it sends a receiver to.

Source: RFC 7208, 4.5 (which record), 4.6.1 and 12 (grammar), 4.6.4 (ten lookups), 6.1 (redirect).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

MOST_LOOKUPS = 10
_ASKING = ("include", "a", "mx", "ptr", "exists")
_NEEDS_NAME = ("include", "exists", "ip4", "ip6")
_KNOWN = ("all", "include", "a", "mx", "ptr", "ip4", "ip6", "exists")
_TERM = re.compile(r"([+?~-]?)([a-z][a-z0-9_.-]*)(?:([:=/])(.*))?", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class Spf:
    """A record that was understood. `lookups` are the terms that cost a question, those of
    other records aside; `includes` and `redirect` name these (one with a macro cannot be
    followed, and is left out); `ending` is what holds for all other senders: "-", "~", "?", "+",
    or "" where it does not say."""

    lookups: int
    includes: tuple[str, ...]
    redirect: str
    ending: str


def records(texts: Iterable[str]) -> list[str]:
    """Those TXT records that are SPF's."""
    return [text for text in texts if text.lower() == "v=spf1" or text.lower()[:7] == "v=spf1 "]


def parse(record: str) -> Spf:
    """What a record says; ValueError names the term that receivers do not understand."""
    terms = [_term(term) for term in record.split()[1:]]
    mechanisms = [(sign, name, value) for sign, name, mark, value in terms if mark != "="]
    ending = next((sign or "+" for sign, name, _ in mechanisms if name == "all"), "")
    on = [value for _, name, mark, value in terms if (name, mark) == ("redirect", "=")]
    if ending:  # then a redirect is never asked
        on = []
    included = [value for _, name, value in mechanisms if name == "include"]
    lookups = sum(name in _ASKING for _, name, _ in mechanisms) + len(on)
    return Spf(lookups, _names(included), next(iter(_names(on)), ""), ending)


def _names(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(value.rstrip(".").lower() for value in values if "%" not in value)


def _term(term: str) -> tuple[str, str, str, str]:
    """Sign, name, the mark behind it ("=" makes it a modifier), and the value."""
    found = _TERM.fullmatch(term)
    if found is None:
        raise ValueError(term)
    sign, name, mark, value = found[1], found[2].lower(), found[3] or "", found[4] or ""
    is_known = name in _KNOWN and (value or name not in _NEEDS_NAME)
    is_modifier = mark == "=" and not sign and (value or name != "redirect")
    if not (is_modifier if mark == "=" else is_known):
        raise ValueError(term)
    return sign, name, mark, value
