"""Who is due: each reader's next digest, kept as an instant and its local day.

The instants are computed in Python, where the zones are, in pages of readers; the database only
compares them. So planning costs what is due, not what there is.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Date, Row, and_, bindparam, func, or_, select, tuple_, update
from sqlalchemy.orm import Session

from digest.core import schedule
from digest.core.schedule import Due
from subscribers.chunks import chunks
from subscribers.consent import Status
from subscribers.schedule import Schedule
from subscribers.tables import SubscriberRow, UtcDateTime

PAGE = 5000
# So many readers are promised their digests in one transaction.
PORTION = 50_000
# Two dues of one reader lie further apart than this, whatever the clocks do in between.
_APART = timedelta(hours=20)
_READERS = (Status.ACTIVE, Status.PAUSED)
_SCHEDULE = (SubscriberRow.zone, SubscriberRow.hour, SubscriberRow.cadence, SubscriberRow.weekday)
# Active readers, and those whose pause has an end.
_MAY_COME = or_(
    SubscriberRow.status == Status.ACTIVE,
    and_(SubscriberRow.status == Status.PAUSED, SubscriberRow.paused_until.is_not(None)),
)
_IS_MISSING = and_(SubscriberRow.due_at.is_(None), _MAY_COME)
# Made once: the clock asks all day long, and hardly ever finds anybody.
_MISSING = select(SubscriberRow.id).where(_IS_MISSING).limit(1)
_MISSED = (
    select(SubscriberRow.id)
    .where(
        SubscriberRow.status.in_(_READERS),
        SubscriberRow.due_at < bindparam("before", type_=UtcDateTime),
    )
    .limit(1)
)
_HERE = SubscriberRow.due_at, SubscriberRow.due_day
_FIRST = (
    select(*_HERE)
    .where(
        SubscriberRow.status == bindparam("of_status", type_=SubscriberRow.status.type),
        SubscriberRow.due_at <= bindparam("now", type_=UtcDateTime),
    )
    .order_by(*_HERE)
    .limit(1)
)
_AT, _DAY = bindparam("at", type_=UtcDateTime), bindparam("day", type_=Date)
_FURTHER = _FIRST.where(
    SubscriberRow.due_at >= _AT,
    or_(
        SubscriberRow.due_at > _AT,
        and_(SubscriberRow.due_at == _AT, SubscriberRow.due_day > _DAY),
    ),
)


def is_behind(session: Session, *, now: datetime) -> bool:
    """Whether `reckon` or `catch_up` would find anybody."""
    return (
        session.scalar(_MISSING) is not None
        or session.scalar(_MISSED, {"before": now - _APART}) is not None
    )


def reckon(session: Session, *, now: datetime) -> int:
    """Find the next due of up to a page of readers who have none: new ones, and those who changed
    their schedule or status; of how many."""
    query = _page().add_columns(SubscriberRow.due_day, SubscriberRow.paused_until)
    rows = session.execute(query.where(_IS_MISSING).limit(PAGE)).all()

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
    values: dict[str, Any] = {"of_status": status, "now": now}
    row = session.execute(_FIRST, values).one_or_none()
    while row is not None:
        yield Due(row.due_at, row.due_day)
        values |= {"at": row.due_at, "day": row.due_day}
        row = session.execute(_FURTHER, values).one_or_none()


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
