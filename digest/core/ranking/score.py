"""Scores of a shard: one matrix per reader, a row for each cause in the profile, a column for
each paper. A paper's score is the sum of its column, and its reasons are that column's numbers.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import islice

import numpy as np

from digest.core.edition import ReasonKind
from digest.core.ranking import weights
from digest.core.ranking.names import agree, agree_in_full, name
from digest.core.ranking.pool import Floats, Pool
from digest.core.ranking.reader import LikedPaper, Line, Model, Reader, read, terms_of
from digest.core.ranking.sparse import Matrix, matrix, product, rows_of, unit
from digest.core.ranking.text import fold
from digest.core.ranking.vocabulary import Vocabulary
from digest.core.ranking.words import COMMON_WORDS

# Numbers are compared after rounding: the last bits of a logarithm differ between machines.
DIGITS = 6
_POINTED = (ReasonKind.INTEREST, ReasonKind.KEYWORD, ReasonKind.LIKED, ReasonKind.AUTHOR)


@dataclass(frozen=True, slots=True)
class Cause:
    """Something in a profile (or the votes) that can raise a paper; `line` where it was typed."""

    kind: ReasonKind
    text: str = ""
    line: Line | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """A reader's scores of a pool: `parts` (causes x papers), their sums, and how well each
    interest fits each paper by itself. `pointed` leaves out categories, `personal` only votes."""

    model: Model
    causes: tuple[Cause, ...]
    parts: Floats
    total: Floats
    pointed: Floats
    personal: Floats
    fits: Floats


def score(pool: Pool, readers: Sequence[Reader]) -> Iterator[Scores]:
    """The scores of each reader, in order; what a reader gets does not depend on the others."""
    models = [read(reader) for reader in readers]
    interests = _fits(pool, [one for model in models for one in model.interests])
    keywords = _fits(pool, [one for model in models for one in model.keywords])
    likeness = _likeness(pool, [paper for model in models for paper in model.liked])
    dislikeness = _likeness(pool, [paper for model in models for paper in model.disliked])
    rows = _Rows(pool)
    for model in models:
        fits = _take(interests, len(model.interests), pool)
        typed = _take(keywords, len(model.keywords), pool)
        alike = _take(likeness, len(model.liked), pool)
        left = _left(_take(dislikeness, len(model.disliked), pool))
        yield _scores(pool, model, rows, fits * left, typed, alike, left)


class _Rows:
    """Rows that many readers share, each made once for a shard."""

    def __init__(self, pool: Pool) -> None:
        self.phrase: Callable[[str], Floats] = lru_cache(None)(partial(_phrase_row, pool))
        self.author: Callable[[str], Floats] = lru_cache(None)(partial(_author_row, pool))
        self.category: Callable[[str], Floats] = lru_cache(None)(partial(_category_row, pool))
        self.worth: Callable[[Line], float] = lru_cache(None)(partial(worth, pool.vocabulary))


def _scores(
    pool: Pool,
    model: Model,
    rows: _Rows,
    fits: Floats,
    typed: Floats,
    alike: Floats,
    left: Floats,
) -> Scores:
    """`left` is what each paper keeps of its score; the fits have lost the rest already."""
    keywords = [
        rows.worth(line)
        * (weights.KEYWORD_WORDS * words + weights.KEYWORD_PHRASE * rows.phrase(line.phrase))
        for line, words in zip(model.keywords, typed, strict=True)
    ]
    others = [
        *keywords,
        _closest(alike),
        *map(rows.author, model.authors),
        *map(rows.category, map(fold, model.categories)),
        weights.VOTES * pool.votes,
        weights.RISING * pool.rise,
    ]
    parts = np.vstack([_best_counts(fits), np.vstack(others) * left])
    parts[:-2][parts[:-2] < weights.NOISE] = 0.0
    causes = tuple(_causes(model))
    pointed = np.array([cause.kind in _POINTED for cause in causes], dtype=np.float64)
    return Scores(
        model=model,
        causes=causes,
        parts=parts,
        total=_sum(parts),
        pointed=_sum(parts[pointed > 0]),
        personal=_sum(parts[:-2]),
        fits=fits,
    )


def _causes(model: Model) -> Iterator[Cause]:
    """What each row stands for, in the rows' order."""
    yield from (Cause(ReasonKind.INTEREST, one.text, one) for one in model.interests)
    yield from (Cause(ReasonKind.KEYWORD, one.text, one) for one in model.keywords)
    yield from (Cause(ReasonKind.LIKED, one.title) for one in model.liked)
    yield from (Cause(ReasonKind.AUTHOR, one) for one in model.authors)
    yield from (Cause(ReasonKind.CATEGORY, one) for one in model.categories)
    yield from (Cause(ReasonKind.VOTES), Cause(ReasonKind.RISING))


def _sum(parts: Floats) -> Floats:
    """The columns' sums, row after row, so that the order of adding is fixed."""
    total = np.zeros(parts.shape[1])
    for row in parts:
        total += row
    return np.round(total, DIGITS)


def _take(rows: Iterator[Floats], count: int, pool: Pool) -> Floats:
    return np.array([*islice(rows, count)], dtype=np.float64).reshape(count, len(pool))


def _fits(pool: Pool, lines: Sequence[Line]) -> Iterator[Floats]:
    """How well each line fits each paper: about 1 for a paper full of its rarest terms."""
    queries = (_query(pool.vocabulary, line) for line in lines)
    return iter(product(rows_of(queries, pool.columns), pool.typed))


