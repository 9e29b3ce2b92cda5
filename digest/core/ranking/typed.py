"""Typed: the lines that the readers of a shard typed, against a pool, all at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, pairwise, repeat
from typing import TypeAlias

import numpy as np

from digest.core.ranking import weights
from digest.core.ranking.causes import ranges
from digest.core.ranking.meant import meant
from digest.core.ranking.pool import Floats, Places, Pool
from digest.core.ranking.reader import Line
from digest.core.ranking.sparse import Matrix, csr, product
from digest.core.ranking.vocabulary import mass
from digest.core.ranking.words import COMMON_WORDS

Found: TypeAlias = tuple[str, float]


@dataclass(frozen=True, slots=True, eq=False)
class Typed:
    """Lines, and of all their terms in one row: the rarity and the pool's column (-1 where it has
    none). A line's terms begin at its place in `ends` and end at the next."""

    lines: Sequence[Line]
    terms: Sequence[str]
    ends: Places
    rarities: Sequence[float]
    columns: Places

    def fits(self, pool: Pool) -> Floats:
        """How well each line fits each paper: about 1 for a paper full of its rarest terms, and
        more if it is about what the line means; 0 without any of its words."""
        least = mass(pool.vocabulary.greatest * weights.LEAST_RARITY)
        masses = pool.vocabulary.masses(self.terms)
        full = [_full_match(masses[a:b], least) for a, b in pairwise(self.ends.tolist())]
        shares = np.repeat(1 / np.array(full, dtype=np.float64), np.diff(self.ends))
        fits = product(self._query(shares, len(pool.columns)), pool.typed)
        added, times = meant(pool, self.lines)
        return np.where(fits > 0, (fits + added) * times, 0.0)

    def _query(self, shares: Floats, width: int) -> Matrix:
        known = self.columns >= 0
        ends = np.concatenate(([0], np.cumsum(known)))[self.ends]
        return csr(shares[known], self.columns[known], ends, width)

    def found(self, pool: Pool, lines: Places, papers: Places) -> Iterator[Sequence[Found]]:
        """Of some lines, each for one paper, the terms that stand there, and what each weighs."""
        counts = np.diff(self.ends)[lines]
        terms = ranges(self.ends[lines], counts)
        asked = np.repeat(np.arange(len(lines)), counts)
        known = self.columns[terms] >= 0
        terms, asked = terms[known], asked[known]
        weighed = pool.typed_at(self.columns[terms], papers[asked])
        some = weighed > 0
        terms, asked, weighed = terms[some], asked[some], weighed[some]
        found = map(self.terms.__getitem__, terms.tolist())
        every = [*zip(found, weighed.tolist(), strict=True)]
        ends = np.cumsum(np.bincount(asked, minlength=len(lines))).tolist()
        return (every[start:end] for start, end in pairwise([0, *ends]))

    def worth(self, greatest: float, first: int) -> Floats:
        """What a full match weighs of the keywords, which are the lines from `first` on: 1 for the
        rarest, little for words all abstracts have. `greatest` is the rarity of a term that no
        text has."""
        bounds = pairwise(self.ends[first:].tolist())
        rarest = [max(self.rarities[start:end], default=0.0) for start, end in bounds]
        common = [COMMON_WORDS.issuperset(line.words) for line in self.lines[first:]]
        share = np.array(rarest, dtype=np.float64) / greatest
        worth: Floats = weights.LEAST_KEYWORD + (1 - weights.LEAST_KEYWORD) * share
        return np.where(common, weights.COMMON_KEYWORD, worth)


def typed(pool: Pool, lines: Sequence[Line]) -> Typed:
    """The lines with what the pool knows of their terms."""
    terms = [*chain.from_iterable(line.places for line in lines)]
    columns = map(pool.columns.get, terms, repeat(-1))
    return Typed(
        lines=lines,
        terms=terms,
        ends=np.array([*accumulate((len(line.places) for line in lines), initial=0)], np.int64),
        rarities=pool.vocabulary.rarities(terms),
        columns=np.fromiter(columns, np.int64, len(terms)),
    )


def _full_match(masses: list[float], least: float) -> float:
    """What a paper scores that is full of a line's rarest terms; never as little as that of
    common words only, so that these alone are no match."""
    if len(masses) > 1:
        masses = sorted(masses, reverse=True)[: weights.FULL_MATCH_TERMS]
    return max(sum(masses), least)
