"""Likeness: how like the papers of a pool are to papers that readers spoke of."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, chain

import numpy as np

from digest.core.ranking import weights
from digest.core.ranking.pool import Floats, Places, Pool
from digest.core.ranking.reader import LikedPaper, Taste
from digest.core.ranking.sparse import Matrix, csr, matrix, product, unit
from digest.core.ranking.text import counted, words

MOST_KEPT = 8_000_000  # numbers of liked papers that a pool keeps: 64 MB


def likeness(pool: Pool, papers: Sequence[LikedPaper]) -> Floats:
    """How like each of some papers is to each paper of the pool: about 1 for the same subject,
    never below 0.

    The pool keeps what was found: readers like the same papers.
    """
    if not papers:
        return np.zeros((0, len(pool)))
    rows = [*map(pool.alike.get, papers)]
    new = [*dict.fromkeys(paper for paper, row in zip(papers, rows, strict=True) if row is None)]
    fresh = dict(zip(new, _alike(pool, new), strict=True)) if new else {}
    _keep(pool, fresh)
    every = zip(papers, rows, strict=True)
    return np.array([fresh[paper] if row is None else row for paper, row in every])


@dataclass(frozen=True, slots=True, eq=False)
class Likes:
    """What some readers' tastes give each paper of the pool. `alike` has a row for each paper that
    any of them spoke of, `rows` their places in it, taste by taste, each from its place in `ends`
    to the next; `shares` how much each counts."""

    tastes: Sequence[Taste]
    alike: Floats
    rows: Places
    ends: Places
    shares: Floats

    def means(self) -> Floats:
        """Tastes x papers: the shares of those that are alike, over all shares and a few more: one
        like is not yet a taste."""
        sums = product(csr(self.shares, self.rows, self.ends, len(self.alike)), self.alike)
        return sums / (weights.FEW + self.whole)[:, None]

    @property
    def whole(self) -> Floats:
        """The shares of each taste, together."""
        return np.add.reduceat(self.shares, self.ends[:-1]) if len(self.rows) else np.zeros(0)

    def closest(self, tastes: Places, papers: Places) -> list[list[tuple[LikedPaper, float]]]:
        """Of some tastes, each for one paper of the pool: the liked papers without which the mean
        would be least, and how much it would fall, the most first; ties by their order."""
        found: list[list[tuple[LikedPaper, float]]] = [[] for _ in range(len(tastes))]
        counts = np.diff(self.ends)[tastes]
        for count in np.unique(counts).tolist():
            some = np.flatnonzero(counts == count)
            places = self.ends[tastes[some], None] + np.arange(count)
            first, falls = self._falls(places, papers[some])
            columns = (some.tolist(), tastes[some].tolist(), first.tolist(), falls.tolist())
            for at, taste, liked, fell in zip(*columns, strict=True):
                names = self.tastes[taste].papers
                told = zip(liked, fell, strict=True)
                found[at] = [(names[one], fall) for one, fall in told if fall > 0]
        return found

    def _falls(self, places: Places, papers: Places) -> tuple[Places, Floats]:
        """Which of the liked papers at some places (a row for each paper) matter most, and how
        much the mean would fall without each."""
        shares = self.shares[places]
        parts = shares * self.alike[self.rows[places], papers[:, None]]
        total, among = parts.sum(axis=1)[:, None], weights.FEW + shares.sum(axis=1)[:, None]
        falls = np.round(total / among - (total - parts) / (among - shares), 9)
        first = np.argsort(-falls, axis=1, kind="stable")[:, : weights.TOLD]
        return first, np.take_along_axis(falls, first, axis=1)


def likes(pool: Pool, tastes: Sequence[Taste]) -> Likes:
    """Tastes with what is known of their papers; what several speak of is looked up once."""
    papers = [*chain.from_iterable(one.papers for one in tastes)]
    places = {one: at for at, one in enumerate(dict.fromkeys(papers))}
    return Likes(
        tastes=tastes,
        alike=likeness(pool, [*places]),
        rows=np.fromiter(map(places.__getitem__, papers), np.int64, len(papers)),
        ends=np.array([*accumulate((len(one.papers) for one in tastes), initial=0)], np.int64),
        shares=np.array([*chain.from_iterable(one.shares for one in tastes)], np.float64),
    )


def _keep(pool: Pool, rows: Mapping[LikedPaper, Floats]) -> None:
    if (len(pool.alike) + len(rows)) * len(pool) > MOST_KEPT:
        pool.alike.clear()
    pool.alike.update(rows)


def _alike(pool: Pool, papers: Sequence[LikedPaper]) -> Floats:
    texts, others = _vectors(pool, papers)
    found = product(texts[:, : len(pool.columns)], pool.across)
    latent = pool.vocabulary.latent
    if latent and pool.shape and pool.known is not None:
        places = np.concatenate([pool.known, latent.places(others)])
        found += latent.shape(texts, places).alike(pool.shape)
    return np.maximum(found / weights.SAME_SUBJECT, 0.0)


def _vectors(pool: Pool, papers: Sequence[LikedPaper]) -> tuple[Matrix, list[str]]:
    """Liked papers in the pool's columns, and behind these in those of other terms."""
    others: dict[str, int] = {}
    rows = [
        {_column(pool, others, term): count for term, count in _terms_of(paper).items()}
        for paper in papers
    ]
    telling = np.array(pool.vocabulary.tellings([*others]), dtype=np.float64)
    counts = matrix(rows, len(pool.columns) + len(others))
    return unit(counts, np.concatenate([pool.telling, telling])), [*others]


@lru_cache(maxsize=1 << 10)
def _terms_of(paper: LikedPaper) -> Counter[str]:
    """How often each term stands in a liked paper; the pools of a day ask one after the other."""
    return counted(words(paper.title), words(paper.abstract))


def _column(pool: Pool, others: dict[str, int], term: str) -> int:
    """A term's column in the pool, else one behind them."""
    known = pool.columns.get(term)
    return len(pool.columns) + others.setdefault(term, len(others)) if known is None else known
