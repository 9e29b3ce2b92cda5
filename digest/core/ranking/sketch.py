"""Sketch: all that likeness needs of one paper, whatever it is compared to.

It depends on nothing but the paper's words and the vocabulary, so it is made once and kept. Whole
numbers only: a sketch that was stored is the one that was made.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from digest.core.ranking.latent import Shape
from digest.core.ranking.reader import LikedPaper
from digest.core.ranking.sparse import Matrix, csr, matrix, unit
from digest.core.ranking.text import counted, words
from digest.core.ranking.vocabulary import Vocabulary

PART = 32_768  # parts are whole numbers of so many to a row's length
MOST_KEPT = 20_000  # sketches, some 2 kB each
AT_A_TIME = 500

Numbers = NDArray[np.uint32]


class Sketch(NamedTuple):
    """A paper's terms by number, ascending, with the part of each in a row of length 1; and the
    paper as the latent directions see it (a `Shape` of one row), empty where none were learnt."""

    terms: Numbers
    parts: NDArray[np.uint16]
    common: NDArray[np.int8]
    meaning: NDArray[np.int8]


def sketches(vocabulary: Vocabulary, papers: Sequence[LikedPaper]) -> list[Sketch]:
    """A sketch of each paper; kept by the vocabulary, for many speak of the same."""
    kept: dict[LikedPaper, Sketch] = vocabulary.sketches
    if len(kept) + len(papers) > MOST_KEPT:
        kept.clear()
    new = [*dict.fromkeys(paper for paper in papers if paper not in kept)]
    for start in range(0, len(new), AT_A_TIME):
        some = new[start : start + AT_A_TIME]
        kept.update(zip(some, _sketched(vocabulary, some), strict=True))
    return [*map(kept.__getitem__, papers)]


def numbers(terms: Iterable[str]) -> Numbers:
    """The number by which a sketch knows each term: the same in every process."""
    return np.fromiter((crc32(term.encode()) for term in terms), np.uint32)


def rows(found: Sequence[Sketch], known: Numbers, columns: NDArray[np.int64], width: int) -> Matrix:
    """Sketches as rows of a matrix: of the known terms (ascending), each in its column."""
    terms = np.concatenate([one.terms for one in found])
    parts = np.concatenate([one.parts for one in found])
    ends = np.array([*accumulate((len(one.terms) for one in found), initial=0)], np.int64)
    spots = np.minimum(np.searchsorted(known, terms), max(len(known) - 1, 0))
    here = known[spots] == terms if len(known) else np.zeros(len(terms), np.bool_)
    kept = np.concatenate(([0], np.cumsum(here)))[ends]
    return csr(parts[here] / PART, columns[spots[here]], kept, width)


def shape(found: Sequence[Sketch]) -> Shape:
    """Sketches as the latent directions see them, a row each."""
    return Shape(
        np.array([one.common for one in found], np.float32),
        np.array([one.meaning for one in found], np.float32),
    )


def _sketched(vocabulary: Vocabulary, papers: Sequence[LikedPaper]) -> list[Sketch]:
    counts = [counted(words(paper.title), words(paper.abstract)) for paper in papers]
    columns = {term: at for at, term in enumerate(dict.fromkeys(_terms(counts)))}
    texts = _weighed(vocabulary, counts, columns)
    common, meaning = _seen(vocabulary, texts, [*columns])
    named = numbers(columns)[texts.indices]
    parts = np.round(texts.data * PART).astype(np.uint16)
    found = []
    for at, (start, end) in enumerate(pairwise(texts.indptr.tolist())):
        order = np.argsort(named[start:end], kind="stable")
        terms = named[start:end][order]
        found.append(Sketch(terms, parts[start:end][order], common[at], meaning[at]))
    return found


def _terms(counts: Iterable[Counter[str]]) -> Iterable[str]:
    return (term for row in counts for term in row)


def _weighed(
    vocabulary: Vocabulary, counts: Sequence[Counter[str]], columns: dict[str, int]
) -> Matrix:
    rows = [{columns[term]: number for term, number in row.items()} for row in counts]
    telling = np.array(vocabulary.tellings([*columns]), np.float64)
    return unit(matrix(rows, len(columns)), telling)


def _seen(
    vocabulary: Vocabulary, texts: Matrix, terms: Sequence[str]
) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
    if vocabulary.latent is None:
        nothing = np.zeros((texts.shape[0], 0), np.int8)
        return nothing, nothing
    seen = vocabulary.latent.shape(texts, vocabulary.latent.places(terms))
    return seen.common.astype(np.int8), seen.meaning.astype(np.int8)
