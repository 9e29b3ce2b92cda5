"""Complaints of late: how many readers called our mail spam, of how much that was sent."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from digest.core.bounce import Kind
from digest.core.delivery import State
from digest.store.tables import BounceReportRow, DeliveryRow, RunRow

DAYS = 7


@dataclass(frozen=True, slots=True)
class Complaints:
    """Readers who complained in the last DAYS days, and digests that runs of those days sent."""

    readers: int
    sent: int


def lately(session: Session, *, now: datetime) -> Complaints:
    """The complaints of the last DAYS days that are proven to be about mail of ours.

    A run that is done is asked by its account, an open one by its rows: the cost does not follow
    the size of the ledger.
    """
    since = now - timedelta(days=DAYS)
    return Complaints(_readers(session, since), _sent(session, since))


def _readers(session: Session, since: datetime) -> int:
    query = select(func.count(BounceReportRow.subscriber_id.distinct())).where(
        BounceReportRow.kind == Kind.COMPLAINT, BounceReportRow.at >= since
    )
    return session.scalar(query) or 0


def _sent(session: Session, since: datetime) -> int:
    runs = session.execute(select(RunRow.id, RunRow.outcomes).where(RunRow.planned_at >= since))
    done, still_open = 0, []
    for run_id, outcomes in runs:
        if outcomes is None:
            still_open.append(run_id)
        else:
            done += outcomes.get(State.SENT, 0)
    query = select(func.count()).select_from(DeliveryRow)
    rows = DeliveryRow.run_id.in_(still_open), DeliveryRow.state == State.SENT
    return done + (session.scalar(query.where(*rows)) or 0 if still_open else 0)
