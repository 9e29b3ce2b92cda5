"""Sense: how near a pool's papers are, as a sentence encoder sees them, to what a reader liked and
typed. Without an encoder, and for texts it has not seen, it says nothing."""

from collections.abc import Sequence

import numpy as np

from digest.core.ranking import weights
from digest.core.ranking.encoded import known, near, paper_text
from digest.core.ranking.pool import Floats, Pool
from digest.core.ranking.reader import LONGEST_LINE, LikedPaper, Line, line


def typed_text(text: str) -> str:
    """What is encoded of a typed line: the line as the ranking knows it."""
    return line(text[:LONGEST_LINE].strip()).text


def with_sense(pool: Pool, papers: Sequence[LikedPaper], alike: Floats) -> Floats:
    """The likeness by words of each of some papers to each of the pool, with what the encoder sees:
    1 for the same subject, never below 0."""
    by_words: Floats = np.maximum(alike / weights.SAME_SUBJECT, 0.0)
    if pool.encoded is None or pool.sensed is None:
        return by_words
    liked = pool.encoded.papers([paper_text(one.title, one.abstract) for one in papers])
    beyond = near(liked.plain, pool.sensed.plain) - weights.SENSE_ANY
    apart = near(liked.apart, pool.sensed.apart)
    both = alike + weights.SENSE_LIKED * apart + weights.SENSE_PLAIN * beyond
    found = np.maximum(both / weights.SENSE_SUBJECT, 0.0)
    seen = known(liked.plain)[:, None] & known(pool.sensed.plain)
    # Near to a few counts for more than a little like all; a root is the same on all machines.
    return np.where(seen, found * np.sqrt(found), by_words)


def typed_with_sense(pool: Pool, lines: Sequence[Line], fits: Floats) -> Floats:
    """How well each line fits each paper by its words, with what the encoder sees: a paper may fit
    without any of the words, and less with words that mean something else; never below 0."""
    if pool.encoded is None or pool.sensed is None:
        return fits
    asked = pool.encoded.lines([line.text for line in lines])
    beyond = near(asked, pool.sensed.beside) - weights.SENSE_FLOOR
    seen = known(asked)[:, None] & known(pool.sensed.beside)
    return np.where(seen, np.maximum(fits + weights.SENSE_TYPED * beyond, 0.0), fits)
