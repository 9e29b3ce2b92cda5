"""Authors' names out of the one string that feeds put them in."""

import re

from digest.core.text import readable
from digest.sources.fields import LONGEST_NAME, LONGEST_TEXT, MOST_AUTHORS

# Commas inside brackets belong to an affiliation, "Smith (Oxford, UK)", or to TeX.
_COMMA = re.compile(r",(?![^(]*\))(?![^{]*\})")
_AFFILIATION = re.compile(r"\s*\((?:[^()]|\([^()]*\))*\)")
_SUFFIX = re.compile(r"(?:Jr|Sr)\.?|I{2,3}|IV", re.IGNORECASE)
_INITIALS = re.compile(r"(?:\w\.?[ -]?){1,5}\.?")
_AND = re.compile(r",?\s+(?:and|&)\s+")


def names_in(joined: str) -> tuple[str, ...]:
    """The names of "A. One, B. Two and C. Three (Oxford, UK), Jr." or "One, A., Two, B.".

    Affiliations in brackets are left out; "One, A." becomes "A. One".
    """
    bare = _AFFILIATION.sub("", joined[: LONGEST_TEXT * 4])
    parts = [part.strip() for part in _COMMA.split(_AND.sub(", ", bare)) if part.strip()]
    if _are_inverted(parts):
        return _clean(
            [f"{given} {family}" for family, given in zip(*[iter(parts)] * 2, strict=True)]
        )
    whole: list[str] = []
    for part in parts:
        if whole and _SUFFIX.fullmatch(part):
            whole[-1] += f" {part}"
        else:
            whole.append(part)
    return _clean(whole)


def inverted(name: str) -> str:
    """The name "Loconsole, M." as every other source writes it: "M. Loconsole"."""
    family, _, given = name.partition(",")
    return f"{given.strip()} {family.strip()}".strip()


def inverted_names_in(joined: str, separator: str = ";") -> tuple[str, ...]:
    """The names of "One, A.; Two, B." in their own order, each turned round."""
    return _clean([inverted(name) for name in joined[: LONGEST_TEXT * 4].split(separator)])


def _are_inverted(parts: list[str]) -> bool:
    return len(parts) > 1 and len(parts) % 2 == 0 and all(map(_INITIALS.fullmatch, parts[1::2]))


def _clean(names: list[str]) -> tuple[str, ...]:
    shown = (readable(name[:LONGEST_NAME]) for name in names[:MOST_AUTHORS])
    return tuple(dict.fromkeys(name for name in shown if name and "@" not in name))
