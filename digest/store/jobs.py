"""The clock's jobs: of all processes that share the database, one at a time does each.

A job is taken with a lease by the clock of leases and a rising epoch, as shards are: who lost it
changes no row.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.orm import Session

from digest.store.tables import JobRow
from subscribers.insert import insert_new

_ERROR = 500


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it stands: when it is due again, when it was done last, and how that ended.
    `failures` counts the turns in a row that failed; `owner` is who is at it, "" if nobody."""

    name: str
    due_at: datetime
    owner: str
    began_at: datetime | None
    ended_at: datetime | None
    failures: int
    error: str


@dataclass(frozen=True, slots=True)
class Turn:
    """A job in hand; `epoch` fences its end."""

    name: str
    epoch: int
    due_at: datetime
    failures: int


def enter(session: Session, names: Iterable[str], *, now: datetime) -> None:
    """Enter the jobs that are new, due at once."""
    rows = [
        {"name": name, "due_at": now, "epoch": 0, "owner": "", "failures": 0, "error": ""}
        for name in names
    ]
    insert_new(session, JobRow, rows, JobRow.name)


def take(
    session: Session, name: str, *, owner: str, now: datetime, at: datetime, lease: timedelta
) -> Turn | None:
    """Take a job that is due and that nobody holds; None if it is not, or somebody does.

    `at` is the instant by the clock of leases. One guarded UPDATE: of two, only one gets it.
    """
    free = or_(JobRow.lease_until.is_(None), JobRow.lease_until < at)
    row = session.execute(
        update(JobRow)
        .where(JobRow.name == name, JobRow.due_at <= now, free)
        .values(epoch=JobRow.epoch + 1, owner=owner, lease_until=at + lease, began_at=now)
        .returning(JobRow.epoch, JobRow.due_at, JobRow.failures)
    ).one_or_none()
    return Turn(name, row.epoch, row.due_at, row.failures) if row else None


def renew(session: Session, turn: Turn, *, at: datetime, lease: timedelta) -> bool:
    """Hold a job for another lease; False if somebody else has it by now."""
    return _step(session, turn, lease_until=at + lease)


def done(session: Session, turn: Turn, *, now: datetime, due_at: datetime, error: str = "") -> bool:
    """Give a job back, due again at an instant, with what went wrong; False if it was lost."""
    return _step(
        session,
        turn,
        due_at=due_at,
        ended_at=now,
        lease_until=None,
        owner="",
        failures=turn.failures + 1 if error else 0,
        error=error[:_ERROR],
    )


def every(session: Session) -> list[Job]:
    """All jobs, the next one first."""
    return [
        Job(row.name, row.due_at, row.owner, row.began_at, row.ended_at, row.failures, row.error)
        for row in session.scalars(select(JobRow).order_by(JobRow.due_at, JobRow.name))
    ]


def free(session: Session, owners: Iterable[str]) -> None:
    """End the leases of holders that are known to be gone."""
    gone = JobRow.owner.in_(list(owners))
    session.execute(update(JobRow).where(gone).values(lease_until=None, owner=""))


def _step(session: Session, turn: Turn, **values: Any) -> bool:
    changed: Any = session.execute(update(JobRow).where(_is(turn)).values(**values))
    return bool(changed.rowcount)


def _is(turn: Turn) -> ColumnElement[bool]:
    return and_(JobRow.name == turn.name, JobRow.epoch == turn.epoch)
