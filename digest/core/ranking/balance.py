"""Balance: what a reader liked often must not drown what they liked once.

Each liked paper counts less the more of the reader's other likes mean the same, so that every
interest counts alike, however many papers speak for it. What is as old as a like, or newer, counts
against it in full, older likes less.
"""

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from digest.core.ranking.latent import STEP, Small

Floats: TypeAlias = NDArray[np.float64]
Places: TypeAlias = NDArray[np.int64]

AT_A_TIME = 64  # tastes


class Group(NamedTuple):
    """Tastes of equally many likes: their shares, how much the likes of each stand for one another
    (tastes x likes x likes), and how many stand for each, itself among them."""

    shares: Floats
    same: Floats
    crowds: Floats


class Balance(NamedTuple):
    """How much each like counts, taste by taste, its taste's shares together as before; the group
    of each taste and its place there."""

    shares: Floats
    groups: Mapping[int, Group]
    places: Places


def balanced(meanings: Small, rows: Places, ends: Places, shares: Floats) -> Balance:
    """Balance the likes of tastes: `rows` are those of the table of meanings, taste by taste, each
    from its place in `ends` to the next."""
    counts = np.diff(ends)
    found, places = shares.copy(), np.zeros(len(counts), np.int64)
    groups: dict[int, Group] = {}
    for count in {*counts.tolist()}:
        tastes = np.flatnonzero(counts == count)
        spots = ends[tastes][:, None] + np.arange(count)
        same = _same(meanings, rows[spots], shares[spots])
        group = groups[count] = Group(shares[spots], same, same.sum(axis=2))
        found[spots] = _counted(group.shares, group.crowds)
        places[tastes] = np.arange(len(tastes))
    return Balance(found, groups, places)


def without(group: Group, tastes: Places, likes: Places) -> Floats:
    """How much each like of some tastes of a group would count (all together 1) if one of them,
    another in each row, had not been said: tastes x likes, 0 at that one."""
    rows = np.arange(len(tastes))
    shares = group.shares[tastes].copy()
    shares[rows, likes] = 0.0
    crowds = group.crowds[tastes] - group.same[tastes, :, likes]
    crowds[rows, likes] = 1.0
    left = shares / crowds
    found: Floats = left / np.maximum(left.sum(axis=1, keepdims=True), 1e-12)
    return found


def _same(meanings: Small, rows: Places, shares: Floats) -> Floats:
    """How far each like (second) stands for each other one (first): 1 for the same at least as
    new."""
    found = np.empty((*rows.shape, rows.shape[1]))
    for start in range(0, len(rows), AT_A_TIME):
        seen = meanings[rows[start : start + AT_A_TIME]]
        cosines = np.matmul(seen, seen.transpose(0, 2, 1)).astype(np.float64) / STEP**2
        found[start : start + AT_A_TIME] = np.maximum(cosines, 0.0) ** 2
    found *= np.minimum(shares[:, None, :] / shares[:, :, None], 1.0)
    diagonal = np.arange(rows.shape[1])
    found[:, diagonal, diagonal] = 1.0
    return found


def _counted(shares: Floats, crowds: Floats) -> Floats:
    own = shares / crowds
    scaled: Floats = own * (shares.sum(axis=1) / own.sum(axis=1))[:, None]
    return scaled
