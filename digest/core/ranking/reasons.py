"""Why a paper scored what it did: the numbers of its column, in words the reader knows."""

from collections.abc import Iterable, Iterator, Sequence
from math import fsum

from digest.core.edition import Reason, ReasonKind
from digest.core.ranking import weights
from digest.core.ranking.names import agree, name
from digest.core.ranking.pool import Pool
from digest.core.ranking.reader import Line, Place
from digest.core.ranking.score import Cause, Scores, covers
from digest.core.ranking.text import fold, phrase

# A weight is stored; more digits differ between machines.
_DIGITS = 9


def reasons(pool: Pool, scores: Scores, at: int) -> tuple[Reason, ...]:
    """All reasons of one paper's score, strongest first; their weights sum to the score."""
    total = float(scores.total[at])
    found: dict[tuple[ReasonKind, str], float] = {}
    column: list[float] = scores.parts[:, at].tolist()
    for cause, part in zip(scores.causes, column, strict=True):
        for text, weight in _told(pool, cause, part, at) if part > 0 else ():
            found[cause.kind, text] = found.get((cause.kind, text), 0.0) + weight
    # The score was rounded, the parts were not.
    exact = total / (fsum(found.values()) or 1.0)
    told = [
        Reason(kind, text, rounded)
        for (kind, text), weight in found.items()
        if (rounded := round(weight * exact, _DIGITS)) > 0
    ]
    return tuple(sorted(told, key=lambda reason: (-reason.weight, reason.kind, reason.text)))


def _told(pool: Pool, cause: Cause, part: float, at: int) -> Iterable[tuple[str, float]]:
    """A part of a score in words; a typed line tells which of its words did it."""
    candidate = pool.candidates[at]
    match cause.kind:
        case ReasonKind.INTEREST | ReasonKind.KEYWORD if cause.line:
            return _typed(pool, cause, cause.line, part, at)
        case ReasonKind.AUTHOR:
            return [(_author(cause.text, candidate.paper.authors), part)]
        case ReasonKind.CATEGORY:
            return [(_category(cause.text, candidate.paper.categories), part)]
        case ReasonKind.VOTES:
            return [(str(candidate.paper.votes), part)]
        case ReasonKind.RISING:
            return [(f"{candidate.votes_before} → {candidate.paper.votes}", part)]
    return [(cause.text, part)]


def _author(followed: str, authors: Sequence[str]) -> str:
    return next(one for one in authors if agree(name(followed), name(one)))


def _category(asked: str, categories: Sequence[str]) -> str:
    return next(one for one in categories if covers(fold(asked), fold(one)))


def _typed(
    pool: Pool, cause: Cause, line: Line, part: float, at: int
) -> Iterable[tuple[str, float]]:
    """A keyword that stands in the paper as a whole is named as a whole; else what stands there."""
    if cause.kind is ReasonKind.KEYWORD and pool.says(at, line.phrase):
        return [(line.text, part)]
    weighed = pool.typed_weights(at, [place.term for place in line.terms])
    found = [(place, one) for place, one in zip(line.terms, weighed, strict=True) if one > 0]
    share = part / fsum(one for _, one in found)
    told = [(text, share * weight) for text, weight in _spans(pool, line, found, at)]
    return _without_noise(told)


def _without_noise(told: Sequence[tuple[str, float]]) -> Iterable[tuple[str, float]]:
    """The words worth naming; what the others add goes to the strongest."""
    strongest, most = max(told, key=lambda one: one[1])
    named = [one for one in told if one[1] >= weights.NOISE and one[0] != strongest]
    rest = fsum(weight for _, weight in told) - fsum(weight for _, weight in named)
    return [(strongest, max(rest, most)), *named]


def _spans(
    pool: Pool, line: Line, found: Sequence[tuple[Place, float]], at: int
) -> Iterator[tuple[str, float]]:
    """The terms found, as the reader wrote them: neighbours that the paper has together are one."""
    start, end, weight = 0, 0, 0.0
    for place, one in found:
        whole = line.text[start : place.end]
        if (
            place.end <= end
            or place.start == start < end
            or (place.start < end and pool.says(at, phrase(whole)))
        ):
            end, weight = max(end, place.end), weight + one
            continue
        if end:
            yield line.text[start:end], weight
        start, end, weight = place.start, place.end, one
    if end:
        yield line.text[start:end], weight
