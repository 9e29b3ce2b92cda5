"""Rank a shard of readers: scores by matrix products, then each reader's choice and its reasons."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

from digest.core.edition import Pick, Reason, Section
from digest.core.ranking.bars import Muted, bars, muted_by
from digest.core.ranking.pool import Pool
from digest.core.ranking.reader import Reader
from digest.core.ranking.reasons import reasons
from digest.core.ranking.score import Scores, score
from digest.core.ranking.select import Chosen, best_first, select


@dataclass(frozen=True, slots=True)
class Explanation:
    """Where one paper stood for one reader, picked or not.

    `rank` (from 1) is its place among the `scored` papers that nothing barred, None if it was
    barred or no candidate; `cut_off` is the lowest score picked, None if nothing was. `bar` says
    what kept it out, "" if it was picked or others were simply better.
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
    return [
        tuple(
            _pick(pool, scores, chosen)
            for chosen in select(pool, scores, bars(pool, scores.model, reader.barred, muted))
        )
        for reader, scores in zip(readers, score(pool, readers), strict=True)
    ]


def explain(pool: Pool, reader: Reader, paper_id: int) -> Explanation:
    """Why a paper was picked for a reader or why it was not: ranks again, changes nothing."""
    [scores] = score(pool, [reader])
    barred = bars(pool, scores.model, reader.barred, _muted(pool))
    chosen = select(pool, scores, barred)
    scored = len(pool) - len(barred)
    cut_off = min((float(scores.total[one.at]) for one in chosen), default=None)
    if paper_id not in pool.places:
        bar = "not among the papers of this digest"
        return Explanation(paper_id, False, None, None, scored, 0.0, cut_off, bar=bar)
    at = pool.places[paper_id]
    section = next((one.section for one in chosen if one.at == at), None)
    open_to = [one for one in best_first(scores) if one not in barred]
    return Explanation(
        paper_id=paper_id,
        picked=section is not None,
        section=section,
        rank=None if at in barred else open_to.index(at) + 1,
        scored=scored,
        score=float(scores.total[at]),
        cut_off=cut_off,
        reasons=reasons(pool, scores, at),
        bar="" if section else barred.get(at) or _twin(pool, chosen, at),
    )


def _muted(pool: Pool) -> Muted:
    """What a phrase mutes, looked up once for all readers of a shard."""
    found: Callable[[str], list[int]] = lru_cache(maxsize=None)(partial(muted_by, pool))
    return found


def _twin(pool: Pool, chosen: Sequence[Chosen], at: int) -> str:
    twins = pool.twins.get(at, frozenset())
    of = next((pool.candidates[one.at].paper_id for one in chosen if one.at in twins), None)
    return f"near-duplicate of {of}" if of is not None else ""


def _pick(pool: Pool, scores: Scores, chosen: Chosen) -> Pick:
    candidate = pool.candidates[chosen.at]
    return Pick(
        paper_id=candidate.paper_id,
        score=float(scores.total[chosen.at]),
        section=chosen.section,
        change=candidate.change,
        reasons=reasons(pool, scores, chosen.at),
        heading=chosen.heading,
    )
