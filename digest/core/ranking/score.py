"""Scores of a shard: one matrix for all its readers, a row for each cause in their profiles, a
column for each paper. A reader's score of a paper is the sum of the reader's rows there, and the
reasons are these numbers.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import TypeVar

import numpy as np

from digest.core.ranking import weights
from digest.core.ranking.bars import muted_by
from digest.core.ranking.causes import (
    AUTHOR,
    CATEGORY,
    INTEREST,
    KEYWORD,
    LIKED,
    Causes,
    causes_of,
)
from digest.core.ranking.likeness import Likes, likes
from digest.core.ranking.names import agree, agree_in_full, name
from digest.core.ranking.pool import Floats, Marks, Places, Pool
from digest.core.ranking.reader import Model, Reader, read
from digest.core.ranking.sense import typed_with_sense
from digest.core.ranking.sparse import sums
from digest.core.ranking.text import fold
from digest.core.ranking.typed import Typed, typed

T = TypeVar("T", bound=Hashable)

# Numbers are compared after rounding: the last bits of a logarithm differ between machines.
DIGITS = 6


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """The scores of a shard's readers (readers x papers): `total`, `personal` without the votes,
    `pointed` also without categories.

    `parts` (causes x papers) are what they are the sums of, beside the votes; `whole` (keywords x
    papers) is above 0 where a keyword stands as a whole. `swayed` is how much votes count for each
    reader (1 for most). `left` is what each paper keeps of its score, None if all of them keep all.
    `home` is the interest that fits a paper best and `best` how well, for readers with several
    interests.
    """

    models: Sequence[Model]
    causes: Causes
    typed: Typed
    likes: Likes
    parts: Floats
    whole: Floats
    left: Floats | None
    swayed: Floats
    total: Floats
    personal: Floats
    pointed: Floats
    home: Places
    best: Floats


def score(pool: Pool, readers: Sequence[Reader]) -> Scores:
    """The scores of readers; what one of them gets does not depend on the others."""
    models = [*map(read, readers)]
    causes = causes_of(models, "interests", "keywords", "liked", "authors", "categories")
    lines = typed(pool, [*causes.of_kind[INTEREST], *causes.of_kind[KEYWORD]])
    left = _left(pool, models)
    whole = _marked(pool, [one.phrase for one in causes.of_kind[KEYWORD]], pool.with_phrase)
    liked = likes(pool, causes.of_kind[LIKED])
    parts = _parts(pool, causes, lines, liked, whole)
    if left is not None:
        parts *= left[causes.owners]
    home, best = _best_counts(causes, parts[causes.rows(INTEREST)])
    parts[parts < weights.NOISE] = 0.0
    personal = sums(parts, *causes.by_owner())
    swayed = np.array([model.votes for model in models])
    trend = swayed[:, None] * (pool.popularity[0] + pool.popularity[1])
    trend = trend if left is None else trend * left
    return Scores(
        models=models,
        causes=causes,
        typed=lines,
        likes=liked,
        parts=parts,
        whole=whole,
        left=left,
        swayed=swayed,
        total=np.round(personal + trend, DIGITS),
        personal=np.round(personal, DIGITS),
        pointed=np.round(sums(parts, *causes.by_owner(CATEGORY)), DIGITS),
        home=home,
        best=best,
    )


def _parts(pool: Pool, causes: Causes, lines: Typed, liked: Likes, whole: Floats) -> Floats:
    """What each cause gives each paper by itself; of the interests, how well they fit."""
    parts = np.concatenate(
        [
            typed_with_sense(pool, lines.lines, lines.fits(pool)),
            weights.LIKED * liked.means(),
            _marked(pool, causes.of_kind[AUTHOR], partial(_author, pool)),
            _marked(pool, causes.of_kind[CATEGORY], partial(_category, pool)),
        ]
    )
    keywords = parts[causes.rows(KEYWORD)]
    keywords *= weights.KEYWORD_WORDS
    keywords += weights.KEYWORD_PHRASE * whole
    keywords *= lines.worth(pool.vocabulary.greatest, causes.starts[KEYWORD])[:, None]
    return parts


def _best_counts(causes: Causes, fits: Floats) -> tuple[Places, Floats]:
    """Each paper's best interest counts in full, the others only enough to part equals; which is
    the best and how well it fits, of readers with several."""
    home = np.zeros((causes.readers, fits.shape[1]), dtype=np.int64)
    best = np.zeros((causes.readers, fits.shape[1]))
    for readers, rows in causes.by_count(INTEREST):
        if rows.shape[1] > 1:
            some = fits[rows]
            first = np.argmax(some, axis=1)
            most = np.take_along_axis(some, first[:, None], axis=1)
            some *= weights.OTHER_INTEREST
            np.put_along_axis(some, first[:, None], most * weights.INTEREST, axis=1)
            fits[rows], home[readers], best[readers] = some, first, most[:, 0]
    return home, best


def _left(pool: Pool, models: Sequence[Model]) -> Floats | None:
    """What is left of each paper's score, 1 where nothing speaks against it: no likeness to a paper
    that was not for the reader, no muted phrase that the reader's own likes contain.

    Rocchio subtracts the unwanted; here it divides, so that what remains is still the sum of its
    reasons, and never negative.
    """
    against = causes_of(models, "disliked", "doubted")
    if not len(against.owners):
        return None
    left = np.ones((len(models), len(pool)))
    owners = against.owners[against.rows(0)]
    left[owners] /= 1 + weights.DISLIKED * likes(pool, against.of_kind[0]).means()
    for owner, text in zip(against.owners[against.rows(1)], against.of_kind[1], strict=True):
        left[owner, muted_by(pool, text)] *= weights.DOUBTED
    return left


def _marked(pool: Pool, wanted: Sequence[T], marks: Callable[[T], Marks]) -> Floats:
    """A row for each thing wanted; what several want is looked up once."""
    places = {one: at for at, one in enumerate(dict.fromkeys(wanted))}
    found = [*map(marks, places)]
    rows = np.zeros((len(found), len(pool)))
    spots = np.repeat(np.arange(len(found)), [*map(len, found)])
    columns = np.fromiter(chain.from_iterable(found), np.int64, len(spots))
    numbers = chain.from_iterable(one.values() for one in found)
    rows[spots, columns] = np.fromiter(numbers, np.float64, len(spots))
    return rows if len(places) == len(wanted) else rows[[places[one] for one in wanted]]


def _author(pool: Pool, author: str) -> Marks:
    found: dict[int, float] = {}
    followed = name(author)
    for at, other in pool.written_by.get(followed.family, ()):
        if agree(followed, other):
            sure = agree_in_full(followed, other)
            weight = weights.AUTHOR if sure else weights.AUTHOR_BY_INITIAL
            found[at] = max(found.get(at, 0.0), weight)
    return found


def _category(pool: Pool, category: str) -> Marks:
    found: dict[int, float] = {}
    asked = fold(category)
    for other, papers in pool.filed_under.items():
        if covers(asked, other):
            found |= {at: max(found.get(at, 0.0), weight) for at, weight in papers.items()}
    return found


def covers(category: str, other: str) -> bool:
    """Whether a folded category is another or an archive that holds it: "cs" holds "cs.cl"."""
    return other == category or other.startswith(f"{category}.")
