"""The runs that are not done: what a sender has to do in them; the cancelled ones to wind up."""

from datetime import datetime

from sqlalchemy import and_, bindparam, or_, select
from sqlalchemy.orm import Session

from digest.core.delivery import WAITING, State
from digest.store import runs
from digest.store.runs import CANCELLED, OPEN, Run
from digest.store.tables import DeliveryRow, RunRow
from subscribers.tables import UtcDateTime

# Made once: the clock asks all day long.
_OPEN = (
    select(RunRow.id)
    .where(RunRow.state.in_(OPEN), RunRow.edition_id.is_not(None))
    .order_by(RunRow.id)
)
_AT_HAND = or_(
    and_(DeliveryRow.state.in_(WAITING), DeliveryRow.due_at <= bindparam("now", type_=UtcDateTime)),
    DeliveryRow.state.in_((State.CLAIMED, State.IN_FLIGHT)),
)
_WORK = _OPEN.add_columns(
    select(DeliveryRow.id).where(DeliveryRow.run_id == RunRow.id, _AT_HAND).exists()
)
_CANCELLED = (
    select(RunRow.id)
    .where(RunRow.state == CANCELLED, RunRow.outcomes.is_(None))
    .order_by(RunRow.id)
)


def every(session: Session) -> list[int]:
    """The open runs, oldest first."""
    return list(session.scalars(_OPEN))


def to_drain(session: Session, *, now: datetime) -> list[tuple[Run, bool]]:
    """The open runs, oldest first, and whether there is something to do in each: a delivery that
    is due, or one that a sender has or had in hand."""
    found = [
        (runs.get(session, run_id), has) for run_id, has in session.execute(_WORK, {"now": now})
    ]
    return [(run, has) for run, has in found if run is not None]


def cancelled(session: Session) -> list[int]:
    """The cancelled runs whose account is not stored yet, oldest first."""
    return list(session.scalars(_CANCELLED))
