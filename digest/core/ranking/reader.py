"""Reader: one person as the ranking needs them; Model: what their profile says, read once."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple, TypeVar

from digest.core.ranking import weights
from digest.core.ranking.names import name
from digest.core.ranking.text import (
    counted,
    fold,
    normal,
    phrase,
    stands_alone,
    stem,
    words,
    written_words,
)
from digest.core.ranking.words import STOP_WORDS
from subscribers.profile import InterestProfile

T = TypeVar("T")

LONGEST_LINE = 2_000
LONGEST_PHRASE = 200
MOST_LINES = 200
MOST_WORDS = 300
LONGEST_HEADING = 40


@dataclass(frozen=True, slots=True)
class LikedPaper:
    """The text of a paper that a reader liked."""

    title: str
    abstract: str = ""


@dataclass(frozen=True, slots=True)
class Reader:
    """Whom to rank for: the profile, the texts of `profile.liked` oldest first, the ids of papers
    that may not come again because they were sent, and the papers that were not for them, oldest
    first."""

    profile: InterestProfile
    liked: tuple[LikedPaper, ...] = ()
    barred: frozenset[int] = frozenset()
    disliked: tuple[LikedPaper, ...] = ()


class Place(NamedTuple):
    """A term of a line and the characters it stands at."""

    term: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Line:
    """What a reader typed on one line: the text, each of its terms once, and it as a phrase."""

    text: str
    terms: tuple[Place, ...]
    phrase: str

    @property
    def heading(self) -> str:
        """The line, cut at a word if it is long."""
        text = " ".join(self.text.split())
        if len(text) <= LONGEST_HEADING:
            return text
        cut = text[:LONGEST_HEADING]
        return (cut.rpartition(" ")[0] or cut[:-1]).rstrip(" ,;:-") + "…"


@dataclass(frozen=True, slots=True)
class Model:
    """A profile read: lines that say the same thing, or nothing, are gone."""

    interests: tuple[Line, ...]
    keywords: tuple[Line, ...]
    liked: tuple[LikedPaper, ...]
    disliked: tuple[LikedPaper, ...]
    authors: tuple[str, ...]
    categories: tuple[str, ...]
    mute: tuple[str, ...]
    limit: int

    @property
    def is_blank(self) -> bool:
        """Whether nothing in it can raise a paper: the reader gets the day's top by votes."""
        return not (self.has_text or self.authors or self.categories)

    @property
    def has_text(self) -> bool:
        return bool(self.interests or self.keywords or self.liked)


def read(reader: Reader) -> Model:
    """Read a profile; what is too long or too much is cut, never an error."""
    profile = reader.profile
    interests = [line(text) for text in _cut(profile.interests, LONGEST_LINE)]
    keywords = [line(text) for text in _cut(profile.keywords)]
    authors = (one for one in _cut(profile.authors) if name(one).family)
    return Model(
        interests=_distinct((one for one in interests if one.terms), _terms),
        keywords=_distinct((one for one in keywords if _says_something(one)), _phrase_of),
        liked=_latest(reader.liked),
        disliked=_latest(reader.disliked),
        authors=_distinct(authors, name),
        categories=_distinct(_cut(profile.categories), fold),
        mute=tuple(_cut(profile.mute)),
        limit=min(max(profile.limit, 1), 30),
    )


def _latest(papers: Sequence[LikedPaper]) -> tuple[LikedPaper, ...]:
    """The last of the papers that say something, each once."""
    said = (paper for paper in papers[-weights.MOST_LIKED :] if terms_of(paper))
    return tuple(dict.fromkeys(said))


def _cut(typed: Sequence[str], longest: int = LONGEST_PHRASE) -> list[str]:
    """The first of what was typed, each without blanks around it and at most so long."""
    return [text for one in typed[:MOST_LINES] if (text := one[:longest].strip())]


@lru_cache(maxsize=1 << 13)
def line(text: str) -> Line:
    """The terms of a typed line with their places, and its phrase."""
    plain = normal(text, LONGEST_LINE)
    found = written_words(plain)[:MOST_WORDS]
    stems = ["" if word.folded in STOP_WORDS else stem(word.folded) for word in found]
    single = [
        Place(one, word.start, word.end)
        for one, word in zip(stems, found, strict=True)
        if stands_alone(one)
    ]
    double = [
        Place(f"{one} {two}", left.start, right.end)
        for (one, two), (left, right) in zip(pairwise(stems), pairwise(found), strict=True)
        if one and two
    ]
    first = {place.term: place for place in reversed(single + double)}
    return Line(plain, tuple(sorted(first.values(), key=lambda place: place[1:])), phrase(plain))


@lru_cache(maxsize=1 << 12)
def terms_of(paper: LikedPaper) -> Counter[str]:
    """How often each term stands in a liked paper; readers like the same papers, so it is kept."""
    return counted(words(paper.title), words(paper.abstract))


def _says_something(keyword: Line) -> bool:
    return any(word not in STOP_WORDS for word in words(keyword.text, LONGEST_LINE))


def _terms(one: Line) -> Hashable:
    return frozenset(place.term for place in one.terms)


def _phrase_of(one: Line) -> str:
    return one.phrase


def _distinct(found: Iterable[T], key: Callable[[T], Hashable]) -> tuple[T, ...]:
    """The first of each that have the same key, in order."""
    first: dict[Hashable, T] = {}
    for one in found:
        first.setdefault(key(one), one)
    return tuple(first.values())
