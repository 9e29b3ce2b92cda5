"""Manner: how one person wants mail to look and to speak. Pure values."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from subscribers.language import DEFAULT


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """`language` is the code of the one that the mail's own words are in; `plain_only` is text
    without HTML; `quiet_line` asks for one line on days without papers."""

    language: str = DEFAULT
    plain_only: bool = False
    quiet_line: bool = False


FIELDS = ("language", "plain_only", "quiet_line")


def overlay(base: Manner, new: Manner, *, fields: Collection[str]) -> Manner:
    """`base` with the named fields taken from `new`."""
    return replace(base, **{name: getattr(new, name) for name in FIELDS if name in fields})
