"""Likeness: how like the papers of a pool are to papers that readers spoke of."""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np

from digest.core.ranking import weights
from digest.core.ranking.pool import Floats, Pool
from digest.core.ranking.reader import LikedPaper
from digest.core.ranking.sparse import Matrix, matrix, product, unit
from digest.core.ranking.text import counted, words

MOST_KEPT = 4_000_000  # numbers of liked papers that a pool keeps: 32 MB
_SHARES = weights.LIKED * np.array(weights.CLOSEST)


def likeness(pool: Pool, papers: Sequence[LikedPaper]) -> Floats:
    """How like each of some papers is to each paper of the pool: 1 for the same subject.

    The pool keeps what was found: readers like the same papers.
    """
    if not papers:
        return np.zeros((0, len(pool)))
    rows = {paper: pool.alike[paper] for paper in {*papers} & pool.alike.keys()}
    new = [paper for paper in dict.fromkeys(papers) if paper not in rows]
    if new:
        alike = product(_vectors(pool, new), pool.texts.T.tocsr()) / weights.SAME_SUBJECT
        rows |= zip(new, alike, strict=True)
        _keep(pool, rows)
    return np.array([rows[paper] for paper in papers])


def _keep(pool: Pool, rows: Mapping[LikedPaper, Floats]) -> None:
    if (len(pool.alike) + len(rows)) * len(pool) > MOST_KEPT:
        pool.alike.clear()
    pool.alike.update(rows)


def closest(alike: Floats) -> Floats:
    """What each liked paper adds to each paper of the pool (readers x liked x papers), by how like
    they are: the closest count, the closest most; the others not at all."""
    parts = np.zeros_like(alike)
    order = np.argsort(-alike, axis=1, kind="stable")[:, : len(_SHARES)]
    shares = _SHARES[: order.shape[1], None]
    np.put_along_axis(parts, order, shares * np.take_along_axis(alike, order, axis=1), axis=1)
    return parts


def _vectors(pool: Pool, papers: Sequence[LikedPaper]) -> Matrix:
    """Liked papers in the pool's columns. Terms that the pool lacks count for the length only."""
    others: dict[str, int] = {}
    rows = [
        {_column(pool, others, term): count for term, count in _terms_of(paper).items()}
        for paper in papers
    ]
    known = len(pool.columns)
    rarity = np.array(pool.vocabulary.rarities([*others]), dtype=np.float64)
    counts = matrix(rows, known + len(others))
    return unit(counts, np.concatenate([pool.rarity, rarity]))[:, :known]


@lru_cache(maxsize=1 << 10)
def _terms_of(paper: LikedPaper) -> Counter[str]:
    """How often each term stands in a liked paper; the pools of a day ask one after the other."""
    return counted(words(paper.title), words(paper.abstract))


def _column(pool: Pool, others: dict[str, int], term: str) -> int:
    """A term's column in the pool, else one behind them."""
    known = pool.columns.get(term)
    return len(pool.columns) + others.setdefault(term, len(others)) if known is None else known
