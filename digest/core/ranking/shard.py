"""Rank a shard of readers: scores by matrix products, then each reader's choice and its reasons."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import chain, islice

import numpy as np

from digest.core.edition import Pick, Reason, Section
from digest.core.ranking import weights
from digest.core.ranking.bars import Muted, bars, muted_by
from digest.core.ranking.evidence import Picked
from digest.core.ranking.front import best_first
from digest.core.ranking.pool import Pool
from digest.core.ranking.reader import Reader
from digest.core.ranking.reasons import reasons
from digest.core.ranking.score import Scores, score
from digest.core.ranking.select import Choice, select

MOST_CELLS = 4_000_000  # causes x papers that are scored at a time: 32 MB


@dataclass(frozen=True, slots=True)
class Explanation:
    """Where one paper stood for one reader, picked or not.

    `rank` (from 1) is its place among the `scored` papers that nothing barred, None if it was
    barred or no candidate; `cut_off` is the lowest score picked (of what fits the profile, where
    something does: what trends has places of its own), None if nothing was. `bar` says what kept it
    out, "" if it was picked or others were simply better.
    """

    paper_id: int
    picked: bool
    section: Section | None
    rank: int | None
    scored: int
    score: float
    cut_off: float | None
    reasons: tuple[Reason, ...] = ()
    bar: str = ""


def rank(pool: Pool, readers: Sequence[Reader]) -> list[tuple[Pick, ...]]:
    """Each reader's picks in the mail's order, in the readers' order.

    At most the profile's limit, none sent before, none muted, none twice in nearly the same
    words. The same pool and reader give the same picks, whoever else is in the shard. An empty
    tuple is an honest "nothing for you today".
    """
    muted = _muted(pool)
    return [picks for part in _parts(pool, readers) for picks in _rank(pool, part, muted)]


def _parts(pool: Pool, readers: Sequence[Reader]) -> Iterator[list[Reader]]:
    """The readers in order, so many at a time that the matrix of their causes stays small."""
    part: list[Reader] = []
    cells = 0
    for reader in readers:
        own = (_most_causes(reader) + 1) * len(pool)
        if part and cells + own > MOST_CELLS:
            yield part
            part, cells = [], 0
        part.append(reader)
        cells += own
    if part:
        yield part


def _most_causes(reader: Reader) -> int:
    one = reader.profile
    typed = len(one.interests) + len(one.keywords) + len(one.authors) + len(one.categories)
    return typed + len(reader.liked) + len(reader.disliked)


def _rank(pool: Pool, readers: Sequence[Reader], muted: Muted) -> list[tuple[Pick, ...]]:
    scores = score(pool, readers)
    barred = [
        bars(pool, model, reader.barred, muted)
        for reader, model in zip(readers, scores.models, strict=True)
    ]
    return _picks(pool, scores, select(pool, scores, barred))


def explain(pool: Pool, reader: Reader, paper_id: int) -> Explanation:
    """Why a paper was picked for a reader or why it was not: ranks again, changes nothing."""
    scores = score(pool, [reader])
    barred = bars(pool, scores.models[0], reader.barred, _muted(pool))
    [choice] = select(pool, scores, [barred])
    total = scores.total[0]
    scored = len(pool) - len(barred)
    chosen = {
        one: section
        for section, papers in zip(Section, choice.sections, strict=True)
        for one in papers
    }
    picked = choice.for_you or chosen
    cut_off = min((float(total[at]) for at in picked), default=None)
    if paper_id not in pool.places:
        bar = "not among the papers of this digest"
        return Explanation(paper_id, False, None, None, scored, 0.0, cut_off, bar=bar)
    at = pool.places[paper_id]
    section = chosen.get(at)
    open_to = [one for one in best_first(total) if one not in barred]
    [told] = reasons(pool, scores, Picked(np.array([0]), np.array([at])))
    kept_out = barred.get(at) or _twin(pool, chosen, at) or _outdone(pool, scores, choice, at)
    return Explanation(
        paper_id=paper_id,
        picked=section is not None,
        section=section,
        rank=None if at in barred else open_to.index(at) + 1,
        scored=scored,
        score=float(total[at]),
        cut_off=cut_off,
        reasons=told,
        bar="" if section else kept_out,
    )


def _muted(pool: Pool) -> Muted:
    """What a phrase mutes, looked up once for all readers of a shard."""
    found: Callable[[str], list[int]] = lru_cache(maxsize=None)(partial(muted_by, pool))
    return found


def _twin(pool: Pool, chosen: Iterable[int], at: int) -> str:
    twins = pool.twins.get(at, frozenset())
    of = next((pool.candidates[one].paper_id for one in chosen if one in twins), None)
    return f"near-duplicate of {of}" if of is not None else ""


def _outdone(pool: Pool, scores: Scores, choice: Choice, at: int) -> str:
    """Why a paper that nothing barred has no place, where its score beside that of the picks does
    not tell."""
    model, fits = scores.models[0], scores.pointed[0, at]
    needed = weights.RISING_BAR if pool.rising[at] else weights.BAR
    least = min((scores.total[0, one] for one in choice.for_you), default=np.inf)
    if model.is_blank:
        return ""
    if model.has_text and fits < needed:
        return f"fits the profile too little: by {fits:.3f}, {needed} is needed"
    if scores.total[0, at] <= least:
        return ""
    if pool.revised[at]:
        return "new papers come before new versions"
    return "places went to other interests, or to papers less like those picked before"


def _picks(pool: Pool, scores: Scores, choices: Sequence[Choice]) -> list[tuple[Pick, ...]]:
    groups = [*chain.from_iterable(choice.sections for choice in choices)]
    counts = np.array([*map(len, groups)], dtype=np.int64).reshape(len(choices), len(Section))
    papers = [*chain.from_iterable(groups)]
    of_readers = counts.sum(axis=1)
    picked = Picked(np.repeat(np.arange(len(choices)), of_readers), np.array(papers, np.int64))
    sections = np.repeat([*range(len(Section))] * len(choices), counts.ravel())
    candidates = [pool.candidates[at] for at in papers]
    picks = map(
        Pick,
        [one.paper_id for one in candidates],
        scores.total[picked.readers, picked.papers].tolist(),
        map(tuple(Section).__getitem__, sections.tolist()),
        [one.change for one in candidates],
        reasons(pool, scores, picked),
        chain.from_iterable(choice.heads for choice in choices),
    )
    return [tuple(islice(picks, count)) for count in of_readers.tolist()]
