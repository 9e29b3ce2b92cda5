"""Sketch: all that likeness needs of one paper, whatever it is compared to.

It depends on nothing but the paper's words and the vocabulary, so it is made once and kept, by
programs and in the database. Whole numbers only: a sketch that was stored is the one that was made.
"""

import struct
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from itertools import accumulate, chain, pairwise
from typing import NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from digest.core.ranking import weights
from digest.core.ranking.latent import Shape
from digest.core.ranking.reader import LikedPaper
from digest.core.ranking.sparse import Matrix, csr, unit
from digest.core.ranking.text import counted, words
from digest.core.ranking.vocabulary import COMMON_SHARE, Vocabulary

PART = 32_768  # parts are whole numbers of so many to a row's length
MOST_KEPT = 20_000  # sketches, some 2 kB each
AT_A_TIME = 500
_HEAD = struct.Struct("<IHH")  # terms, directions common and meant

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
    new = unknown(vocabulary, papers)
    for start in range(0, len(new), AT_A_TIME):
        some = new[start : start + AT_A_TIME]
        vocabulary.sketches.update(zip(some, sketched(vocabulary, some), strict=True))
    kept: dict[LikedPaper, Sketch] = vocabulary.sketches
    return [*map(kept.__getitem__, papers)]


def unknown(vocabulary: Vocabulary, papers: Iterable[LikedPaper]) -> list[LikedPaper]:
    """Those of the papers, each once, of which the vocabulary keeps no sketch. Where there is no
    room for them it forgets what it kept: then these are all of the papers."""
    every = dict.fromkeys(papers)
    new = [one for one in every if one not in vocabulary.sketches]
    if not new or len(vocabulary.sketches) + len(new) <= MOST_KEPT:
        return new
    vocabulary.sketches.clear()
    return [*every]


def recall(vocabulary: Vocabulary, stored: Mapping[LikedPaper, bytes]) -> None:
    """Let the vocabulary keep sketches that were stored, so that they are not made again."""
    vocabulary.sketches.update((paper, from_bytes(data)) for paper, data in stored.items())


def key(paper: LikedPaper) -> str:
    """The name of all that a sketch is made from but the vocabulary: another text, another key."""
    recipe = (weights.TITLE, weights.PAIR, weights.RAREST, COMMON_SHARE)
    text = f"{recipe}\0{paper.title}\0{paper.abstract}"
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def to_bytes(sketch: Sketch) -> bytes:
    """The numbers of a sketch, the same on every machine; `keeping.VERSION` is this form's too."""
    head = _HEAD.pack(len(sketch.terms), len(sketch.common), len(sketch.meaning))
    arrays = sketch.terms.astype("<u4"), sketch.parts.astype("<u2"), sketch.common, sketch.meaning
    return b"".join((head, *(one.tobytes() for one in arrays)))


def from_bytes(data: bytes) -> Sketch:
    """What `to_bytes` wrote; ValueError if it is something else."""
    terms, common, meant = _HEAD.unpack(data[: _HEAD.size].ljust(_HEAD.size, b"\xff"))
    parts, seen = _HEAD.size + 4 * terms, _HEAD.size + 6 * terms
    if len(data) != seen + common + meant:
        raise ValueError(f"a stored sketch has {len(data)} bytes, not {seen + common + meant}")
    return Sketch(
        np.frombuffer(data, np.dtype("<u4"), terms, _HEAD.size),
        np.frombuffer(data, np.dtype("<u2"), terms, parts),
        np.frombuffer(data, np.int8, common, seen),
        np.frombuffer(data, np.int8, meant, seen + common),
    )


def numbers(terms: Iterable[str]) -> Numbers:
    """The number by which a sketch knows each term: the same in every process."""
    return np.fromiter(map(crc32, map(str.encode, terms)), np.uint32)


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


def sketched(vocabulary: Vocabulary, papers: Sequence[LikedPaper]) -> list[Sketch]:
    """A new sketch of each of some papers (at least one); nothing is kept."""
    counts = [counted(words(paper.title), words(paper.abstract)) for paper in papers]
    columns = {term: at for at, term in enumerate(dict.fromkeys(chain.from_iterable(counts)))}
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


def _weighed(
    vocabulary: Vocabulary, counts: Sequence[Counter[str]], columns: Mapping[str, int]
) -> Matrix:
    ends = np.array([*accumulate(map(len, counts), initial=0)], np.int64)
    places = map(columns.__getitem__, chain.from_iterable(counts))
    often = chain.from_iterable(row.values() for row in counts)
    telling = np.array(vocabulary.tellings([*columns]), np.float64)
    some = np.fromiter(often, np.float64, ends[-1]), np.fromiter(places, np.int64, ends[-1])
    return unit(csr(*some, ends, len(columns)), telling)


def _seen(
    vocabulary: Vocabulary, texts: Matrix, terms: Sequence[str]
) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
    if vocabulary.latent is None:
        nothing = np.zeros((texts.shape[0], 0), np.int8)
        return nothing, nothing
    seen = vocabulary.latent.shape(texts, vocabulary.latent.places(terms))
    return seen.common.astype(np.int8), seen.meaning.astype(np.int8)
