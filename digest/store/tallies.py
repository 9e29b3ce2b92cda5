"""Numbers of the desk's first page, each found by an index: a page is not to wait for a table."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from digest.core.delivery import State
from digest.store import runs
from digest.store.tables import (
    BounceReportRow,
    ChangeRow,
    CollectionRow,
    EditionRow,
    JobRow,
    RunRow,
    SourceStateRow,
)
from subscribers.consent import ConsentKind, Status
from subscribers.tables import ConsentEventRow, SubscriberRow

LAST = 30  # collections that make a source's usual range


@dataclass(frozen=True, slots=True)
class Collected:
    """One try to collect a source."""

    day: date
    at: datetime
    state: str
    listed: int
    new: int
    error: str


@dataclass(frozen=True, slots=True)
class Job:
    """A job of the clock: when it is due again, when it was done last, what went wrong, and
    whether somebody is at it."""

    name: str
    due_at: datetime
    ended_at: datetime | None
    failures: int
    error: str
    is_under_way: bool


def readers(session: Session) -> dict[Status, int]:
    """How many readers stand at each status."""
    query = select(func.count()).select_from(SubscriberRow)
    return {
        status: session.scalar(query.where(SubscriberRow.status == status)) or 0
        for status in Status
    }


def collected(session: Session, source: str) -> list[Collected]:
    """The last tries to collect a source, newest first."""
    query = (
        select(CollectionRow)
        .where(CollectionRow.source == source)
        .order_by(CollectionRow.day.desc(), CollectionRow.id.desc())
        .limit(LAST + 1)
    )
    return [
        Collected(row.day, row.at, row.state, row.listed, row.new, row.error or "")
        for row in session.scalars(query)
    ]


def sources(session: Session) -> list[str]:
    """The sources that were collected lately, in the order of their names."""
    lately = select(CollectionRow.source).order_by(CollectionRow.id.desc()).limit(300).subquery()
    return sorted(session.scalars(select(lately.c.source).distinct()))


def states(session: Session) -> dict[str, tuple[str, datetime, tuple[str, ...]]]:
    """How each source stands by the clock: state, since when, and which parts of it are late."""
    rows = session.scalars(select(SourceStateRow))
    return {row.source: (row.state, row.since, tuple(row.late)) for row in rows}


def jobs(session: Session, *, limit: int) -> list[Job]:
    """The jobs of the clock, the next one first."""
    query = select(JobRow).order_by(JobRow.due_at, JobRow.name).limit(limit)
    return [
        Job(row.name, row.due_at, row.ended_at, row.failures, row.error, bool(row.owner))
        for row in session.scalars(query)
    ]


def outcomes(session: Session, day: date) -> dict[State, int]:
    """How the digests of a day stand, over all its runs: each is in exactly one."""
    query = select(RunRow.id).join(EditionRow).where(EditionRow.day == day)
    found: dict[State, int] = defaultdict(int)
    for account in runs.counts(session, list(session.scalars(query))).values():
        for state, number in account.items():
            found[state] += number
    return dict(found)


def live(session: Session) -> dict[int, dict[State, int]]:
    """How the runs stand that have no stored account yet; counted once for a whole page."""
    query = select(RunRow.id).where(RunRow.outcomes.is_(None), RunRow.edition_id.is_not(None))
    return runs.counts(session, list(session.scalars(query.order_by(RunRow.id.desc()).limit(200))))


def in_doubt(session: Session, live: Mapping[int, dict[State, int]]) -> list[tuple[int, int]]:
    """The latest runs with deliveries in doubt: their numbers, and how many."""
    query = select(RunRow.id, RunRow.state, RunRow.outcomes).order_by(RunRow.id.desc()).limit(200)
    rows = session.execute(query).all()
    stored = {row.id: (row.outcomes or {}).get(State.IN_DOUBT.value, 0) for row in rows}
    stored |= {run_id: account.get(State.IN_DOUBT, 0) for run_id, account in live.items()}
    return [(run_id, number) for run_id, number in stored.items() if number]


def latest_day(session: Session) -> date | None:
    """The latest day that has papers."""
    return session.scalar(select(func.max(ChangeRow.day)))


def has_papers(session: Session, day: date) -> bool:
    """Whether anything happened to a paper on a day: it was new, revised or rose."""
    return session.scalar(select(ChangeRow.day).where(ChangeRow.day == day).limit(1)) is not None


def papers_by_day(session: Session, since: date) -> dict[date, int]:
    """How many papers were new on each day."""
    query = select(ChangeRow.day, func.count()).where(
        ChangeRow.day >= since, ChangeRow.change == "new"
    )
    return dict(session.execute(query.group_by(ChangeRow.day)).all())


def sent_by_day(
    session: Session, since: date, live: Mapping[int, dict[State, int]]
) -> dict[date, dict[State, int]]:
    """What the runs of each day's edition sent and saw bounce, by their accounts."""
    query = select(EditionRow.day, RunRow.id, RunRow.state, RunRow.outcomes).join(
        RunRow, RunRow.edition_id == EditionRow.id
    )
    rows = session.execute(query.where(EditionRow.day >= since)).all()
    found: dict[date, dict[State, int]] = defaultdict(lambda: defaultdict(int))
    for row in rows:
        stored = {State(state): n for state, n in (row.outcomes or {}).items()}
        for state, number in (stored or live.get(row.id, {})).items():
            found[row.day][state] += number
    return found


def steps_by_day(
    session: Session, kinds: Collection[ConsentKind], days: Sequence[date]
) -> dict[date, int]:
    """How many consent events of these kinds there were on each of these days (UTC)."""
    row = ConsentEventRow
    query = select(func.count()).select_from(row).where(row.kind.in_(kinds))
    return _by_day(session, query, row.at, days)


def reports_by_day(
    session: Session, kinds: Collection[str], days: Sequence[date]
) -> dict[date, int]:
    """How many reports of these kinds came to the bounce mailbox on each of these days (UTC)."""
    row = BounceReportRow
    query = select(func.count()).select_from(row).where(row.kind.in_(kinds))
    return _by_day(session, query, row.at, days)


def _by_day(session: Session, count: Select[int], at: Any, days: Sequence[date]) -> dict[date, int]:
    """A count of each day: one statement for all of them, each by its range of the index."""
    counts = [count.where(*_on(at, day)).scalar_subquery() for day in days]
    return dict(zip(days, session.execute(select(*counts)).one(), strict=True))


def _on(instant: Any, day: date) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Within a day in UTC: a range, which an index counts without looking at each instant."""
    begins = datetime.combine(day, time(), UTC)
    return instant >= begins, instant < begins + timedelta(days=1)