def _query(vocabulary: Vocabulary, line: Line) -> dict[str, float]:
    full = _full_match(vocabulary, line)
    return {place.term: 1 / full for place in line.terms}


def _full_match(vocabulary: Vocabulary, line: Line) -> float:
    """What a paper scores that is full of a line's rarest terms; never as little as that of
    common words only, so that these alone are no match."""
    rarities = (vocabulary.rarity(place.term) for place in line.terms)
    masses = sorted(map(_mass, rarities), reverse=True)
    least = _mass(vocabulary.greatest * weights.LEAST_RARITY)
    return max(sum(masses[: weights.FULL_MATCH_TERMS]), least)


def _mass(rarity: float) -> float:
    """What a typed term weighs in a paper that is full of it."""
    return float(rarity**weights.RARE)


def worth(vocabulary: Vocabulary, keyword: Line) -> float:
    """What a keyword's full match weighs: 1 for the rarest, little for words all abstracts have."""
    if all(word in COMMON_WORDS for word in keyword.phrase.split()):
        return weights.COMMON_KEYWORD
    rarest = max((vocabulary.rarity(place.term) for place in keyword.terms), default=0.0)
    share = rarest / vocabulary.greatest
    return weights.LEAST_KEYWORD + (1 - weights.LEAST_KEYWORD) * share


def _likeness(pool: Pool, papers: Sequence[LikedPaper]) -> Iterator[Floats]:
    """How like each liked paper is to each paper of the pool: 1 for the same subject."""
    rows = {paper: at for at, paper in enumerate(dict.fromkeys(papers))}
    found = product(_vectors(pool, list(rows)), pool.texts.T.tocsr())
    scaled: Floats = found / weights.SAME_SUBJECT
    return (scaled[rows[paper]] for paper in papers)


def _vectors(pool: Pool, papers: Sequence[LikedPaper]) -> Matrix:
    """Liked papers in the pool's columns. Terms that the pool lacks count for the length only."""
    others: dict[str, int] = {}
    rows = [
        {_column(pool, others, term): count for term, count in terms_of(paper).items()}
        for paper in papers
    ]
    known = len(pool.columns)
    rarity = np.array([pool.vocabulary.rarity(term) for term in others], dtype=np.float64)
    counts = matrix(rows, known + len(others))
    return unit(counts, np.concatenate([pool.rarity, rarity]))[:, :known]


def _column(pool: Pool, others: dict[str, int], term: str) -> int:
    """A term's column in the pool, else one behind them."""
    known = pool.columns.get(term)
    return len(pool.columns) + others.setdefault(term, len(others)) if known is None else known


def _best_counts(fits: Floats) -> Floats:
    """Each paper's best interest counts in full, the others only enough to part equals."""
    if len(fits) == 0:
        return fits
    shares = np.full(fits.shape, weights.OTHER_INTEREST)
    shares[np.argmax(fits, axis=0), np.arange(fits.shape[1])] = weights.INTEREST
    counted: Floats = fits * shares
    return counted


def _closest(alike: Floats) -> Floats:
    """The likes closest to each paper count, the closest most; the others not at all."""
    parts = np.zeros_like(alike)
    order = np.argsort(-alike, axis=0, kind="stable")
    papers = np.arange(alike.shape[1])
    for place, share in zip(order, weights.CLOSEST, strict=False):
        parts[place, papers] = weights.LIKED * share * alike[place, papers]
    return parts


def _left(alike: Floats) -> Floats:
    """What is left of each paper's score, 1 where nothing is like a paper that was not for the
    reader: the closest of those count, the closest most, as with likes.

    Rocchio subtracts the unwanted; here it divides, so that what remains is still the sum of its
    reasons, and never negative.
    """
    against = _closest(alike).sum(axis=0) / weights.LIKED if len(alike) else 0.0
    left: Floats = 1 / (1 + weights.DISLIKED * np.broadcast_to(against, alike.shape[1:]))
    return left


def _phrase_row(pool: Pool, phrase: str) -> Floats:
    """1 where a phrase stands in the title, somewhat less where only in the rest."""
    row = np.zeros(len(pool))
    for at in pool.with_phrase(phrase):
        in_title = f" {phrase} " in pool.titles[at]
        row[at] = 1.0 if in_title else weights.PHRASE_IN_ABSTRACT
    return row


def _author_row(pool: Pool, author: str) -> Floats:
    row = np.zeros(len(pool))
    followed = name(author)
    for at, found in pool.written_by.get(followed.family, ()):
        if agree(followed, found):
            sure = agree_in_full(followed, found)
            row[at] = max(row[at], weights.AUTHOR if sure else weights.AUTHOR_BY_INITIAL)
    return row


def _category_row(pool: Pool, category: str) -> Floats:
    """A paper's first category is its own, the others are cross-lists."""
    row = np.zeros(len(pool))
    for at, found in enumerate(pool.categories):
        covered = [covers(category, one) for one in found]
        if any(covered):
            row[at] = weights.CATEGORY if covered[0] else weights.CROSS_LISTED
    return row


def covers(category: str, other: str) -> bool:
    """Whether a folded category is another or an archive that holds it: "cs" holds "cs.cl"."""
    return other == category or other.startswith(f"{category}.")
