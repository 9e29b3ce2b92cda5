"""Reader: one person as the ranking needs them; Model: what their profile says, read once."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple, TypeVar

from digest.core.ranking import weights
from digest.core.ranking.names import name
from digest.core.ranking.text import (
    fold,
    known,
    normal,
    parted,
    phrase,
    sequence,
    terms,
    words,
)
from subscribers.profile import USUAL_POPULARITY, InterestProfile

T = TypeVar("T")

LONGEST_LINE = 2_000
LONGEST_PHRASE = 200
MOST_LINES = 200
MOST_WORDS = 300
LONGEST_HEADING = 40
ALL = 100  # per cent


class LikedPaper(NamedTuple):
    """What is known of a paper that a reader liked; its first category is its own, the others are
    cross-lists. (A tuple: it is looked up all the time, and its hash is that of texts that know
    theirs.)"""

    title: str
    abstract: str = ""
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reader:
    """Whom to rank for: the profile, the papers they liked oldest first, the ids of papers that may
    not come again because they were sent, and the papers that were not for them, oldest first.

    `muted` bars whatever was liked; a phrase of the profile's own mutes that many of the liked
    papers contain does not bar, it only makes papers count less. The shares say how much each liked
    or disliked paper still counts (1 when it was said, less as it ages); without them all count 1.
    """

    profile: InterestProfile
    liked: tuple[LikedPaper, ...] = ()
    barred: frozenset[int] = frozenset()
    disliked: tuple[LikedPaper, ...] = ()
    muted: tuple[str, ...] = ()
    liked_shares: tuple[float, ...] = ()
    disliked_shares: tuple[float, ...] = ()


class Taste(NamedTuple):
    """Papers that a reader spoke of, each once, and how much each counts (above 0)."""

    papers: tuple[LikedPaper, ...]
    shares: tuple[float, ...]


class Line(NamedTuple):
    """What a reader typed on one line: the text, cut around its words (see `parted`); each of its
    terms once, in their order, with its first and last word; the words in the form of a phrase,
    and the phrase that they are."""

    text: str
    parts: list[str]
    places: dict[str, tuple[int, int]]
    words: list[str]
    phrase: str

    def written(self, first: int, last: int) -> str:
        """The characters from one word to another."""
        if first == last:
            return self.parts[2 * first + 1]
        return "".join(self.parts[2 * first + 1 : 2 * last + 2])

    @property
    def heading(self) -> str:
        """The line, cut at a word if it is long."""
        text = " ".join(self.text.split())
        if len(text) <= LONGEST_HEADING:
            return text
        cut = text[:LONGEST_HEADING]
        return (cut.rpartition(" ")[0] or cut[:-1]).rstrip(" ,;:-") + "…"


class Model(NamedTuple):
    """A profile read: lines that say the same thing, or nothing, are gone. What was liked is one
    taste or none, and so is what was not. `mute` bars; `doubted` are mutes that the likes speak
    against."""

    interests: Sequence[Line]
    keywords: Sequence[Line]
    liked: Sequence[Taste]
    disliked: Sequence[Taste]
    authors: Sequence[str]
    categories: Sequence[str]
    mute: Sequence[str]
    doubted: Sequence[str]
    limit: int
    popularity: int

    @property
    def votes(self) -> float:
        """How much votes count, 1 for most readers."""
        return 1.0 if self.is_blank else self.popularity / USUAL_POPULARITY

    @property
    def is_blank(self) -> bool:
        """Whether nothing in it can raise a paper: the reader gets the day's top by votes."""
        return not (self.has_text or self.authors or self.categories)

    @property
    def has_text(self) -> bool:
        return bool(self.interests or self.keywords or self.liked)


