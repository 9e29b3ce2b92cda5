"""Whether two ways of writing a name may mean the same person."""

import re
from functools import lru_cache
from typing import NamedTuple

from digest.core.ranking.text import fold, normal

# Unlike `words`: a Chinese name is one part.
_PART = re.compile(r"[^\W_]+")


class Name(NamedTuple):
    """A person's family name and the names or initials before it, folded."""

    family: str
    given: tuple[str, ...]


@lru_cache(maxsize=1 << 14)
def name(text: str) -> Name:
    """The name in "John Smith", "J. Smith" or "Smith, John"; the family is "" if there is none."""
    before, comma, after = normal(text, 200).partition(",")
    parts = _PART.findall(fold(f"{after} {before}" if comma else before))
    return Name(parts[-1], tuple(parts[:-1])) if parts else Name("", ())


def agree(one: Name, other: Name) -> bool:
    """Whether the family is the same and no given name contradicts: an initial stands for any
    name that begins with it. A family name alone is only itself: "Smith" is not every Smith."""
    if one.family != other.family or bool(one.given) != bool(other.given):
        return False
    return all(_fits(a, b) for a, b in zip(one.given, other.given, strict=False))


def agree_in_full(one: Name, other: Name) -> bool:
    """Whether names that agree have their first given name in common, not only its initial."""
    return one.given[:1] == other.given[:1] and all(len(given) > 1 for given in one.given[:1])


def _fits(one: str, other: str) -> bool:
    return one == other or (min(len(one), len(other)) == 1 and one[0] == other[0])
