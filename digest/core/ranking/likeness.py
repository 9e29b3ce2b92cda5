"""Likeness: how like the papers of a pool are to papers that readers spoke of."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from digest.core.ranking import weights
from digest.core.ranking.balance import Balance, balanced, without
from digest.core.ranking.fields import raised
from digest.core.ranking.pool import Floats, Places, Pool
from digest.core.ranking.reader import LikedPaper, Taste
from digest.core.ranking.sense import with_sense
from digest.core.ranking.sketch import AT_A_TIME, rows, shape, sketches
from digest.core.ranking.sparse import csr, product
from digest.core.ranking.vocabulary import Vocabulary

MOST_KEPT = 8_000_000  # numbers of liked papers that a pool keeps: 64 MB
LEAST_FALL = 1e-9  # where likes only stand for one another, the strongest is told all the same
ASKED_AT_A_TIME = 640  # some 64 readers with 10 papers each
_ALIKE = "alike"  # under which it keeps them


class Alike:
    """How like papers that readers spoke of are to each paper of a pool, a row each: about 1 for
    the same subject, never below 0. What was found is kept as long as there is room, since readers
    like the same papers; a table that is full is left to whoever holds it, and a new one begun."""

    def __init__(self, pool: Pool) -> None:
        self.places: dict[LikedPaper, int] = {}
        self.papers: list[LikedPaper] = []
        self.table: Floats = np.zeros((0, len(pool)))
        self.meanings = np.zeros((0, 0), np.int8)

    def rows(self, pool: Pool, papers: Sequence[LikedPaper]) -> tuple[Floats, Places]:
        """The table, and the row of each paper in it."""
        found = [*map(self.places.get, papers)]
        if None in found:
            new = [*dict.fromkeys(paper for paper in papers if paper not in self.places)]
            if len(self.places) + len(new) > len(self.table):
                new = self._begun(pool, papers)
            for start in range(0, len(new), AT_A_TIME):
                self._add(pool, new[start : start + AT_A_TIME])
            found = [*map(self.places.get, papers)]
        return self.table, np.array(found, np.int64)

    def _begun(self, pool: Pool, papers: Sequence[LikedPaper]) -> list[LikedPaper]:
        new = [*dict.fromkeys(papers)]
        self.places, self.papers = {}, []
        room = max(MOST_KEPT // max(len(pool), 1), len(new))
        self.table = np.empty((room, len(pool)))
        self.meanings = np.empty((room, meant(pool.vocabulary, new[:1]).shape[1]), np.int8)
        return new

    def _add(self, pool: Pool, papers: Sequence[LikedPaper]) -> None:
        first = len(self.places)
        self.table[first : first + len(papers)] = likeness(pool, papers)
        self.meanings[first : first + len(papers)] = meant(pool.vocabulary, papers)
        self.places |= {paper: first + at for at, paper in enumerate(papers)}
        self.papers += papers


def likeness(pool: Pool, papers: Sequence[LikedPaper]) -> Floats:
    """How like each of some papers (at least one) is to each paper of the pool."""
    found = sketches(pool.vocabulary, papers)
    alike = product(rows(found, *pool.numbers, len(pool.columns)), pool.across)
    if pool.shape:
        alike += shape(found).alike(pool.shape)
    return with_sense(pool, papers, alike) * raised(pool, [one.categories for one in papers])


def meant(vocabulary: Vocabulary, papers: Sequence[LikedPaper]) -> NDArray[np.int8]:
    """What some papers (at least one) mean: a row of length STEP each, of none where nothing was
    learnt."""
    return np.array([one.meaning for one in sketches(vocabulary, papers)])


class Closest(NamedTuple):
    """Which of those asked for, the title of a liked paper, and how much it matters there."""

    asked: Places
    titles: list[str]
    falls: Floats


_NONE = (np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))


@dataclass(frozen=True, slots=True, eq=False)
class Likes:
    """What some readers' tastes give each paper of the pool. `alike` is the pool's table, a row for
    each of `papers`; `rows` are those spoken of, taste by taste, each from its place in `ends` to
    the next; `shares` how much each counts by itself, and `balance` beside its taste's others."""

    papers: Sequence[LikedPaper]
    alike: Floats
    rows: Places
    ends: Places
    shares: Floats
    balance: Balance

    def means(self) -> Floats:
        """Tastes x papers: the shares of those that are alike, over all shares and a few more: one
        like is not yet a taste."""
        counted = csr(self.balance.shares, self.rows, self.ends, len(self.alike))
        return product(counted, self.alike) / (weights.FEW + self.whole)[:, None]

    @property
    def whole(self) -> Floats:
        """The shares of each taste, together."""
        return np.add.reduceat(self.shares, self.ends[:-1]) if len(self.rows) else np.zeros(0)

    def closest(self, tastes: Places, papers: Places) -> Closest:
        """Of some tastes, each for one paper of the pool: the liked papers without which the mean
        would be least, and how much it would fall, the most first; ties by their order."""
        counts = np.diff(self.ends)[tastes]
        found = [
            self._falls(some, tastes, papers)
            for n in sorted({*counts.tolist()})
            for some in _some(np.flatnonzero(counts == n))
        ]
        asked, rows, falls = (np.concatenate(one) for one in zip(*found, _NONE, strict=True))
        order = np.argsort(asked, kind="stable")
        order = order[falls[order] > 0]
        titles = [self.papers[row].title for row in rows[order].tolist()]
        return Closest(asked[order], titles, falls[order])

    def _falls(self, some: Places, tastes: Places, papers: Places) -> tuple[Places, Places, Floats]:
        """The same for some of those asked for, whose tastes are equally large: which was asked
        for, the liked paper's row and the fall."""
        tastes, papers = tastes[some], papers[some]
        spots = self.ends[tastes][:, None] + np.arange(np.diff(self.ends)[tastes[0]])
        rows = self.rows[spots]
        alike = self.alike[rows, papers[:, None]]
        gives = self.balance.shares[spots] * alike
        likely = _most(gives, weights.WEIGHED)
        falls = np.round(self._lost(tastes, alike, gives.sum(axis=1), likely), 9)
        first = np.argsort(-falls, axis=1, kind="stable")[:, : weights.TOLD]
        told = np.take_along_axis(rows, np.take_along_axis(likely, first, axis=1), axis=1)
        fell = np.take_along_axis(falls, first, axis=1)
        fell[:, 0] = np.maximum(fell[:, 0], LEAST_FALL)
        return np.repeat(some, first.shape[1]), told.ravel(), fell.ravel()

    def _lost(self, tastes: Places, alike: Floats, sums: Floats, likely: Places) -> Floats:
        """How much each taste's mean would fall without each of its likely likes."""
        group = self.balance.groups[alike.shape[1]]
        some, which = np.unique(tastes, return_inverse=True)
        counted, together = without(group, self.balance.places[some])
        whole = self.whole[tastes]
        mean = sums / (weights.FEW + whole)
        falls = np.empty(likely.shape)
        for at, likes in enumerate(likely.T):
            left = whole - self.shares[self.ends[tastes] + likes]
            means = np.einsum("tl,tl->t", counted[which, likes], alike)
            means /= np.maximum(together[which, likes], 1e-12)
            falls[:, at] = mean - left * means / (weights.FEW + left)
        return falls


