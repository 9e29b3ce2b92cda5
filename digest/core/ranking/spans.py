"""Spans: which of the words on a typed line brought a paper, in the reader's own writing."""

from collections.abc import Mapping, Sequence
from math import fsum

from digest.core.ranking import weights
from digest.core.ranking.pool import Pool
from digest.core.ranking.reader import LONGEST_PHRASE, Line
from digest.core.ranking.text import phrase
from digest.core.ranking.typed import Found


def spans(
    pool: Pool, line: Line, found: Sequence[Found], part: float, at: int
) -> Mapping[str, float]:
    """A line's part of a paper's score in words; the terms found there share it by what they
    weigh. Neighbours that the paper has together are one span, as the reader wrote it."""
    told = _spans(pool, line, found, at)
    if len(told) == 1:
        return dict.fromkeys(told, part)
    share = part / fsum(told.values())
    return _without_noise({text: share * weight for text, weight in told.items()})


def _without_noise(told: Mapping[str, float]) -> Mapping[str, float]:
    """The words worth naming; what the others add goes to the strongest."""
    strongest = max(told, key=told.__getitem__)
    named = {text: one for text, one in told.items() if one >= weights.NOISE or text == strongest}
    if len(named) < len(told):
        named[strongest] += fsum(told.values()) - fsum(named.values())
    return named


def _spans(pool: Pool, line: Line, found: Sequence[Found], at: int) -> dict[str, float]:
    told: dict[str, float] = {}
    start, end, weight = -1, -1, 0.0
    for term, one in found:
        first, last = line.places[term]
        if last <= end or (
            first <= end and (first == start or _together(pool, line, start, last, at))
        ):
            end, weight = max(end, last), weight + one
            continue
        if weight:
            told[line.written(start, end)] = weight
        start, end, weight = first, last, one
    told[line.written(start, end)] = weight
    return told


def _together(pool: Pool, line: Line, first: int, last: int, at: int) -> bool:
    """Whether a paper has the words from one to another side by side."""
    if len(line.text) > LONGEST_PHRASE and len(whole := line.written(first, last)) > LONGEST_PHRASE:
        return pool.says(at, phrase(whole))
    return pool.says(at, " ".join(line.words[first : last + 1]))
