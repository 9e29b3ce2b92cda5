"""The account of runs: the runs themselves, and each row by row, with the last words about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal, select
from sqlalchemy.orm import Session

from digest.core.delivery import Phase, State
from digest.store import runs
from digest.store.deliveries import Attempt, key
from digest.store.runs import Run
from digest.store.tables import AttemptRow, DeliveryRow, EditionRow, RunRow
from subscribers.chunks import chunks
from subscribers.tables import SubscriberRow


@dataclass(frozen=True, slots=True)
class Entry:
    """One delivery of a run. `email` is None for who was erased; `attempts` counts tries and
    decisions, and `last` is the latest that was written down."""

    id: int
    key: str
    subscriber_id: int
    email: str | None
    state: State
    reason: str
    changed_at: datetime
    attempts: int
    last: Attempt | None


def recent(
    session: Session,
    *,
    day: date | None = None,
    limit: int,
    before: int | None = None,
    live: Mapping[int, dict[State, int]] | None = None,
) -> list[Run]:
    """The runs, of one day or of all, newest first: those with a number below `before`. `live` is
    how those stand that have no stored account, where somebody counted it already."""
    query = select(RunRow, EditionRow.day).join(EditionRow).where(_on(day))
    if before is not None:
        query = query.where(RunRow.id < before)
    rows = session.execute(query.order_by(RunRow.id.desc()).limit(limit)).all()
    known = live or {}
    unknown = [row.id for row, _ in rows if row.outcomes is None and row.id not in known]
    now = {**known, **runs.counts(session, unknown)}
    return [runs.value(row, on, now) for row, on in rows]


def number_of_runs(session: Session, *, day: date | None = None) -> int:
    """How many runs there are, of one day or of all."""
    query = select(func.count()).select_from(RunRow).join(EditionRow)
    return session.scalar(query.where(_on(day))) or 0


def _on(day: date | None) -> ColumnElement[bool]:
    return literal(True) if day is None else EditionRow.day == day


def entries(
    session: Session, run_id: int, *, limit: int, state: State | None = None, after: int = 0
) -> list[Entry]:
    """The run's deliveries whose id is above `after`, by id."""
    query = _whole().where(*_chosen(run_id, state, after))
    return _entries(session, session.execute(query.order_by(DeliveryRow.id).limit(limit)).all())


def by_ids(session: Session, ids: Sequence[int]) -> list[Entry]:
    """These deliveries, in the order of the ids given."""
    rows = session.execute(_whole().where(DeliveryRow.id.in_(ids))).all()
    found = {one.id: one for one in _entries(session, rows)}
    return [found[number] for number in ids if number in found]


def _whole() -> Select[DeliveryRow, str]:
    return select(DeliveryRow, SubscriberRow.address).outerjoin(
        SubscriberRow, SubscriberRow.id == DeliveryRow.subscriber_id
    )


def _entries(session: Session, rows: Sequence[Any]) -> list[Entry]:
    last = _last(session, [row.id for row, _ in rows])
    return [_entry(row, email, last.get(row.id)) for row, email in rows]


def remaining(session: Session, run_id: int, *, state: State | None = None, after: int = 0) -> int:
    """How many deliveries of the run have an id above `after`."""
    query = select(func.count()).select_from(DeliveryRow)
    return session.scalar(query.where(*_chosen(run_id, state, after))) or 0


def _chosen(run_id: int, state: State | None, after: int) -> list[ColumnElement[bool]]:
    of_state = [] if state is None else [DeliveryRow.state == state]
    return [DeliveryRow.run_id == run_id, DeliveryRow.id > after, *of_state]


def _last(session: Session, ids: Sequence[int]) -> dict[int, Attempt]:
    """The last try of each of these deliveries."""
    found: dict[int, Attempt] = {}
    query = select(AttemptRow).order_by(AttemptRow.number)
    for part in chunks(ids):
        for row in session.scalars(query.where(AttemptRow.delivery_id.in_(part))):
            found[row.delivery_id] = Attempt(
                row.number, row.at, State(row.state), Phase(row.phase), row.code, row.reply
            )
    return found


def _entry(row: DeliveryRow, email: str | None, last: Attempt | None) -> Entry:
    return Entry(
        id=row.id,
        key=key(row.kind, row.local_day, row.subscriber_id if row.local_day else row.id),
        subscriber_id=row.subscriber_id,
        email=email,
        state=State(row.state),
        reason=row.reason,
        changed_at=row.changed_at,
        attempts=row.attempts,
        last=last,
    )
