"""How rare every term is: document frequencies of the history and the day."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import repeat
from math import log
from typing import Any

from digest.core.ranking import weights
from digest.core.ranking.latent import Latent
from digest.core.ranking.latent import learn as learn_latent
from digest.core.ranking.text import counted, stem, terms, words
from digest.core.ranking.words import COMMON_WORDS

# Beyond this many terms those seen once are forgotten: an unseen term counts as seen once.
LARGEST = 1_500_000
COMMON_SHARE = 0.25
FEWEST_TO_LEARN = 3  # papers that a term must stand in, that its direction be learnt
_COMMON = frozenset(stem(word) for word in COMMON_WORDS)


class _Rarities(dict[int, float]):
    """The rarity of a term by how many texts it stands in, each worked out once."""

    def __init__(self, documents: int) -> None:
        super().__init__()
        self.documents = documents

    def __missing__(self, seen: int) -> float:
        rarity = log(1 + (max(self.documents, seen) - seen + 0.5) / (seen + 0.5))
        return self.setdefault(seen, rarity)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """In how many of `documents` texts each term stands; terms of one text only are left out.
    `latent` is what the history teaches beyond that, None where it is too short; `meanings` keeps
    what lines were found to mean, `sketches` the papers that readers spoke of."""

    documents: int
    frequencies: Mapping[str, int]
    latent: Latent | None = field(default=None, repr=False, compare=False)
    meanings: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    sketches: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    _rarities: _Rarities = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_rarities", _Rarities(self.documents))

    def rarity(self, term: str) -> float:
        """The inverse document frequency (> 0): about 0.4 for a term in two texts of three, and
        log(2 n / 3) for one in a single text of n. Words common in all abstracts count a quarter.
        """
        [rarity] = self.rarities((term,))
        return rarity

    def rarities(self, terms: Sequence[str]) -> list[float]:
        """The rarity of each term."""
        of = self._rarities
        return [
            of[seen] * COMMON_SHARE if term in _COMMON else of[seen]
            for term, seen in zip(terms, map(self.frequencies.get, terms, repeat(1)), strict=True)
        ]

    def tellings(self, terms: Sequence[str]) -> list[float]:
        """How much each term tells of what a paper is like: its rarity, but of two neighbours less,
        for their words count too, and no more for what hardly any paper has."""
        most = weights.RAREST * self.greatest
        return [
            min(rarity, most) * (weights.PAIR if " " in term else 1.0)
            for term, rarity in zip(terms, self.rarities(terms), strict=True)
        ]

    def masses(self, terms: Sequence[str]) -> list[float]:
        """What each term weighs, where a reader typed it, in a paper that is full of it."""
        return [
            mass(rarity) * (weights.TYPED_PAIR if " " in term else 1.0)
            for term, rarity in zip(terms, self.rarities(terms), strict=True)
        ]

    @property
    def greatest(self) -> float:
        """The rarity of a term that no text has."""
        return self.rarity("")


def fit(texts: Iterable[str]) -> Vocabulary:
    """Count the terms of texts (title and abstract of each paper: the history's and the day's)."""
    found: Counter[str] = Counter()
    documents = 0
    for text in texts:
        documents += 1
        found.update(set(terms(words(text))))
        if len(found) > LARGEST:
            found = _repeated(found)
    return Vocabulary(documents, _repeated(found))


def learn(papers: Sequence[tuple[str, str]], filed: Sequence[Sequence[str]] = ()) -> Vocabulary:
    """Count the terms of papers (title, abstract) and learn what makes them alike; `filed` are the
    categories of each, if they are known."""
    rows = [counted(words(title), words(abstract)) for title, abstract in papers]
    found: Counter[str] = Counter()
    for row in rows:
        found.update(row.keys())
    vocabulary = Vocabulary(len(rows), _repeated(found))
    columns = sorted(term for term, count in found.items() if count >= FEWEST_TO_LEARN)
    weighed = vocabulary.tellings(columns), vocabulary.masses(columns)
    latent = learn_latent(rows, columns, *weighed, filed or [()] * len(rows))
    return Vocabulary(len(rows), vocabulary.frequencies, latent)


@lru_cache(maxsize=1 << 14)
def mass(rarity: float) -> float:
    """What a typed term weighs in a paper that is full of it."""
    return float(rarity**weights.RARE)


def _repeated(found: Counter[str]) -> Counter[str]:
    return Counter({term: count for term, count in found.items() if count > 1})
