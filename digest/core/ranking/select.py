"""Which papers, in what order, under which heading: from a reader's scores to the mail."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import islice

import numpy as np

from digest.core.edition import Section
from digest.core.ranking import weights
from digest.core.ranking.pool import Flags, Floats, Pool
from digest.core.ranking.score import DIGITS, Scores

_SECTIONS = tuple(Section)


@dataclass(frozen=True, slots=True)
class Chosen:
    """A paper's place in the pool, the section and the heading it stands under."""

    at: int
    section: Section
    heading: str = ""


def best_first(scores: Scores) -> list[int]:
    """Places by falling score; equal ones by paper id, which is the pool's order."""
    order: list[int] = np.argsort(-scores.total, kind="stable").tolist()
    return order


def select(pool: Pool, scores: Scores, barred: Collection[int]) -> tuple[Chosen, ...]:
    """At most the reader's limit of papers, in the mail's order.

    None is barred, and of near-duplicates only the best is taken. An empty profile gets the
    day's best by votes; any other what fits it, what rose, a few of the day's best, and last
    new versions of papers that fit.
    """
    choice = _Choice(pool, scores, barred)
    if scores.model.is_blank:
        _day_s_best(choice)
    else:
        _fitting(choice)
    return _ordered(scores, choice.chosen, pool.votes)


class _Choice:
    """The papers chosen so far, and those that can no longer be."""

    def __init__(self, pool: Pool, scores: Scores, barred: Collection[int]) -> None:
        self.pool = pool
        self.scores = scores
        self.order = best_first(scores)
        self.gone = set(barred)
        self.chosen: list[Chosen] = []

    @property
    def free(self) -> int:
        return self.scores.model.limit - len(self.chosen)

    def take(self, at: int, section: Section) -> None:
        self.chosen.append(Chosen(at, section, _heading(self.scores, at)))
        self.gone.update({at}, self.pool.twins.get(at, ()))

    def wanted(self, flags: Flags) -> Iterable[int]:
        """The flagged papers that may still be taken, best first, asked anew for each."""
        some = set(np.flatnonzero(flags).tolist())
        return (at for at in self.order if at in some and at not in self.gone)

    def fill(self, section: Section, flags: Flags, most: int = 30) -> None:
        """Take the best of the flagged, at most so many and as long as places are free."""
        places = min(most, self.free)
        for at in self.wanted(flags) if places else ():
            self.take(at, section)
            places -= 1
            if not places:
                return


def _fitting(choice: _Choice) -> None:
    pool, scores = choice.pool, choice.scores
    fits = _relevant(scores)
    fresh = fits & ~pool.revised
    _one_for_each_interest(choice, fresh)
    choice.fill(Section.FOR_YOU, fresh)
    choice.fill(Section.RISING, pool.rising & (scores.personal >= weights.RISING_BAR))
    choice.fill(Section.TRENDING, pool.trending & ~pool.revised, weights.TRENDING_MOST)
    choice.fill(Section.FOR_YOU, fits & pool.revised)


def _relevant(scores: Scores) -> Flags:
    """What passes the bar. A category alone is for those who gave nothing more telling."""
    return scores.pointed >= weights.BAR if scores.model.has_text else scores.personal > 0


def _one_for_each_interest(choice: _Choice, flags: Flags) -> None:
    """The best paper of every interest that has one, the strongest first."""
    fits = choice.scores.fits
    if len(fits) < 2:
        return
    homes = np.argmax(fits, axis=0)
    drawn = flags & (fits.max(axis=0) >= weights.BAR)
    best: dict[int, int] = {}
    for at in choice.wanted(drawn):
        best.setdefault(int(homes[at]), at)
    for at in best.values():
        if choice.free and at not in choice.gone:
            choice.take(at, Section.FOR_YOU)


def _day_s_best(choice: _Choice) -> None:
    """The best by votes; a share of the places is for what rose, the rest too if nothing else is
    left. The more a paper is like one taken before, the less it counts."""
    pool, scores, likely = choice.pool, choice.scores, _likely(choice)
    like = np.zeros(len(likely))
    while choice.free and len(left := np.flatnonzero([at not in choice.gone for at in likely])):
        worth = np.round(scores.total[likely] * (1 - weights.ALIKE * like), DIGITS)
        at = likely[int(left[np.argmax(worth[left])])]
        choice.take(at, Section.RISING if pool.rising[at] else Section.TRENDING)
        like = np.maximum(like, _likeness(pool, at, likely))
    choice.fill(Section.RISING, pool.rising)


def _likely(choice: _Choice) -> list[int]:
    """What an empty profile chooses from, best first."""
    pool, limit = choice.pool, choice.free
    fresh = islice(choice.wanted(~pool.revised & ~pool.rising), 4 * limit)
    rose = islice(choice.wanted(pool.rising), -(-limit // weights.RISING_SHARE))
    return sorted([*fresh, *rose], key=lambda at: (-choice.scores.total[at], at))


def _likeness(pool: Pool, at: int, others: Iterable[int]) -> Floats:
    row = pool.leaders.get(at)
    columns = (pool.leaders.get(other) for other in others)
    return np.array(
        [
            0.0 if row is None or column is None else pool.leaders_alike[row, column]
            for column in columns
        ]
    )


def _heading(scores: Scores, at: int) -> str:
    """The interest a paper stands under, for a reader with several; "" if none drew it."""
    if len(scores.fits) < 2:
        return ""
    home = int(np.argmax(scores.fits[:, at]))
    drew = scores.fits[home, at] >= weights.RISING_BAR
    return scores.model.interests[home].heading if drew else ""


def _ordered(scores: Scores, chosen: Iterable[Chosen], votes: Floats) -> tuple[Chosen, ...]:
    """By section; what is for the reader by heading, the heading with the best paper first; what
    trends by votes, since that is what it is shown for."""
    by_score = sorted(chosen, key=lambda one: (-scores.total[one.at], one.at))
    mine = [one.heading for one in by_score if one.section is Section.FOR_YOU]
    headings = {heading: at for at, heading in reversed([*enumerate(mine)])}

    def place(one: Chosen) -> tuple[int, float]:
        if one.section is Section.FOR_YOU:
            return _SECTIONS.index(one.section), headings[one.heading]
        by_votes = -float(votes[one.at]) if one.section is Section.TRENDING else 0.0
        return _SECTIONS.index(one.section), by_votes

    return tuple(sorted(by_score, key=place))
