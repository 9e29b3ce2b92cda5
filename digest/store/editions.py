"""What happened on the days of a window, as candidates for a reader's digest."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from digest.core.diff import Rising
from digest.core.edition import Candidate, Change
from digest.store import history
from digest.store.tables import ChangeRow, SightingRow
from subscribers.chunks import chunks

WINDOW = timedelta(days=7)
STRONGEST = (Change.NEW, Change.RISING, Change.REVISED)


@dataclass(frozen=True, slots=True)
class Last:
    """The digest a reader had last before a day, and the instant its papers were chosen."""

    day: date
    at: datetime


def candidates(
    session: Session,
    day: date,
    last: Last | None,
    rising: Rising,
    window: timedelta = WINDOW,
) -> list[Candidate]:
    """Papers first listed, revised or risen in the `window` up to `day` and since `last`, by id.

    What was entered after `last.at` counts as since then whatever its day: a late source lands in
    the next mail. A paper that was new and also rose comes as new. One that rose comes only if it
    did since this reader's last digest: the votes then are what it is measured against.
    """
    happened = _happened(session, day, last, window)
    papers = history.by_ids(session, happened)
    seen = _votes_seen(session, list(happened), last) if last else {}
    found = [
        _candidate(papers[paper_id], rows, seen.get(paper_id), rising)
        for paper_id, rows in sorted(happened.items())
        if paper_id in papers
    ]
    return [one for one in found if one is not None]


def _happened(
    session: Session, day: date, last: Last | None, window: timedelta
) -> dict[int, list[ChangeRow]]:
    query = select(ChangeRow).where(ChangeRow.day > day - window, ChangeRow.day <= day)
    if last is not None:
        query = query.where(or_(ChangeRow.day > last.day, ChangeRow.at > last.at))
    found: dict[int, list[ChangeRow]] = defaultdict(list)
    for row in session.scalars(query.order_by(ChangeRow.day, ChangeRow.at)):
        found[row.paper_id].append(row)
    return found


def _votes_seen(session: Session, ids: Sequence[int], last: Last) -> dict[int, tuple[int, date]]:
    """The most votes each paper had shown by a reader's last digest, and on which day."""
    query = (
        select(SightingRow.paper_id, SightingRow.votes, func.max(SightingRow.day))
        .where(
            SightingRow.votes.is_not(None),
            SightingRow.day <= last.day,
            SightingRow.at <= last.at,
        )
        .group_by(SightingRow.paper_id, SightingRow.votes)
        .order_by(SightingRow.votes)
    )
    return {
        paper_id: (votes, day)
        for part in chunks(ids)
        for paper_id, votes, day in session.execute(query.where(SightingRow.paper_id.in_(part)))
        if votes is not None
    }


def _candidate(
    stored: history.Stored,
    rows: Sequence[ChangeRow],
    seen: tuple[int, date] | None,
    rising: Rising,
) -> Candidate | None:
    """The paper with the strongest thing that happened to it; None if it merely had risen."""
    changes = {row.change: row for row in rows}
    rose = changes.get(Change.RISING)
    before, since = (rose.votes_before, rose.since) if rose else (None, None)
    if rose and seen:
        before, since = seen
    votes = stored.paper.votes
    if votes is None or not rising.holds(before, votes):
        changes.pop(Change.RISING, None)
    change = next((kind for kind in STRONGEST if kind in changes), None)
    if change is None:
        return None
    return Candidate(
        paper_id=stored.id,
        paper=stored.paper,
        change=change,
        listed_on=stored.first_day,
        votes_before=before,
        since=since,
        sources=stored.sources,
    )


def chosen(session: Session, paper_ids: Sequence[int]) -> list[Candidate]:
    """These papers as new ones, whenever they were listed: somebody puts them into a digest."""
    found = history.by_ids(session, paper_ids)
    return [
        Candidate(one.id, one.paper, Change.NEW, one.first_day, sources=one.sources)
        for one in (found[number] for number in paper_ids if number in found)
    ]
