"""Front: what a profile gets that says nothing, the day's best by votes."""

from collections.abc import Iterable, Sequence
from itertools import islice

import numpy as np

from digest.core.ranking import weights
from digest.core.ranking.pool import Floats, Pool
from digest.core.ranking.room import Room
from digest.core.ranking.score import DIGITS


def day_s_best(pool: Pool, total: Floats, room: Room) -> tuple[list[int], list[int]]:
    """What rose, and the best by votes. A share of the places is for what rose, the rest too if
    nothing else is left; the more a paper is like one taken before, the less it counts."""
    order = best_first(total)
    likely = _likely(pool, order, room)
    taken: list[int] = []
    like = np.zeros(len(likely))
    while left := [place for place, at in enumerate(likely) if at not in room.gone]:
        worth = np.round(total[likely] * (1 - weights.ALIKE * like), DIGITS)
        best = room.fill([likely[left[int(np.argmax(worth[left]))]]])
        if not best:
            break
        taken += best
        like = np.maximum(like, _likeness(pool, best[0], likely))
    rising = set(np.flatnonzero(pool.rising).tolist())
    taken += room.fill(at for at in order if at in rising)
    chosen = set(taken)
    by_votes = sorted(chosen - rising, key=lambda at: (-pool.votes[at], -total[at], at))
    return [at for at in order if at in chosen & rising], by_votes


def best_first(total: Floats) -> list[int]:
    """Places by falling score of one reader; equal ones by paper id, which is the pool's order."""
    order: list[int] = np.argsort(-total, kind="stable").tolist()
    return order


def _likely(pool: Pool, order: Sequence[int], room: Room) -> list[int]:
    """What an empty profile chooses from, best first."""
    free = [at for at in order if at not in room.gone]
    fresh = (at for at in free if not (pool.revised[at] or pool.rising[at]))
    rose = (at for at in free if pool.rising[at])
    likely = {*islice(fresh, 4 * room.places)}
    likely.update(islice(rose, -(-room.places // weights.RISING_SHARE)))
    return [at for at in order if at in likely]


def _likeness(pool: Pool, at: int, others: Iterable[int]) -> Floats:
    row = pool.leaders.get(at)
    columns = (pool.leaders.get(other) for other in others)
    return np.array(
        [
            0.0 if row is None or column is None else pool.leaders_alike[row, column]
            for column in columns
        ]
    )
