"""Spans: which of the words on a typed line brought a paper, in the reader's own writing."""

from collections.abc import Iterator, Sequence
from math import fsum

from digest.core.ranking import weights
from digest.core.ranking.pool import Pool
from digest.core.ranking.reader import LONGEST_PHRASE, Line
from digest.core.ranking.text import folded, phrase, singular
from digest.core.ranking.typed import Found

Weighed = tuple[str, float]


def told(pool: Pool, line: Line, found: Sequence[Found], part: float, at: int) -> Sequence[Weighed]:
    """A line's part of a paper's score in words; the terms found there share it by what they
    weigh."""
    share = part / fsum(weight for _, weight in found)
    if len(found) == 1:
        [(term, weight)] = found
        return [(line.written(*line.places[term]), share * weight)]
    spans = _spans(pool, line, found, at)
    return _without_noise([(text, share * weight) for text, weight in spans])


def _without_noise(told: Sequence[Weighed]) -> Sequence[Weighed]:
    """The words worth naming; what the others add goes to the strongest."""
    if len(told) == 1:
        return told
    strongest, most = max(told, key=lambda one: one[1])
    named = [one for one in told if one[1] >= weights.NOISE and one[0] != strongest]
    rest = fsum(weight for _, weight in told) - fsum(weight for _, weight in named)
    return [(strongest, max(rest, most)), *named]


def _spans(pool: Pool, line: Line, found: Sequence[Found], at: int) -> Iterator[Weighed]:
    """The terms found, as the reader wrote them: neighbours that the paper has together are one."""
    start, end, weight = 0, -1, 0.0
    for term, one in found:
        first, last = line.places[term]
        if last <= end or (
            first <= end and (first == start or _together(pool, line, start, last, at))
        ):
            end, weight = max(end, last), weight + one
            continue
        if weight:
            yield line.written(start, end), weight
        start, end, weight = first, last, one
    yield line.written(start, end), weight


def _together(pool: Pool, line: Line, first: int, last: int, at: int) -> bool:
    """Whether a paper has the words from one to another side by side."""
    whole = line.written(first, last)
    if len(whole) > LONGEST_PHRASE:
        return pool.says(at, phrase(whole))
    between = line.parts[2 * first + 1 : 2 * last + 2 : 2]
    return pool.says(at, " ".join(map(singular, map(folded, between))))
