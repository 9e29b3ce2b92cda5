"""How the sources stand, and what each part of them announced last."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from digest.core.announcing import SourceState
from digest.store.tables import BatchRow, SourceStateRow


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """How a source stands, and since when; as to which day of its calendar, None without one.

    `late` are the parts that still show what they showed before; `failures` counts the looks in a
    row that failed since `good_at`, with the last `error`.
    """

    source: str
    state: SourceState
    since: datetime
    day: date | None
    tried_at: datetime
    good_at: datetime | None
    failures: int = 0
    error: str = ""
    late: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Batch:
    """What a part of a source announced last: its ids, with versions, for a listing day."""

    day: date
    ids: frozenset[str]

    def lacks(self, ids: frozenset[str]) -> bool:
        """Whether one of these ids is new to it."""
        return not ids <= self.ids


def of(session: Session, source: str) -> State | None:
    """How one source stands; None if it was never looked at."""
    row = session.get(SourceStateRow, source)
    return _value(row) if row else None


def every(session: Session, sources: Sequence[str]) -> list[State]:
    """How these sources stand, by name; what was never looked at is missing."""
    query = select(SourceStateRow).where(SourceStateRow.source.in_(sources))
    return [_value(row) for row in session.scalars(query.order_by(SourceStateRow.source))]


def save(session: Session, state: State) -> None:
    session.merge(
        SourceStateRow(
            source=state.source, state=state.state.value, since=state.since, day=state.day,
            tried_at=state.tried_at, good_at=state.good_at, failures=state.failures,
            error=state.error, late=list(state.late),
        )
    )  # fmt: skip


def batches(session: Session, source: str) -> dict[str, Batch]:
    """What each part of a source announced last, by part."""
    query = select(BatchRow).where(BatchRow.source == source)
    return {row.part: Batch(row.day, frozenset(row.ids)) for row in session.scalars(query)}


def save_batches(
    session: Session, source: str, found: Mapping[str, Batch], *, at: datetime
) -> None:
    for part, batch in found.items():
        session.merge(
            BatchRow(source=source, part=part, day=batch.day, at=at, ids=sorted(batch.ids))
        )


def _value(row: SourceStateRow) -> State:
    return State(
        source=row.source,
        state=SourceState(row.state),
        since=row.since,
        day=row.day,
        tried_at=row.tried_at,
        good_at=row.good_at,
        failures=row.failures,
        error=row.error,
        late=tuple(row.late),
    )
