"""How rare every term is: document frequencies of the history and the day."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import log

from digest.core.ranking.text import stem, terms, words
from digest.core.ranking.words import COMMON_WORDS

# Beyond this many terms those seen once are forgotten: an unseen term counts as seen once.
LARGEST = 1_500_000
COMMON_SHARE = 0.25
_COMMON = frozenset(stem(word) for word in COMMON_WORDS)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """In how many of `documents` texts each term stands; terms of one text only are left out."""

    documents: int
    frequencies: Mapping[str, int]

    def rarity(self, term: str) -> float:
        """The inverse document frequency (> 0): about 0.4 for a term in two texts of three, and
        log(2 n / 3) for one in a single text of n. Words common in all abstracts count a quarter.
        """
        seen = self.frequencies.get(term, 1)
        rarity = log(1 + (max(self.documents, seen) - seen + 0.5) / (seen + 0.5))
        return rarity * COMMON_SHARE if term in _COMMON else rarity

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
