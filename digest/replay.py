"""Story, read-only: stored days ranked anew, and how that agrees with what readers said of them.

A day is ranked with what was known before it: feedback of earlier days, papers sent earlier, what
the history had taught; the profiles are today's. What readers said of a paper on that day or later
judges its place. Readers speak mostly of papers that they were sent, so what was never sent is
judged seldom: the numbers compare two rankings, they are no measure of one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from math import log2

from sqlalchemy.orm import Session

from digest.app import App
from digest.core.identity import is_identity, title_identity
from digest.core.ranking.trial import weighed
from digest.selection import Chosen, Selector
from digest.store import history
from subscribers import feedback, roster
from subscribers.feedback import Feedback, Kind
from subscribers.person import Subscriber

SHARD = 500
TOP = 10
Said = Mapping[int, Mapping[int, Kind]]  # reader -> paper -> what they said of it


@dataclass(slots=True)
class Tally:
    """Sums over readers and days: digests and how many were empty; picks; papers that their
    readers asked more or less of, and how many of these were picked; `gains` are the discounted
    places of the former among the first ten, `best` what they could be at most."""

    digests: int = 0
    empty: int = 0
    picks: int = 0
    more: int = 0
    more_picked: int = 0
    less: int = 0
    less_picked: int = 0
    gains: float = 0.0
    best: float = 0.0

    @property
    def ndcg(self) -> float | None:
        """nDCG@10 of what readers asked more of; None where nothing was."""
        return self.gains / self.best if self.best else None

    def add(self, picked: Sequence[int], said: Mapping[int, Kind]) -> None:
        """Count one digest: the papers picked, best first, and what was said of candidates."""
        more = {paper for paper, kind in said.items() if kind is Kind.MORE}
        less = said.keys() - more
        self.digests += 1
        self.empty += not picked
        self.picks += len(picked)
        self.more += len(more)
        self.more_picked += len(more.intersection(picked))
        self.less += len(less)
        self.less_picked += len(less.intersection(picked))
        self.gains += sum(_place(at) for at, one in enumerate(picked[:TOP]) if one in more)
        self.best += sum(map(_place, range(min(len(more), TOP))))


@dataclass(frozen=True, slots=True)
class Day:
    """One day ranked by each ranking; `common` are the picks that all of them made."""

    day: date
    tallies: tuple[Tally, ...]
    common: int


@dataclass(frozen=True, slots=True)
class Shown:
    """What one reader would have got on one day, by each ranking: (paper, score), best first."""

    day: date
    picks: tuple[tuple[tuple[int, float], ...], ...]


@dataclass(slots=True)
class Replay:
    """Days ranked anew by several rankings (each a change of weights, none for the table's).
    `shown` is filled for `reader` alone, where one is given."""

    app: App
    rankings: Sequence[Mapping[str, float]]
    reader: Subscriber | None = None
    shown: list[Shown] = field(default_factory=list)
    _judged: set[tuple[int, int]] = field(default_factory=set)

    def days(self, first: date, last: date) -> Iterator[Day]:
        """Each day from the first to the last. ValueError if a ranking has no such weight."""
        for ahead in range((last - first).days + 1):
            yield self._day(first + timedelta(days=ahead))

    def _day(self, day: date) -> Day:
        selectors = [Selector(day, self.app.rising, as_then=True) for _ in self.rankings]
        tallies = tuple(Tally() for _ in self.rankings)
        common = 0
        with self.app.read() as session:
            for readers in self._shards(session):
                found = [
                    _chosen(session, selector, changes, readers)
                    for selector, changes in zip(selectors, self.rankings, strict=True)
                ]
                common += self._count(day, found, tallies, _said(session, readers, day))
        return Day(day, tallies, common)

    def _shards(self, session: Session) -> Iterator[Sequence[Subscriber]]:
        if self.reader:
            yield [self.reader]
            return
        after = 0
        while readers := roster.active(session, after_id=after, limit=SHARD):
            yield readers
            after = readers[-1].id

    def _count(
        self, day: date, found: list[list[Chosen]], tallies: tuple[Tally, ...], said: Said
    ) -> int:
        common = 0
        for each in zip(*found, strict=True):
            open_to = {one.paper_id for one in each[0].cohort.candidates}
            judged = self._new(each[0].subscriber.id, open_to, said)
            scored = tuple(_scored(one) for one in each)
            for tally, picks in zip(tallies, scored, strict=True):
                tally.add([paper for paper, _ in picks], judged)
            common += len(set.intersection(*({paper for paper, _ in picks} for picks in scored)))
            if self.reader:
                self.shown.append(Shown(day, scored))
        return common

    def _new(self, reader: int, open_to: set[int], said: Said) -> dict[int, Kind]:
        """What was said of the candidates, each paper judged once: on its first day."""
        words = said.get(reader, {})
        new = {p: words[p] for p in words.keys() & open_to if (reader, p) not in self._judged}
        self._judged.update((reader, paper) for paper in new)
        return new


def _chosen(
    session: Session,
    selector: Selector,
    changes: Mapping[str, float],
    readers: Sequence[Subscriber],
) -> list[Chosen]:
    with weighed(changes):
        return selector.choose(session, readers)


def _scored(chosen: Chosen) -> tuple[tuple[int, float], ...]:
    return tuple((pick.paper_id, pick.score) for pick in chosen.digest.picks)


def _said(session: Session, readers: Sequence[Subscriber], day: date) -> Said:
    """What readers said of papers on a day or later, by the papers' numbers."""
    words = feedback.said_by(session, [one.id for one in readers])
    later = {who: [word for word in every if _judges(word, day)] for who, every in words.items()}
    names = {_key(word.about) for every in later.values() for word in every}
    found = history.by_names(session, names) if names else {}
    return {
        who: {found[key].id: w.kind for w in every if (key := _key(w.about)) in found}
        for who, every in later.items()
    }


def _judges(word: Feedback, day: date) -> bool:
    return word.kind in (Kind.MORE, Kind.LESS) and word.at.date() >= day


def _key(about: str) -> str:
    return about if is_identity(about) else title_identity(about)


def _place(at: int) -> float:
    return 1 / log2(at + 2)
