"""Which papers, in what order, under which heading: from a shard's scores to the mails."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain, islice, pairwise
from typing import NamedTuple

import numpy as np

from digest.core.ranking import weights
from digest.core.ranking.pool import Flags, Floats, Places, Pool
from digest.core.ranking.score import DIGITS, Scores


class Choice(NamedTuple):
    """The papers of one reader's mail, by their places in the pool: each section in its order, and
    the headings they stand under, None where nobody asked for several things."""

    for_you: list[int]
    rising: list[int]
    trending: list[int]
    headings: Mapping[int, str] | None = None

    @property
    def sections(self) -> Sequence[list[int]]:
        """The papers of every section, in the mail's order."""
        return (self.for_you, self.rising, self.trending)

    @property
    def heads(self) -> Iterable[str]:
        """The heading of every paper, in the mail's order."""
        papers = chain(self.for_you, self.rising, self.trending)
        return map(self.headings.__getitem__, papers) if self.headings else ("" for _ in papers)


def select(pool: Pool, scores: Scores, barred: Sequence[Collection[int]]) -> list[Choice]:
    """For each reader at most as many papers as asked for, in the mail's order.

    None is barred, and of near-duplicates only the best is taken. An empty profile gets the
    day's best by votes; any other what fits it, what rose, a few of the day's best, and last
    new versions of papers that fit.
    """
    lists = _Lists(pool, scores)
    same: dict[object, Choice] = {}
    found = []
    for reader, (model, out) in enumerate(zip(scores.models, barred, strict=True)):
        room = _Room(pool, model.limit, out)
        if model.is_blank:
            key = (model.limit, frozenset(out), model.disliked)
            if key not in same:
                same[key] = _day_s_best(pool, scores.total[reader], room)
            found.append(same[key])
        else:
            found.append(_fitting(lists, scores, reader, room))
    return found


class _Room:
    """The places that are free in a reader's mail, and the papers that cannot take one."""

    def __init__(self, pool: Pool, places: int, barred: Collection[int]) -> None:
        self.twins = pool.twins
        self.places = places
        self.gone = set(barred)

    def fill(self, papers: Iterable[int], most: int = 30) -> list[int]:
        """Take the first of the papers that can, at most so many and as long as places are
        free."""
        taken: list[int] = []
        most = min(most, self.places)
        for at in papers if most else ():
            if at not in self.gone:
                taken.append(at)
                self.gone.add(at)
                if at in self.twins:
                    self.gone |= self.twins[at]
                if len(taken) == most:
                    break
        self.places -= len(taken)
        return taken


class _Lists:
    """For each reader of a shard, best first: the papers that fit, those that rose, and the day's
    best. `homes` are the interests that the fitting stand under, `drawn` those that drew them by
    themselves, -1 for none."""

    def __init__(self, pool: Pool, scores: Scores) -> None:
        readers, papers = _best_first(scores.total, _relevant(scores))
        home, best = scores.home[readers, papers], scores.best[readers, papers]
        self.homes = _by_reader(scores, readers, np.where(best >= weights.RISING_BAR, home, -1))
        self.drawn = _by_reader(scores, readers, np.where(best >= weights.BAR, home, -1))
        rising = pool.rising & (scores.personal >= weights.RISING_BAR)
        trending = np.broadcast_to(pool.trending & ~pool.revised, rising.shape)
        self.fitting = _by_reader(scores, readers, papers)
        self.rising = _by_reader(scores, *_best_first(scores.total, rising))
        self.trending = _by_reader(scores, *_best_first(scores.total, trending))
        self.revised = frozenset(np.flatnonzero(pool.revised).tolist())
        self.votes: list[float] = pool.votes.tolist()


def _relevant(scores: Scores) -> Flags:
    """What passes the bar. A category alone is for those who gave nothing more telling."""
    telling = np.array([model.has_text for model in scores.models], dtype=np.bool_)
    return np.where(telling[:, None], scores.pointed >= weights.BAR, scores.personal > 0)


def _best_first(total: Floats, flags: Flags) -> tuple[Places, Places]:
    """Readers, ascending, and the papers flagged for each by falling score; equal ones by paper
    id, which is the pool's order."""
    readers, papers = np.nonzero(flags)
    order = np.lexsort((-total[readers, papers], readers))
    return readers, papers[order]


def _by_reader(scores: Scores, readers: Places, numbers: Places) -> list[list[int]]:
    counts = np.bincount(readers, minlength=len(scores.models))
    every = numbers.tolist()
    return [every[start:end] for start, end in pairwise([0, *np.cumsum(counts).tolist()])]


def _fitting(lists: _Lists, scores: Scores, reader: int, room: _Room) -> Choice:
    fitting, revised = lists.fitting[reader], lists.revised
    fresh = [at for at in fitting if at not in revised] if revised else fitting
    several = len(scores.models[reader].interests) > 1
    mine = room.fill(_one_for_each(lists, reader, room)) if several else []
    mine += room.fill(fresh)
    rising = room.fill(lists.rising[reader])
    trending = room.fill(lists.trending[reader], weights.TRENDING_MOST)
    mine += room.fill(at for at in fitting if at in revised)
    trending.sort(key=lists.votes.__getitem__, reverse=True)
    if not several:
        return Choice(_kept(fitting, mine) if revised else mine, rising, trending)
    headings = _headings(lists, scores, reader, [*rising, *trending])
    return Choice(_grouped(_kept(fitting, mine), headings), rising, trending, headings)


def _one_for_each(lists: _Lists, reader: int, room: _Room) -> Iterable[int]:
    """The best new paper of every interest that has one, the strongest first."""
    best: dict[int, int] = {}
    for at, interest in zip(lists.fitting[reader], lists.drawn[reader], strict=True):
        if interest >= 0 and at not in room.gone and at not in lists.revised:
            best.setdefault(interest, at)
    return best.values()


def _kept(papers: Sequence[int], some: Iterable[int]) -> list[int]:
    """Some of the papers, in the order of all."""
    wanted = {*some}
    return [at for at in papers if at in wanted]


def _headings(lists: _Lists, scores: Scores, reader: int, others: Iterable[int]) -> dict[int, str]:
    """The interest that each fitting paper and some others stand under, "" if none drew it."""
    names = [*(one.heading for one in scores.models[reader].interests), ""]
    found = dict(
        zip(lists.fitting[reader], map(names.__getitem__, lists.homes[reader]), strict=True)
    )
    for at in others:
        drew = scores.best.item(reader, at) >= weights.RISING_BAR
        found[at] = names[scores.home.item(reader, at)] if drew else ""
    return found


def _grouped(papers: Iterable[int], headings: Mapping[int, str]) -> list[int]:
    """The papers of one heading together, the heading with the best paper first."""
    groups: dict[str, list[int]] = {}
    for at in papers:
        groups.setdefault(headings[at], []).append(at)
    return [*chain.from_iterable(groups.values())]


def _day_s_best(pool: Pool, total: Floats, room: _Room) -> Choice:
    """The best by votes; a share of the places is for what rose, the rest too if nothing else is
    left. The more a paper is like one taken before, the less it counts."""
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
    return Choice([], [at for at in order if at in chosen & rising], by_votes)


def best_first(total: Floats) -> list[int]:
    """Places by falling score of one reader; equal ones by paper id, which is the pool's order."""
    order: list[int] = np.argsort(-total, kind="stable").tolist()
    return order


def _likely(pool: Pool, order: Sequence[int], room: _Room) -> list[int]:
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
