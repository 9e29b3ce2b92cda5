"""The runs that are not done: what a sender has to do in them; the cancelled ones to wind up."""

from datetime import datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from digest.core.delivery import WAITING, State
from digest.store import runs
from digest.store.runs import CANCELLED, OPEN, Run
from digest.store.tables import DeliveryRow, RunRow


def to_drain(session: Session, *, now: datetime) -> list[tuple[Run, bool]]:
    """The open runs, oldest first, and whether there is something to do in each: a delivery that
    is due, or one that a sender has or had in hand."""
    at_hand = or_(
        and_(DeliveryRow.state.in_(WAITING), DeliveryRow.due_at <= now),
        DeliveryRow.state.in_((State.CLAIMED, State.IN_FLIGHT)),
    )
    work = select(DeliveryRow.id).where(DeliveryRow.run_id == RunRow.id, at_hand).exists()
    query = select(RunRow.id, work).where(RunRow.state.in_(OPEN), RunRow.edition_id.is_not(None))
    found = [
        (runs.get(session, run_id), has)
        for run_id, has in session.execute(query.order_by(RunRow.id))
    ]
    return [(run, has) for run, has in found if run is not None]


def cancelled(session: Session) -> list[int]:
    """The cancelled runs whose account is not stored yet, oldest first."""
    query = select(RunRow.id).where(RunRow.state == CANCELLED, RunRow.outcomes.is_(None))
    return list(session.scalars(query.order_by(RunRow.id)))
