"""Latent: what the history teaches about which papers are alike, beyond the words they share.

The directions in which the papers of the history differ most are found once a week (a truncated
singular value decomposition of their weighed terms). They do two things. What all papers have in
common says little about two of them: the strongest directions count less, as they do in a linear
classifier that was fitted against the history. And papers that say the same in other words lie
near one another: the cosine in these directions is added.

Source: the first is ridge regression with a prior from unlabelled examples (exemplar LDA;
Hariharan, Malik, Ramanan 2012), the second latent semantic analysis (Deerwester et al. 1990); the
decomposition by random projection, Halko, Martinsson, Tropp 2011, 4.4.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from digest.core.ranking import weights
from digest.core.ranking.sparse import Matrix, product, rows_of, saturated, unit

Small = NDArray[np.float32]  # whole numbers: their products add up exactly, in any order

DIMENSIONS = 200
PAPERS_FOR_EACH = 15  # fewer papers teach fewer directions
FEWEST_DIRECTIONS = 10
FEWEST_PAPERS = PAPERS_FOR_EACH * FEWEST_DIRECTIONS
HISTORY = 4_000  # papers; of more, what they have in common counts as it does of so many
STEP = 254.0  # numbers to half above or below zero, in whole steps of a byte
AT_A_TIME = 100  # papers: the directions of their terms are some 10 MB
_ROUNDS = 4


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """Some papers as the latent directions see them, a row each: `common` is what is taken from
    their likeness, `meaning` (rows of length 1) what is added. In whole steps."""

    common: Small
    meaning: Small

    def alike(self, other: "Shape") -> NDArray[np.float64]:
        """What the directions add to the likeness of each paper to each of the other's."""
        added = weights.MEANING * (self.meaning @ other.meaning.T).astype(np.float64)
        taken = weights.TAKEN * (self.common @ other.common.T).astype(np.float64)
        found: NDArray[np.float64] = (added - taken) / STEP**2
        return found


@dataclass(frozen=True, eq=False)
class Latent:
    """The directions (terms x directions, of the terms in `columns`), the share of each that is
    common, the mean paper, and the papers they were learnt from (papers x terms, counts) with the
    fields they are `filed` under, none where that is unknown. `tellings` and `masses` weigh the
    terms, as the vocabulary says."""

    columns: Mapping[str, int]
    tellings: NDArray[np.float64]
    masses: NDArray[np.float64]
    directions: NDArray[np.float16]
    common: NDArray[np.float64]
    mean: NDArray[np.float64]
    counts: Matrix
    filed: Sequence[Sequence[str]]

    def __len__(self) -> int:
        return len(self.columns)

    def places(self, terms: Sequence[str]) -> NDArray[np.int64]:
        """The row of each term in the directions, -1 for one that was not learnt."""
        return np.array([self.columns.get(term, -1) for term in terms], dtype=np.int64)

    def shape(self, texts: Matrix, places: NDArray[np.int64]) -> Shape:
        """Papers (rows of weighed terms) as the directions see them; `places` are the terms'."""
        parts = range(0, texts.shape[0], AT_A_TIME)
        found = [self._seen(texts[start : start + AT_A_TIME], places) for start in parts]
        seen = np.concatenate(found) if found else np.zeros((0, self.directions.shape[1]))
        centred = seen - self.mean
        return Shape(_steps(seen * np.sqrt(self.common)), _steps(_unit(centred)))

    def meaning(self, terms: Sequence[tuple[str, float]]) -> Small | None:
        """Typed terms with their rarity as one row of a `Shape`; None if none was learnt."""
        known = [(at, by) for term, by in terms if (at := self.columns.get(term)) is not None]
        if not known:
            return None
        places, rarities = zip(*known, strict=True)
        summed = np.array(rarities) @ self.directions[[*places]].astype(np.float64)
        row: Small = _steps(_unit(summed[None, :]))[0]
        return row

    def _seen(self, texts: Matrix, places: NDArray[np.int64]) -> NDArray[np.float64]:
        """A few papers along the directions; of these only what the papers have terms of."""
        own = np.unique(texts.indices)
        known = own[places[own] >= 0]
        return product(texts[:, known], self.directions[places[known]].astype(np.float64))

    @cached_property
    def pages(self) -> Matrix:
        """The papers that were learnt from, as likeness weighs their terms."""
        return unit(self.counts, self.tellings)

    @cached_property
    def pages_shape(self) -> Shape:
        return self.shape(self.pages, np.arange(len(self.columns)))

    @cached_property
    def typed(self) -> Matrix:
        """The same as words typed weigh them (terms x papers)."""
        return saturated(self.counts, self.masses, weights.SATURATION, weights.LENGTH).T.tocsr()


def learn(
    counts: Sequence[Counter[str]],
    columns: Sequence[str],
    tellings: Sequence[float],
    masses: Sequence[float],
    filed: Sequence[Sequence[str]],
) -> Latent | None:
    """Learn from the terms of papers; None from too few. The same papers teach the same."""
    dimensions = min(DIMENSIONS, len(counts) // PAPERS_FOR_EACH)
    if dimensions < FEWEST_DIRECTIONS:
        return None
    places = {term: at for at, term in enumerate(columns)}
    told, weighed = np.array(tellings, np.float64), np.array(masses, np.float64)
    rows = rows_of(counts, places)
    texts = unit(rows, told)
    strengths, directions = _decompose(texts, dimensions)
    kept = directions.astype(np.float16)  # as they are stored
    common = weights.COMMON * strengths**2 * min(HISTORY / len(counts), 1.0)
    mean = product(texts, kept.astype(np.float64)).mean(axis=0)
    return Latent(places, told, weighed, kept, common / (1 + common), mean, rows, filed)


def _decompose(rows: Matrix, dimensions: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The greatest singular values of the rows and their directions (columns x dimensions)."""
    start = np.random.default_rng(0).standard_normal((rows.shape[0], dimensions + 10))
    across = rows.T.tocsr()
    for _ in range(_ROUNDS):
        start, _ = np.linalg.qr(rows @ (across @ start))
    short = (across @ start).T
    values, turned = np.linalg.eigh(short @ short.T)
    order = np.argsort(-values)[:dimensions]
    strengths = np.sqrt(np.maximum(values[order], 1e-12))
    return strengths, (short.T @ turned[:, order]) / strengths


def _unit(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    lengths = np.sqrt((rows * rows).sum(axis=1, keepdims=True))
    scaled: NDArray[np.float64] = rows / np.maximum(lengths, 1e-9)
    return scaled


def _steps(numbers: NDArray[np.float64]) -> Small:
    return np.clip(np.round(numbers * STEP), -127, 127).astype(np.float32)