def _most(numbers: Floats, count: int) -> Places:
    """Of each row the places of the greatest so many, these first; ties by their order."""
    left = numbers.copy()
    found = np.empty((len(left), min(count, left.shape[1])), np.int64)
    rows = np.arange(len(left))
    for at in range(found.shape[1]):
        found[:, at] = left.argmax(axis=1)
        left[rows, found[:, at]] = -np.inf
    return found


def _some(asked: Places) -> Iterator[Places]:
    """A part of those asked for after the other: what is worked out for one stays small."""
    for start in range(0, len(asked), ASKED_AT_A_TIME):
        yield asked[start : start + ASKED_AT_A_TIME]


def likes(pool: Pool, tastes: Sequence[Taste]) -> Likes:
    """Tastes with what is known of their papers; what several speak of is looked up once."""
    papers = [*chain.from_iterable(one.papers for one in tastes)]
    kept: Alike = pool.kept.setdefault(_ALIKE, Alike(pool))
    alike, places = kept.rows(pool, papers)
    ends = np.array([*accumulate((len(one.papers) for one in tastes), initial=0)], np.int64)
    shares = np.array([*chain.from_iterable(one.shares for one in tastes)], np.float64)
    return Likes(
        papers=kept.papers,
        alike=alike,
        rows=places,
        ends=ends,
        shares=shares,
        balance=balanced(kept.meanings, places, ends, shares),
    )
