"""Meant: what typed lines mean beyond their words, learnt from the history.

The history's papers that fit a line best show which others do, as if the reader had liked them a
little; and the line itself has a direction among the latent ones. What a line means depends on
nothing but the line and the history: it is worked out once.

Source: pseudo relevance feedback, Croft and Harper 1979; its sum, Rocchio 1971.
"""

from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from digest.core.ranking import weights
from digest.core.ranking.fields import meant_raise
from digest.core.ranking.latent import STEP, Latent, Shape, Small
from digest.core.ranking.pool import Floats, Places, Pool
from digest.core.ranking.reader import Line
from digest.core.ranking.sparse import Matrix, csr, product
from digest.core.ranking.vocabulary import Vocabulary

_PAGES = "pages"  # under which a pool keeps its likeness to the history's papers


class Meaning(NamedTuple):
    """The history's papers that fit a line best and the share of each (their sum is 1), and the
    line's direction. None and empty where the history knows no word of it."""

    pages: Places
    shares: Floats
    direction: Small | None


def meaning(vocabulary: Vocabulary, line: Line) -> Meaning:
    """What a line means; kept by the vocabulary, for many type the same."""
    if line.text not in vocabulary.meanings:
        vocabulary.meanings[line.text] = _meaning(vocabulary, [*line.places])
    found: Meaning = vocabulary.meanings[line.text]
    return found


def _meaning(vocabulary: Vocabulary, terms: Sequence[str]) -> Meaning:
    latent = vocabulary.latent
    if latent is None:
        return Meaning(np.zeros(0, np.int64), np.zeros(0), None)
    fits = _fits(latent, terms)
    first = np.argsort(-np.round(fits, 6), kind="stable")[: weights.PAGES]
    shares = fits[first] ** 2
    known = shares > 0
    tellings = zip(terms, vocabulary.tellings(terms), strict=True)
    direction = latent.meaning([*tellings])
    return Meaning(first[known], shares[known] / max(shares.sum(), 1e-12), direction)


def _fits(latent: Latent, terms: Sequence[str]) -> Floats:
    rows = [at for term in terms if (at := latent.columns.get(term)) is not None]
    asked = csr(np.ones(len(rows)), np.array(rows, np.int64), np.array([0, len(rows)]), len(latent))
    fits: Floats = product(asked, latent.typed)[0]
    return fits


def meant(pool: Pool, lines: Sequence[Line]) -> tuple[Floats, Floats]:
    """What the meaning of each line adds to how well it fits each paper of the pool, never below 0;
    and by what that is multiplied for the paper's fields. What several typed is looked up once."""
    if pool.vocabulary.latent is None or pool.shape is None or not lines:
        return np.zeros((len(lines), len(pool))), np.ones((len(lines), len(pool)))
    unique = {line.text: line for line in lines}
    added, times = _meant(pool, pool.shape, [*unique.values()])
    if len(unique) == len(lines):
        return added, times
    places = {text: at for at, text in enumerate(unique)}
    which = [places[line.text] for line in lines]
    return added[which], times[which]


def _meant(pool: Pool, shape: Shape, lines: Sequence[Line]) -> tuple[Floats, Floats]:
    found = [meaning(pool.vocabulary, line) for line in lines]
    shares = _shares(pool, found)
    like = product(shares, _pages(pool)) / weights.SAME_SUBJECT
    turned = np.zeros((len(found), shape.meaning.shape[1]), np.float32)
    for at, one in enumerate(found):
        if one.direction is not None:
            turned[at] = one.direction
    near = (turned @ shape.meaning.T).astype(np.float64) / STEP**2
    sums: Floats = weights.LIKE_PAGES * like + weights.MEANT * near
    return np.maximum(sums, 0.0), meant_raise(pool, shares)


def _shares(pool: Pool, found: Sequence[Meaning]) -> Matrix:
    latent = pool.vocabulary.latent
    ends = np.array([*accumulate((len(one.pages) for one in found), initial=0)], np.int64)
    pages = np.concatenate([one.pages for one in found])
    shares = np.concatenate([one.shares for one in found])
    return csr(shares, pages, ends, latent.counts.shape[0] if latent else 0)


def _pages(pool: Pool) -> Floats:
    """How like each paper of the history is to each of the pool; worked out once a pool."""
    if _PAGES not in pool.kept:
        pool.kept[_PAGES] = _alike(pool)
    found: Floats = pool.kept[_PAGES]
    return found


def _alike(pool: Pool) -> Floats:
    latent, shape, known = pool.vocabulary.latent, pool.shape, pool.known
    if latent is None or shape is None or known is None:
        return np.zeros((0, len(pool)))
    both = np.flatnonzero(known >= 0)
    words = product(latent.pages[:, known[both]], pool.texts[:, both].T.tocsr())
    alike: Floats = np.maximum(words + latent.pages_shape.alike(shape), 0.0)
    return alike
