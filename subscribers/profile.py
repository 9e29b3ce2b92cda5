"""InterestProfile: what one person asked for; its caps, and its form as plain data. Pure values."""

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from subscribers.errors import BadProfile, shown

DATA_VERSION = 1
MOST_PAPERS = 30
NUMBERS = ("limit", "popularity")
USUAL_POPULARITY = 25  # what trends orders papers of like relevance, and has a few places

# How many texts each list may hold, and how many characters one of them. Generous for a
# person, small enough that ten million profiles and their ranking stay affordable.
CAPS = {
    "interests": (20, 500),
    "keywords": (100, 100),
    "mute": (100, 100),
    "categories": (50, 64),
    "authors": (100, 100),
    "liked": (500, 200),
}

# Invisible characters that turn or hide the text around them; the joiners stay (Persian, emoji).
_TURNING = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True, slots=True, kw_only=True)
class InterestProfile:
    """What one person asked for; empty everywhere means "the day's best by votes".

    `interests` are free text, one separate interest each; `keywords` are words or phrases that
    should occur; `mute` are words or phrases that must not; `categories` are as the sources
    write them ("cs.CL", "genomics"); `authors` are names; `liked` are paper identities
    ("arxiv:2603.00001") or titles. `limit` is the most papers a digest may hold (1 to 30).
    `popularity` says how much what trends counts beside the rest, from 0, only what fits the
    profile, to 100, only the day's best by votes.
    """

    interests: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    mute: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    liked: tuple[str, ...] = ()
    limit: int = 10
    popularity: int = USUAL_POPULARITY

    @property
    def is_empty(self) -> bool:
        """Whether nothing in it could raise one paper above another."""
        return not (
            self.interests or self.keywords or self.categories or self.authors or self.liked
        )


def checked(profile: InterestProfile) -> InterestProfile:
    """The profile with tidy texts (one line, NFC, no repeats, none empty) and within its caps.

    Checking twice changes nothing. BadProfile names the first field that cannot be kept.
    """
    if not 1 <= profile.limit <= MOST_PAPERS:
        raise BadProfile(f"limit must be 1 to {MOST_PAPERS}, not {profile.limit}")
    if not 0 <= profile.popularity <= 100:
        raise BadProfile(f"popularity must be 0 to 100, not {profile.popularity}")
    lists: dict[str, Any] = {
        name: _checked_list(name, texts) for name in CAPS if (texts := getattr(profile, name))
    }
    return replace(profile, **lists)


def overlay(
    base: InterestProfile, new: InterestProfile, *, fields: Collection[str]
) -> InterestProfile:
    """`base` with the named fields taken from `new`."""
    return replace(
        base, **{name: getattr(new, name) for name in (*CAPS, *NUMBERS) if name in fields}
    )


def to_data(profile: InterestProfile) -> dict[str, Any]:
    """The profile as plain JSON data; empty lists and a usual popularity are left out."""
    lists = {name: list(texts) for name in CAPS if (texts := getattr(profile, name))}
    data = {"v": DATA_VERSION, **lists, "limit": profile.limit}
    usual = profile.popularity == USUAL_POPULARITY
    return data if usual else data | {"popularity": profile.popularity}


def from_data(data: Mapping[str, Any]) -> InterestProfile:
    """The profile that `to_data` wrote; BadProfile if this program cannot read it.

    Caps are not asked again: a profile stored under wider caps stays readable.
    """
    if data.get("v") != DATA_VERSION:
        raise BadProfile(f"profile data has version {data.get('v')}, not {DATA_VERSION}")
    if unknown := data.keys() - {"v", *NUMBERS, *CAPS}:
        raise BadProfile(f"profile data has an unknown field: {min(unknown)}")
    lists = {name: tuple(data.get(name, ())) for name in CAPS}
    popularity = data.get("popularity", USUAL_POPULARITY)
    return InterestProfile(**lists, limit=data.get("limit", 10), popularity=popularity)


def tidy(text: str) -> str:
    """`text` as one line: NFC, single spaces, no control, no text-turning characters."""
    if not (text.isascii() and text.isprintable()):
        text = _TURNING.sub("", _CONTROL.sub(" ", text))
        text = unicodedata.normalize("NFC", text)
    return " ".join(text.split())


# Readers of one file share many lists; whoever differs costs one look-up more.
@lru_cache(maxsize=512)
def _checked_list(name: str, texts: tuple[str, ...]) -> tuple[str, ...]:
    most, longest = CAPS[name]
    kept: dict[str, str] = {}
    for text in texts:
        kept.setdefault((line := tidy(text)).casefold(), line)
    kept.pop("", None)
    if len(kept) > most:
        raise BadProfile(f"{name} may hold {most} texts, not {len(kept)}")
    for line in kept.values():
        if len(line) > longest or not line.isascii():
            _check_text(name, line, longest)
    return tuple(kept.values())


def _check_text(name: str, line: str, longest: int) -> None:
    if len(line) > longest:
        raise BadProfile(f"{name}: {shown(line)} has {len(line)} characters, {longest} may be")
    if _SURROGATE.search(line):
        raise BadProfile(f"{name} holds bytes that are not UTF-8: save the file as UTF-8")
