"""Who is due: each reader's next digest, kept as an instant and its local day.

The instants are computed in Python, where the zones are, in pages of readers; the database only
compares them. So planning costs what is due, not what there is.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, or_, select, tuple_, update
from sqlalchemy.orm import Session

from digest.core import schedule
from digest.core.schedule import Due
from subscribers.chunks import chunks
from subscribers.consent import Status
from subscribers.schedule import Schedule
from subscribers.tables import SubscriberRow

PAGE = 5000
# So many readers are promised their digests in one transaction.
PORTION = 50_000
# Two dues of one reader lie further apart than this, whatever the clocks do in between.
_APART = timedelta(hours=20)
_READERS = (Status.ACTIVE, Status.PAUSED)
_SCHEDULE = (SubscriberRow.zone, SubscriberRow.hour, SubscriberRow.cadence, SubscriberRow.weekday)


def reckon(session: Session, *, now: datetime) -> int:
    """Find the next due of up to a page of readers who have none: new ones, and those who changed
    their schedule or status; of how many."""
    missing = and_(SubscriberRow.due_at.is_(None), _may_come())
    query = _page().add_columns(SubscriberRow.due_day, SubscriberRow.paused_until)
    rows = session.execute(query.where(missing).limit(PAGE)).all()

    def due(row: Row[Any]) -> Due:
        return schedule.first(_schedule(row), now, owed=row.due_day, since=row.paused_until)

    _move(session, rows, due)
    return len(rows)


def catch_up(session: Session, *, now: datetime, late: timedelta) -> None:
    """Let readers whose due was missed for a day or more have the latest that passed, or the next
    one where that one is older than `late`."""
    missed = and_(SubscriberRow.status.in_(_READERS), SubscriberRow.due_at < now - _APART)
    after_id = 0

    def due(row: Row[Any]) -> Due:
        latest = schedule.last(_schedule(row), now)
        return latest if now - latest.at < late else schedule.after(_schedule(row), latest.day)

    while rows := session.execute(
        _page().where(missed, SubscriberRow.id > after_id).order_by(SubscriberRow.id).limit(PAGE)
    ).all():
        _move(session, rows, due)
        after_id = rows[-1].id


def passed(session: Session, *, now: datetime) -> Iterator[Due]:
    """The dues that have come, each once, the oldest first."""
    found: set[Due] = set()
    for status in _READERS:
        found.update(_passed(session, status, now))
    return iter(sorted(found))


def _passed(session: Session, status: Status, now: datetime) -> Iterator[Due]:
    """Leaps from one due to the next in the index: a million readers of one due cost no more."""
    here = (SubscriberRow.due_at, SubscriberRow.due_day)
    query = select(*here).where(SubscriberRow.status == status, SubscriberRow.due_at <= now)
    query = query.order_by(*here).limit(1)
    row = session.execute(query).one_or_none()
    while row is not None:
        yield Due(row.due_at, row.due_day)
        further = or_(
            SubscriberRow.due_at > row.due_at,
            and_(SubscriberRow.due_at == row.due_at, SubscriberRow.due_day > row.due_day),
        )
        row = session.execute(
            query.where(SubscriberRow.due_at >= row.due_at, further)
        ).one_or_none()


def portion(session: Session, due: Due) -> int | None:
    """The highest id of the first so many readers of a due; None if nobody is left."""
    first = select(SubscriberRow.id).where(of(due)).order_by(SubscriberRow.id).limit(PORTION)
    highest: int | None = session.scalar(select(func.max(first.subquery().c.id)))
    return highest


def advance(session: Session, due: Due, upto: int) -> None:
    """Let the readers of a due up to this id wait for their next one."""
    mine = and_(of(due), SubscriberRow.id <= upto)
    coming: dict[Due, list[tuple[Any, ...]]] = defaultdict(list)
    for row in session.execute(select(*_SCHEDULE).where(mine).distinct()):
        coming[schedule.after(_schedule(row), due.day)].append(tuple(row))
    for following, schedules in coming.items():
        for part in chunks(schedules, 200):
            step = update(SubscriberRow).where(mine, tuple_(*_SCHEDULE).in_(part))
            session.execute(
                step.values(due_at=following.at, due_day=following.day),
                execution_options={"synchronize_session": False},
            )


def of(due: Due) -> ColumnElement[bool]:
    """The readers of a due."""
    return and_(
        SubscriberRow.status.in_(_READERS),
        SubscriberRow.due_at == due.at,
        SubscriberRow.due_day == due.day,
    )


def _may_come() -> ColumnElement[bool]:
    """Active readers, and those whose pause has an end."""
    ends = and_(SubscriberRow.status == Status.PAUSED, SubscriberRow.paused_until.is_not(None))
    return or_(SubscriberRow.status == Status.ACTIVE, ends)


def _page() -> Any:
    return select(SubscriberRow.id, *_SCHEDULE)


def _schedule(row: Any) -> Schedule:
    return Schedule(zone=row.zone, hour=row.hour, cadence=row.cadence, weekday=row.weekday)


def _move(session: Session, rows: Sequence[Any], to: Callable[[Row[Any]], Due]) -> None:
    moved: dict[Due, list[int]] = defaultdict(list)
    for row in rows:
        moved[to(row)].append(row.id)
    for due, ids in moved.items():
        for part in chunks(ids):
            session.execute(
                update(SubscriberRow)
                .where(SubscriberRow.id.in_(part))
                .values(due_at=due.at, due_day=due.day),
                execution_options={"synchronize_session": False},
            )
