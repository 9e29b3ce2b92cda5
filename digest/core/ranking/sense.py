"""Sense: how near a pool's papers are, as a sentence encoder sees them, to what a reader liked and
typed. Without an encoder, and for texts it has not seen, it says nothing."""

from collections.abc import Sequence

import numpy as np

from digest.core.ranking import weights
from digest.core.ranking.encoded import near, paper_text
from digest.core.ranking.pool import Floats, Pool
from digest.core.ranking.reader import LONGEST_LINE, LikedPaper, Line, line


def typed_text(text: str) -> str:
    """What is encoded of a typed line: the line as the ranking knows it."""
    return line(text[:LONGEST_LINE].strip()).text


def with_sense(pool: Pool, papers: Sequence[LikedPaper], alike: Floats) -> Floats:
    """The likeness by words of each of some papers to each of the pool, with what the encoder sees:
    1 for the same subject, never below 0."""
    if pool.encoded is None or pool.sensed is None:
        return np.maximum(alike / weights.SAME_SUBJECT, 0.0)
    liked = pool.encoded.papers([paper_text(one.title, one.abstract) for one in papers])
    both = alike + weights.SENSE_LIKED * near(liked, pool.sensed[0])
    found: Floats = np.maximum(both / weights.SENSE_SUBJECT, 0.0) ** weights.SENSE_POWER
    return found


def near_lines(pool: Pool, lines: Sequence[Line]) -> Floats:
    """What the encoder adds to how well each line fits each paper, never below 0."""
    if pool.encoded is None or pool.sensed is None:
        return np.zeros((len(lines), len(pool)))
    cosines = near(pool.encoded.lines([line.text for line in lines]), pool.sensed[1])
    return weights.SENSE_TYPED * np.maximum(cosines - weights.SENSE_FLOOR, 0.0)
