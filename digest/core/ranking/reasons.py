"""Why papers scored what they did: the numbers of their columns, in words the readers know."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from digest.core.edition import Reason
from digest.core.ranking.evidence import NAMED, Evidence, Picked, caused, voted
from digest.core.ranking.pool import Floats, Pool
from digest.core.ranking.score import Scores

# A weight is stored; more digits differ between machines.
_DIGITS = 9


def reasons(pool: Pool, scores: Scores, picked: Picked) -> list[tuple[Reason, ...]]:
    """All reasons of each pick, strongest first; their weights sum to its score."""
    found: dict[tuple[int, int, str], float] = {}
    for pick, kind, text, part in caused(pool, scores, picked):
        found[pick, kind, text] = found.get((pick, kind, text), 0.0) + part
    evidence = [(*key, part) for key, part in found.items()]
    evidence += voted(pool, scores, picked)
    return _reasons(evidence, scores.total[picked.readers, picked.papers])


def _reasons(evidence: Sequence[Evidence], totals: Floats) -> list[tuple[Reason, ...]]:
    picks, kinds, texts, parts = zip(*evidence, strict=True) if evidence else ((), (), (), ())
    pick, kind, part = np.array(picks, np.int64), np.array(kinds, np.int64), np.array(parts)
    # The score was rounded, the parts were not.
    sums = np.bincount(pick, part, minlength=len(totals))
    weights = np.round(part * (totals / np.where(sums > 0, sums, 1.0))[pick], _DIGITS)
    order = np.lexsort((kind, -weights, pick))
    order = order[weights[order] > 0]
    words = [texts[at] for at in order.tolist()]
    pick, kind, weights = pick[order], kind[order], weights[order]
    _sort_equals(words, np.column_stack((pick, kind, weights)))
    every = [*map(Reason, map(NAMED.__getitem__, kind.tolist()), words, weights.tolist())]
    ends = np.cumsum(np.bincount(pick, minlength=len(totals))).tolist()
    return [tuple(every[start:end]) for start, end in pairwise([0, *ends])]


def _sort_equals(words: list[str], rows: Floats) -> None:
    """Put words whose rows are equal, neighbours as they are, into their own order."""
    new = np.flatnonzero((rows[1:] != rows[:-1]).any(axis=1)) + 1
    edges = np.concatenate(([0], new, [len(rows)]))
    for at in np.flatnonzero(np.diff(edges) > 1).tolist():
        start, end = edges[at], edges[at + 1]
        words[start:end] = sorted(words[start:end])
