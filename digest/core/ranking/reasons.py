"""Why papers scored what they did: the numbers of their columns, in words the readers know."""

from itertools import pairwise

import numpy as np

from digest.core.edition import Reason
from digest.core.ranking.evidence import NAMED, Evidence, Picked, evidence
from digest.core.ranking.pool import Floats, Pool
from digest.core.ranking.score import Scores

# A weight is stored; more digits differ between machines.
_DIGITS = 9


def reasons(pool: Pool, scores: Scores, picked: Picked) -> list[tuple[Reason, ...]]:
    """All reasons of each pick, strongest first; their weights sum to its score."""
    found = evidence(pool, scores, picked)
    weights = _weights(found, scores.total[picked.readers, picked.papers])
    order = np.lexsort((found.kinds, -weights, found.picks))
    order = order[weights[order] > 0]
    picks, kinds, weights = found.picks[order], found.kinds[order], weights[order]
    texts = [found.texts[at] for at in order.tolist()]
    _sort_equals(texts, picks, kinds, weights)
    named = map(NAMED.__getitem__, kinds.tolist())
    every = [*map(Reason._make, zip(named, texts, weights.tolist(), strict=True))]
    ends = np.cumsum(np.bincount(picks, minlength=len(picked.papers))).tolist()
    return [tuple(every[start:end]) for start, end in pairwise([0, *ends])]


def _weights(found: Evidence, totals: Floats) -> Floats:
    """The parts, so that those of a pick add up to its score: that was rounded, they were not."""
    sums = np.bincount(found.picks, found.parts, minlength=len(totals))
    exact = totals / np.where(sums > 0, sums, 1.0)
    return np.round(found.parts * exact[found.picks], _DIGITS)


def _sort_equals(texts: list[str], *columns: np.ndarray) -> None:
    """Put texts that have the same numbers as their neighbours into their own order."""
    same = np.logical_and.reduce([column[1:] == column[:-1] for column in columns])
    edges = np.concatenate(([0], np.flatnonzero(~same) + 1, [len(texts)]))
    for at in np.flatnonzero(np.diff(edges) > 1).tolist():
        start, end = edges[at], edges[at + 1]
        texts[start:end] = sorted(texts[start:end])