def read(reader: Reader) -> Model:
    """Read a profile; what is too long or too much is cut, never an error. Who wants only what
    trends asks for nothing else."""
    profile = reader.profile
    if profile.popularity >= ALL:
        profile = InterestProfile(mute=profile.mute, limit=profile.limit)
        reader = replace(reader, profile=profile, liked=(), liked_shares=())
    interests = [line(text) for text in _cut(profile.interests, LONGEST_LINE)]
    keywords = [line(text) for text in _cut(profile.keywords)]
    authors = [one for one in _cut(profile.authors) if name(one).family]
    doubted = _doubted(_cut(profile.mute), reader.liked) if reader.liked else ()
    mute = [*_cut(reader.muted), *_cut(profile.mute)]
    return Model(
        interests=_distinct([one for one in interests if one.places], _terms),
        keywords=_distinct([one for one in keywords if _says_something(one)], _phrase_of),
        liked=_latest(reader.liked, reader.liked_shares),
        disliked=_latest(reader.disliked, reader.disliked_shares),
        authors=_distinct(authors, name),
        categories=_distinct(_cut(profile.categories), fold),
        mute=[text for text in mute if text not in doubted or text in reader.muted],
        doubted=[text for text in doubted if text not in reader.muted],
        limit=min(max(profile.limit, 1), 30),
        popularity=max(profile.popularity, 0),
    )


def _doubted(mute: Sequence[str], liked: Sequence[LikedPaper]) -> Sequence[str]:
    """The muted phrases that a good part of the liked papers contain."""
    latest = liked[-weights.MOST_LIKED :]
    fewest = max(weights.DOUBTS * len(latest), weights.FEWEST_DOUBTS)
    if not mute or len(latest) < fewest:
        return ()
    texts = [_sequence(paper) for paper in latest]
    wanted = {text: f" {phrase(text)} " for text in mute}
    return [text for text, one in wanted.items() if sum(one in own for own in texts) >= fewest]


@lru_cache(maxsize=1 << 12)
def _sequence(paper: LikedPaper) -> str:
    return sequence(words(paper.title), words(paper.abstract))


def _latest(papers: Sequence[LikedPaper], shares: Sequence[float]) -> Sequence[Taste]:
    """The last of the papers that say something (any abstract does); what was said twice counts as
    the latest."""
    if not papers:
        return ()
    papers, shares = papers[-weights.MOST_LIKED :], shares[-weights.MOST_LIKED :]
    said = dict(zip(papers, shares or (1.0,) * len(papers), strict=True))
    for silent in [one for one in said if not (one.abstract or _has_terms(one.title))]:
        del said[silent]
    return (Taste((*said,), (*said.values(),)),) if said else ()


def _cut(typed: Sequence[str], longest: int = LONGEST_PHRASE) -> Sequence[str]:
    """The first of what was typed, each without blanks around it and at most so long."""
    return [text for one in typed[:MOST_LINES] if (text := one[:longest].strip())] if typed else ()


@lru_cache(maxsize=1 << 12)
def line(text: str) -> Line:
    """The terms of a typed line with their places, and its phrase."""
    plain = normal(text, LONGEST_LINE)
    parts = parted(plain)
    found = known(parts[1::2])
    places: dict[str, tuple[int, int]] = {}
    before = ""
    for at, (_, _, one) in enumerate(found[:MOST_WORDS]):
        if one:
            if before:
                places.setdefault(f"{before} {one}", (at - 1, at))
            if len(one) > 1:  # one letter or sign says nothing without its neighbour
                places.setdefault(one, (at, at))
        before = one
    singulars = [word.singular for word in found]
    whole = " ".join(singulars) if len(plain) <= LONGEST_PHRASE else phrase(plain)
    return Line(plain, parts, places, singulars, whole)


@lru_cache(maxsize=1 << 16)
def _has_terms(text: str) -> bool:
    return bool(terms(words(text)))


def _says_something(keyword: Line) -> bool:
    return bool(keyword.places) or any(word.root for word in known(keyword.parts[1::2]))


def _terms(one: Line) -> Hashable:
    return frozenset(one.places)


def _phrase_of(one: Line) -> str:
    return one.phrase


def _distinct(found: Sequence[T], key: Callable[[T], Hashable]) -> Sequence[T]:
    """The first of each that have the same key, in order."""
    if len(found) < 2:
        return found
    first: dict[Hashable, T] = {}
    for one in found:
        first.setdefault(key(one), one)
    return tuple(first.values())
