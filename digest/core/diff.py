"""A listing against what is known: new, revised, rising, seen.

One paper is one work: records that share an identity are the same, and a record that names two
rows of the history makes them one. Records keep their order; each gets exactly one change, so
listed = new + revised + rising + seen.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
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

    `known` are the rows it belongs to: none for a new paper, several when it shows that they are
    one. `repeats` is the place in the listing of an earlier record of the same paper.
    """

    paper: Paper
    change: Change
    known: tuple[Known, ...] = ()
    votes_before: int | None = None
    since: date | None = None
    repeats: int | None = None


def diff(
    papers: Sequence[Paper], known: Iterable[Known], day: date, rising: Rising
) -> list[Finding]:
    """One finding per paper, in the papers' order; `day` is the one on which they were seen so.

    Votes rise from day to day: within the day of the baseline they merely grow.
    """
    rows = {identity: row for row in known for identity in row.identities}
    names: dict[str, int] = {}
    owners: dict[int, int] = {}
    findings: list[Finding] = []
    for place, paper in enumerate(papers):
        own = _rows_of(paper, rows)
        first = _repeated(paper, papers, names)
        if first is None:
            first = next((owners[row.paper_id] for row in own if row.paper_id in owners), None)
        if first is None:
            findings.append(_judge(paper, own, day, rising))
        else:
            findings.append(Finding(paper, Change.SEEN, findings[first].known, repeats=first))
        names |= {
            name: place if first is None else first
            for name in paper.identities
            if name not in names
        }
        owners |= {
            row.paper_id: place if first is None else first
            for row in own
            if row.paper_id not in owners
        }
    return findings


def _repeated(paper: Paper, papers: Sequence[Paper], earlier: dict[str, int]) -> int | None:
    for identity in paper.identities:
        place = earlier.get(identity)
        if place is not None and not conflict(paper.identities, papers[place].identities):
            return place
    return None


def _rows_of(paper: Paper, rows: dict[str, Known]) -> tuple[Known, ...]:
    """The rows a record belongs to, the one with its strongest identity first, without conflict."""
    found: dict[int, Known] = {}
    names = set(paper.identities)
    for identity in paper.identities:
        row = rows.get(identity)
        if row and row.paper_id not in found and not conflict(names, row.identities):
            found[row.paper_id] = row
            names |= row.identities
    return tuple(found.values())


def _judge(paper: Paper, known: tuple[Known, ...], day: date, rising: Rising) -> Finding:
    if not known:
        return Finding(paper, Change.REVISED if paper.announce.is_revision else Change.NEW)
    before, since = _baseline(known)
    later = day > (since or min(row.first_day for row in known))
    if later and paper.votes is not None and rising.holds(before, paper.votes):
        return Finding(paper, Change.RISING, known, before, since)
    change = Change.REVISED if _is_revised(paper, known, day) else Change.SEEN
    return Finding(paper, change, known)


def _baseline(known: tuple[Known, ...]) -> tuple[int | None, date | None]:
    counted = [row for row in known if row.votes is not None]
    if not counted:
        return None, None
    best = max(counted, key=lambda row: row.votes or 0)
    return best.votes, best.votes_day


def _is_revised(paper: Paper, known: tuple[Known, ...], day: date) -> bool:
    """By the version where both sides know it, else by the announcement, once a day."""
    version = max((row.version or 0 for row in known), default=0)
    if paper.version and version:
        return paper.version > version
    last = max(row.revised_on or row.first_day for row in known)
    return paper.announce.is_revision and day > last
