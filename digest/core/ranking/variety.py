"""Variety: of a reader's best papers, those are taken that do not all say the same.

Each paper loses some of its score for meaning what a better one that was taken means. It keeps its
place in the mail's order: only who is taken changes.

Source: maximal marginal relevance, Carbonell and Goldstein 1998.
"""

from collections.abc import Sequence

import numpy as np

from digest.core.ranking import weights
from digest.core.ranking.latent import STEP, Small
from digest.core.ranking.pool import Floats, Places, Pool
from digest.core.ranking.score import DIGITS, Scores

AT_A_TIME = 64  # readers


def varied(pool: Pool, scores: Scores, lists: Sequence[list[int]]) -> list[list[int]]:
    """Each reader's papers, best first, in the order in which they are taken. Where the history was
    too short to teach what papers mean, as they are."""
    found = [*lists]
    if pool.shape is None:
        return found
    crowded = [at for at, one in enumerate(scores.models) if len(lists[at]) > one.limit]
    for start in range(0, len(crowded), AT_A_TIME):
        some = crowded[start : start + AT_A_TIME]
        orders = _orders(pool.shape.meaning, scores, some, lists)
        for reader, order in zip(some, orders, strict=True):
            taken = [lists[reader][at] for at in order]
            chosen = {*taken}
            found[reader] = taken + [at for at in lists[reader] if at not in chosen]
    return found


def _orders(
    meaning: Small, scores: Scores, readers: Sequence[int], lists: Sequence[list[int]]
) -> list[list[int]]:
    """For each reader the places in their list that are taken first, as many as the mail has."""
    limits = [scores.models[reader].limit for reader in readers]
    most = [weights.VARIED_AMONG * limit for limit in limits]
    heads = [lists[reader][:count] for reader, count in zip(readers, most, strict=True)]
    width = max(map(len, heads))
    papers = np.array([one + [one[-1]] * (width - len(one)) for one in heads])
    worth = scores.total[np.array(readers)[:, None], papers]
    for row, one in enumerate(heads):
        worth[row, len(one) :] = -1.0
    orders = _taken(worth, _same(meaning[papers]), max(limits))
    return [row[:limit] for row, limit in zip(orders.tolist(), limits, strict=True)]


def _same(seen: Small) -> Floats:
    """How far the papers of each reader mean the same: 0 to 1 (readers x papers x papers)."""
    cosines = np.matmul(seen, seen.transpose(0, 2, 1)).astype(np.float64) / STEP**2
    found: Floats = np.minimum(np.maximum(cosines, 0.0), 1.0)
    return found


def _taken(worth: Floats, same: Floats, most: int) -> Places:
    """The best, then each time the best after what it loses to those before (readers x taken)."""
    rows = np.arange(len(worth))
    like = np.zeros(worth.shape)
    free = worth >= 0
    taken = np.empty((len(worth), min(most, worth.shape[1])), np.int64)
    for turn in range(taken.shape[1]):
        left = np.where(free, np.round(worth * (1 - weights.VARIETY * like), DIGITS), -1.0)
        best = np.argmax(left, axis=1)
        taken[:, turn], free[rows, best] = best, False
        like = np.maximum(like, same[rows, best])
    return taken
