"""Likeness: how like the papers of a pool are to papers that readers spoke of."""

from collections.abc import Sequence

import numpy as np

from digest.core.ranking import weights
from digest.core.ranking.pool import Floats, Pool
from digest.core.ranking.reader import LikedPaper, terms_of
from digest.core.ranking.sparse import Matrix, matrix, product, unit

_SHARES = weights.LIKED * np.array(weights.CLOSEST)


def likeness(pool: Pool, papers: Sequence[LikedPaper]) -> Floats:
    """How like each of some papers is to each paper of the pool: 1 for the same subject."""
    rows = {paper: at for at, paper in enumerate(dict.fromkeys(papers))}
    found = product(_vectors(pool, list(rows)), pool.texts.T.tocsr()) / weights.SAME_SUBJECT
    return found[[rows[paper] for paper in papers]] if papers else found


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
        {_column(pool, others, term): count for term, count in terms_of(paper).items()}
        for paper in papers
    ]
    known = len(pool.columns)
    rarity = np.array(pool.vocabulary.rarities([*others]), dtype=np.float64)
    counts = matrix(rows, known + len(others))
    return unit(counts, np.concatenate([pool.rarity, rarity]))[:, :known]


def _column(pool: Pool, others: dict[str, int], term: str) -> int:
    """A term's column in the pool, else one behind them."""
    known = pool.columns.get(term)
    return len(pool.columns) + others.setdefault(term, len(others)) if known is None else known
