"""Which papers, in what order, under which heading: from a shard's scores to the mails."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain, pairwise
from math import ceil
from typing import NamedTuple

import numpy as np

from digest.core.ranking import weights
from digest.core.ranking.front import day_s_best
from digest.core.ranking.pool import Flags, Floats, Places, Pool
from digest.core.ranking.reader import ALL, Model
from digest.core.ranking.room import Room
from digest.core.ranking.score import Scores
from digest.core.ranking.variety import varied
from subscribers.profile import USUAL_POPULARITY


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
    day's best by votes; any other what fits it, what rose, a few of the day's best (one of them
    has its own place, more for who asked for more), and last new versions of papers that fit.
    """
    lists = _Lists(pool, scores, barred)
    same: dict[object, Choice] = {}
    found = []
    for reader, (model, out) in enumerate(zip(scores.models, barred, strict=True)):
        room = Room(pool, model.limit, out)
        if model.is_blank:
            key = (model.limit, frozenset(out), model.disliked)
            if key not in same:
                same[key] = Choice([], *day_s_best(pool, scores.total[reader], room))
            found.append(same[key])
        else:
            found.append(_fitting(lists, scores, reader, room))
    return found


class _Lists:
    """For each reader of a shard, best first: the papers that fit, those that rose, and the day's
    best. `homes` are the interests that the fitting stand under, `drawn` those that drew them by
    themselves, -1 for none. `fresh` are the fitting that are no new versions, in the order in which
    they are taken; `front` the day's best for all."""

    def __init__(self, pool: Pool, scores: Scores, barred: Sequence[Collection[int]]) -> None:
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
        voted = (at for at in pool.leaders if pool.votes[at] > 0 and not pool.revised[at])
        self.front = sorted(voted, key=lambda at: (-pool.votes[at], at))
        self.fresh = varied(pool, scores, [*map(self._fresh, self.fitting, barred)])

    def _fresh(self, fitting: list[int], barred: Collection[int]) -> list[int]:
        """Those that can be taken, best first."""
        return [at for at in fitting if at not in barred and at not in self.revised]


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


def _fitting(lists: _Lists, scores: Scores, reader: int, room: Room) -> Choice:
    model, fitting = scores.models[reader], lists.fitting[reader]
    several = len(model.interests) > 1
    front = lists.front if model.popularity > USUAL_POPULARITY else lists.trending[reader]
    outside = _outside(front, fitting)
    own = outside if model.popularity <= USUAL_POPULARITY else front
    kept = room.keep(outside, _places(model)) if room.places > 1 else 0
    mine = room.fill(_floors(lists, reader, model)) if several else []
    mine += room.fill(_capped(lists, reader, model) if several else lists.fresh[reader])
    rising = room.fill(lists.rising[reader])
    room.places += kept
    trending = room.fill(own, kept)
    trending += room.fill(front, _most(model) - kept)
    mine += room.fill(lists.fresh[reader])
    mine += room.fill(at for at in fitting if at in lists.revised)
    mine = _kept(fitting, mine)
    trending.sort(key=lists.votes.__getitem__, reverse=True)
    if not several:
        return Choice(mine, rising, trending)
    headings = _headings(lists, scores, reader, [*rising, *trending])
    return Choice(_grouped(mine, headings), rising, trending, headings)


def _places(model: Model) -> int:
    """The places that only what trends outside the profile may take."""
    if model.popularity > USUAL_POPULARITY:
        return -(-model.limit * model.popularity // ALL)
    surprised = model.popularity > 0 and model.limit >= weights.FEWEST_FOR_SURPRISE
    return weights.SURPRISES if surprised else 0


def _most(model: Model) -> int:
    """The most papers from outside the profile."""
    usual = -(-weights.TRENDING_MOST * model.popularity // USUAL_POPULARITY)
    return usual if usual <= weights.TRENDING_MOST else max(weights.TRENDING_MOST, _places(model))


def _outside(front: Iterable[int], fitting: Iterable[int]) -> list[int]:
    inside = {*fitting}
    return [at for at in front if at not in inside]


def _capped(lists: _Lists, reader: int, model: Model) -> list[int]:
    """The papers that fit, those last that one interest has beyond its share of the mail."""
    drew = dict(zip(lists.fitting[reader], lists.drawn[reader], strict=True))
    most = max(ceil(weights.MOST_OF_ONE * model.limit), 1)
    counts: Counter[int] = Counter()
    within: list[int] = []
    beyond: list[int] = []
    for at in lists.fresh[reader]:
        counts[drew[at]] += drew[at] >= 0
        (within if counts[drew[at]] <= most else beyond).append(at)
    return within + beyond


def _floors(lists: _Lists, reader: int, model: Model) -> Iterable[int]:
    """The best new papers of every interest, as many as its floor: in turns, in each turn the
    strongest first."""
    drew = dict(zip(lists.fitting[reader], lists.drawn[reader], strict=True))
    turns = ceil(weights.FLOOR * model.limit / len(model.interests))
    counts = [0] * len(model.interests)
    found: list[list[int]] = [[] for _ in range(turns)]
    for at in lists.fresh[reader]:
        interest = drew[at]
        if interest >= 0 and counts[interest] < turns:
            found[counts[interest]].append(at)
            counts[interest] += 1
    return chain.from_iterable(found)


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
