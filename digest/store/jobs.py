"""The clock's jobs: of all processes that share the database, one at a time does each.

A job is taken with a lease by the clock of leases and a rising epoch, as shards are: who lost it
changes no row.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import String, Update, bindparam, or_, select, update
from sqlalchemy.orm import Session

from digest.store.tables import JobRow
from subscribers.insert import insert_new
from subscribers.tables import UtcDateTime, table

_ERROR = 500
# Made once, and of the plain table: the clock asks all day long, and making one costs more than
# what the database then does with it.
_JOBS = table(JobRow)
_OF = bindparam("job", type_=String)
_NOW, _AT = bindparam("now", type_=UtcDateTime), bindparam("at", type_=UtcDateTime)
_IS_DUE = _JOBS.c.due_at <= _NOW
_IS_FREE = or_(_JOBS.c.lease_until.is_(None), _JOBS.c.lease_until < _AT)
_IS_MINE = _JOBS.c.name == _OF, _JOBS.c.epoch == bindparam("of_epoch")
_DUE = select(_JOBS.c.name).where(_IS_DUE, _IS_FREE)
_TAKE = (
    update(_JOBS)
    .where(_JOBS.c.name == _OF, _IS_DUE, _IS_FREE)
    .values(
        epoch=_JOBS.c.epoch + 1,
        owner=bindparam("by"),
        lease_until=bindparam("until", type_=UtcDateTime),
        began_at=_NOW,
    )
    .returning(_JOBS.c.epoch, _JOBS.c.due_at, _JOBS.c.failures)
)
_RENEW = update(_JOBS).where(*_IS_MINE).values(lease_until=bindparam("until", type_=UtcDateTime))
_DONE = (
    update(_JOBS)
    .where(*_IS_MINE)
    .values(
        due_at=bindparam("again_at", type_=UtcDateTime),
        ended_at=_NOW,
        lease_until=None,
        owner="",
        failures=bindparam("failed"),
        error=bindparam("why"),
    )
)
_EVERY = select(
    _JOBS.c.name, _JOBS.c.due_at, _JOBS.c.owner, _JOBS.c.began_at, _JOBS.c.ended_at,
    _JOBS.c.failures, _JOBS.c.error,
).order_by(_JOBS.c.due_at, _JOBS.c.name)  # fmt: skip


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


def due(session: Session, *, now: datetime, at: datetime) -> frozenset[str]:
    """The jobs that could be taken now; a look that holds up nobody.

    `at` is the instant by the clock of leases.
    """
    return frozenset(session.scalars(_DUE, {"now": now, "at": at}))


def take(
    session: Session, name: str, *, owner: str, now: datetime, at: datetime, lease: timedelta
) -> Turn | None:
    """Take a job that is due and that nobody holds; None if it is not, or somebody does.

    `at` is the instant by the clock of leases. One guarded UPDATE: of two, only one gets it.
    """
    values = {"job": name, "now": now, "at": at, "by": owner, "until": at + lease}
    row = session.execute(_TAKE, values).one_or_none()
    return Turn(name, row.epoch, row.due_at, row.failures) if row else None


def renew(session: Session, turn: Turn, *, at: datetime, lease: timedelta) -> bool:
    """Hold a job for another lease; False if somebody else has it by now."""
    return _step(session, _RENEW, turn, {"until": at + lease})


def done(session: Session, turn: Turn, *, now: datetime, due_at: datetime, error: str = "") -> bool:
    """Give a job back, due again at an instant, with what went wrong; False if it was lost."""
    failed = turn.failures + 1 if error else 0
    values = {"again_at": due_at, "now": now, "failed": failed, "why": error[:_ERROR]}
    return _step(session, _DONE, turn, values)


def every(session: Session) -> list[Job]:
    """All jobs, the next one first."""
    return [Job(*row) for row in session.execute(_EVERY)]


def free(session: Session, owners: Iterable[str]) -> None:
    """End the leases of holders that are known to be gone."""
    gone = JobRow.owner.in_(list(owners))
    session.execute(update(JobRow).where(gone).values(lease_until=None, owner=""))


def _step(session: Session, step: Update, turn: Turn, values: dict[str, Any]) -> bool:
    mine = {"job": turn.name, "of_epoch": turn.epoch}
    changed: Any = session.execute(step, mine | values)
    return bool(changed.rowcount)
