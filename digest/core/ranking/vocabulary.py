"""How rare every term is: document frequencies of the history and the day."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from math import log

from digest.core.ranking.text import stem, terms, words
from digest.core.ranking.words import COMMON_WORDS

# Beyond this many terms those seen once are forgotten: an unseen term counts as seen once.
LARGEST = 1_500_000
COMMON_SHARE = 0.25
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
    """In how many of `documents` texts each term stands; terms of one text only are left out."""

    documents: int
    frequencies: Mapping[str, int]
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


def _repeated(found: Counter[str]) -> Counter[str]:
    return Counter({term: count for term, count in found.items() if count > 1})
