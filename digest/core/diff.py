"""A listing against what is known: new, revised, rising, seen.

One paper is one work: records that share an identity are the same, and a record that names two
rows of the history makes them one. Records keep their order; each gets exactly one change, so
listed = new + revised + rising + seen.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from digest.core.edition import Change
from digest.core.identity import conflict
from digest.core.paper import Paper


@dataclass(frozen=True, slots=True)
class Known:
    """What the history knows of one paper, as far as the diff must know it.

    `votes` is the baseline: the count at its last change, on `votes_day`. None: never counted.
    """

    paper_id: int
    identities: frozenset[str]
    first_day: date
    version: int | None = None
    votes: int | None = None
    votes_day: date | None = None
    revised_on: date | None = None  # the last day it was announced as revised


@dataclass(frozen=True, slots=True)
class Rising:
    """When votes count as rising: at least `factor` times the count before and up by `votes`; a
    first count (nothing before) when it is at least `votes`."""

    factor: float = 2.0
    votes: int = 5

    def holds(self, before: int | None, now: int) -> bool:
        return now >= (before or 0) * self.factor and now - (before or 0) >= self.votes


@dataclass(frozen=True, slots=True)
class Finding:
    """What one record of a listing is.

    `known` are the rows that its work has: none for a new paper, several when the listing shows
    that they are one. `repeats` is the place in the listing of the first record of that work.
    `baseline` is the count to measure the next rise against, once the listing is kept.
    """

    paper: Paper
    change: Change
    known: tuple[Known, ...] = ()
    votes_before: int | None = None
    since: date | None = None
    repeats: int | None = None
    baseline: tuple[int, date] | None = None


def diff(
    papers: Sequence[Paper], known: Iterable[Known], day: date, rising: Rising
) -> list[Finding]:
    """One finding per paper, in the papers' order; `day` is the one on which they were seen so.

    Votes rise from day to day: within the day of the baseline they merely grow. Every record is
    held against what is known after the record before it, so it does not matter into what parts
    a listing is cut.
    """
    works = _Works(known)
    judged: list[tuple[_Work, Finding]] = []
    for place, paper in enumerate(papers):
        work = works.of(paper)
        finding = (
            Finding(paper, _unknown(paper)) if work is None else work.judge(paper, day, rising)
        )
        work = work or _Work(set(), paper.listed_on or day)
        work.learn(finding, day)
        works.name(work, paper)
        work.places.append(place)
        judged.append((work, finding))
    return [_settled(place, work.final(), finding) for place, (work, finding) in enumerate(judged)]


def _unknown(paper: Paper) -> Change:
    return Change.REVISED if paper.announce.is_revision else Change.NEW


def _settled(place: int, work: "_Work", finding: Finding) -> Finding:
    """The finding with what the whole listing says of its work: a record that looked new is only
    seen when a later one shows that its paper was there."""
    first = min(work.places)
    known = tuple(work.rows)
    if finding.change is Change.NEW and (known or first != place):
        finding = Finding(finding.paper, Change.SEEN)
    return replace(
        finding,
        known=known,
        repeats=first if first != place else None,
        baseline=(work.votes, work.votes_day)
        if work.votes is not None and work.votes_day
        else None,
    )


@dataclass(slots=True, eq=False)
class _Work:
    """One work while a listing is read: its rows, its records' places, what is known by now."""

    names: set[str]
    first_day: date
    version: int | None = None
    votes: int | None = None
    votes_day: date | None = None
    revised_on: date | None = None
    rows: list[Known] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    became: "_Work | None" = None

    def final(self) -> "_Work":
        return self.became.final() if self.became else self

    def judge(self, paper: Paper, day: date, rising: Rising) -> Finding:
        later = day > (self.votes_day or self.first_day)
        if later and paper.votes is not None and rising.holds(self.votes, paper.votes):
            return Finding(paper, Change.RISING, votes_before=self.votes, since=self.votes_day)
        return Finding(paper, Change.REVISED if self._is_revised(paper, day) else Change.SEEN)

    def _is_revised(self, paper: Paper, day: date) -> bool:
        """By the version where both sides know it, else by the announcement, once a day."""
        if paper.version and self.version:
            return paper.version > self.version
        return paper.announce.is_revision and day > (self.revised_on or self.first_day)

    def learn(self, finding: Finding, day: date) -> None:
        """Know what a record said; the baseline moves only when votes rise or are first known."""
        paper = finding.paper
        self.version = max(self.version or 0, paper.version or 0) or None
        self.first_day = min(self.first_day, paper.listed_on or day)
        if finding.change is Change.REVISED:
            self.revised_on = max(self.revised_on or day, day)
        if paper.votes is not None and (finding.change is Change.RISING or self.votes is None):
            self.votes, self.votes_day = paper.votes, day

    def absorb(self, other: "_Work") -> None:
        """Become one with another work, as the history's rows do when they are merged."""
        other.became = self
        self.names |= other.names
        self.rows += other.rows
        self.places += other.places
        self.first_day = min(self.first_day, other.first_day)
        self.version = max(self.version or 0, other.version or 0) or None
        days = [day for day in (self.revised_on, other.revised_on) if day]
        self.revised_on = max(days, default=None)
        if other.votes is not None and (self.votes is None or other.votes > self.votes):
            self.votes, self.votes_day = other.votes, other.votes_day


class _Works:
    """The works of the history and of the listing so far; each name belongs to one of them."""

    def __init__(self, known: Iterable[Known]) -> None:
        self._owners: dict[str, _Work] = {}
        for row in known:
            work = _Work(set(row.identities), row.first_day, row.version, row.votes,
                         row.votes_day, row.revised_on, [row])  # fmt: skip
            self._owners |= dict.fromkeys(row.identities, work)

    def of(self, paper: Paper) -> _Work | None:
        """The work of a record, or None; all that it names without conflict become one, the one
        with its strongest identity first."""
        found: list[_Work] = []
        names = set(paper.identities)
        for identity in paper.identities:
            work = self._owners.get(identity)
            if work and work not in found and not conflict(names, work.names):
                found.append(work)
                names |= work.names
        if not found:
            return None
        for other in found[1:]:
            found[0].absorb(other)
            self._owners |= dict.fromkeys(other.names, found[0])
        return found[0]

    def name(self, work: _Work, paper: Paper) -> None:
        """Give a work the record's names; one that another work has stays with that one."""
        fresh = [name for name in paper.identities if name not in self._owners]
        work.names.update(fresh)
        self._owners |= dict.fromkeys(fresh, work)
