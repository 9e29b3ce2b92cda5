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
Meanings: TypeAlias = NDArray[np.int8] | Small  # whole numbers

AT_A_TIME = 64  # tastes


class Group(NamedTuple):
    """Tastes of equally many likes: their shares, how far each like stands for each other one
    (tastes x likes x likes, half as exact as other numbers: there are many), and how many stand for
    each, itself among them."""

    shares: Floats
    same: Small
    crowds: Floats


class Balance(NamedTuple):
    """How much each like counts, taste by taste, its taste's shares together as before; the group
    of each taste and its place there."""

    shares: Floats
    groups: Mapping[int, Group]
    places: Places


def balanced(meanings: Meanings, rows: Places, ends: Places, shares: Floats) -> Balance:
    """Balance the likes of tastes: `rows` are those of the table of meanings, taste by taste, each
    from its place in `ends` to the next."""
    counts = np.diff(ends)
    found, places = shares.copy(), np.zeros(len(counts), np.int64)
    groups: dict[int, Group] = {}
    for count in {*counts.tolist()}:
        tastes = np.flatnonzero(counts == count)
        spots = ends[tastes][:, None] + np.arange(count)
        same = _same(meanings, rows[spots], shares[spots])
        crowds = same.sum(axis=1, dtype=np.float64)
        group = groups[count] = Group(shares[spots], same, crowds)
        found[spots] = _counted(group.shares, group.crowds)
        places[tastes] = np.arange(len(tastes))
    return Balance(found, groups, places)


def without(group: Group, tastes: Places) -> tuple[Floats, Floats]:
    """How much the likes of some tastes of a group would count if one of them had not been said, a
    row for each that it might be (tastes x likes x likes, 0 at that one); and these together."""
    shares = group.shares[tastes]
    crowds = group.crowds[tastes][:, None, :] - group.same[tastes]
    diagonal = np.arange(shares.shape[1])
    crowds[:, diagonal, diagonal] = np.inf  # its own share is gone
    left: Floats = np.divide(shares[:, None, :], crowds, out=crowds)
    return left, left.sum(axis=2)


def _same(meanings: Meanings, rows: Places, shares: Floats) -> Small:
    """How far each like (first) stands for each other one (second): 1 for the same at least as
    new."""
    found = np.empty((*rows.shape, rows.shape[1]), np.float32)
    for start in range(0, len(rows), AT_A_TIME):
        part = found[start : start + AT_A_TIME]
        seen = meanings[rows[start : start + AT_A_TIME]].astype(np.float32)
        np.matmul(seen, seen.transpose(0, 2, 1), out=part)
        np.maximum(part, 0.0, out=part)
        part *= np.float32(1 / STEP**2)
        part *= part
        own = shares[start : start + AT_A_TIME]
        if (own != own[:, :1]).any():
            part *= np.minimum(own[:, :, None] / own[:, None, :], 1.0).astype(np.float32)
    diagonal = np.arange(rows.shape[1])
    found[:, diagonal, diagonal] = 1.0
    return found


def _counted(shares: Floats, crowds: Floats) -> Floats:
    own = shares / crowds
    scaled: Floats = own * (shares.sum(axis=1) / own.sum(axis=1))[:, None]
    return scaled
