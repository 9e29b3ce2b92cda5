"""Runs: the account of each, audience = sum of outcomes, and their states.

Whom a run is for is frozen in freezing.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    func,
    select,
    update,
)
from sqlalchemy.orm import Session

from digest.core.delivery import FINAL, WAITING, State
from digest.store.tables import DeliveryRow, EditionRow, RunRow, ShardRow

DIGEST = "digest"
OPEN = ("running", "paused")
CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Run:
    """One send of one day: its audience was frozen at `planned_at`, and nothing of it is handed
    over after `deadline_at`. `outcomes` counts its deliveries by state; `note` is why it is paused
    or was cancelled; its digests look `days` back, 0 for since each reader's last."""

    id: int
    day: date
    state: str
    planned_at: datetime
    deadline_at: datetime
    audience: int
    outcomes: dict[State, int]
    note: str = ""
    days: int = 0

    @property
    def is_accounted(self) -> bool:
        """Whether every promise of it has ended in exactly one way."""
        return sum(self.outcomes.values()) - self.left == self.audience

    @property
    def left(self) -> int:
        """How many of its deliveries have not ended."""
        return sum(n for state, n in self.outcomes.items() if state not in FINAL)


def get(session: Session, run_id: int) -> Run | None:
    """A run with its account as it stands now."""
    found = session.execute(
        select(RunRow, EditionRow.day).join(EditionRow).where(RunRow.id == run_id)
    ).one_or_none()
    if found is None:
        return None
    row, day = found
    return value(row, day, counts(session, [row.id]) if row.outcomes is None else {})


def value(row: RunRow, day: date, now: Mapping[int, dict[State, int]]) -> Run:
    """A run by its stored account, or else by the counts of now."""
    stored = {State(state): number for state, number in (row.outcomes or {}).items()}
    outcomes = now.get(row.id, {}) if row.outcomes is None else stored
    return Run(row.id, day, row.state, row.planned_at, row.deadline_at, row.audience,
               outcomes, row.note, row.days)  # fmt: skip


def counts(session: Session, run_ids: Sequence[int]) -> dict[int, dict[State, int]]:
    """How many deliveries each of these runs has in which state."""
    query = (
        select(DeliveryRow.run_id, DeliveryRow.state, func.count())
        .where(DeliveryRow.run_id.in_(run_ids))
        .group_by(DeliveryRow.run_id, DeliveryRow.state)
    )
    found: dict[int, dict[State, int]] = {run_id: {} for run_id in run_ids}
    for run_id, state, number in session.execute(query) if run_ids else ():
        if run_id is not None:
            found[run_id][State(state)] = number
    return found


def hold(session: Session, run_id: int) -> str | None:
    """The state of a run, which nobody else changes before the commit; None if there is no run.

    Its edition is held first, as `freezing.freeze` does: so neither waits for the other for ever.
    """
    edition = select(RunRow.edition_id).where(RunRow.id == run_id).scalar_subquery()
    session.scalars(select(EditionRow.id).where(EditionRow.id == edition).with_for_update()).all()
    mine = select(RunRow.state).where(RunRow.id == run_id, RunRow.edition_id.is_not(None))
    return session.scalar(mine.with_for_update())


def unfinished(session: Session, day: date) -> list[int]:
    """The runs of a day that are not done, oldest first."""
    query = select(RunRow.id).join(EditionRow).where(EditionRow.day == day, RunRow.state.in_(OPEN))
    return list(session.scalars(query.order_by(RunRow.id)))


def unaccounted(session: Session, day: date, state: str) -> list[int]:
    """The runs of a day in this state whose account is not stored yet, oldest first."""
    query = select(RunRow.id).join(EditionRow).where(
        EditionRow.day == day, RunRow.state == state, RunRow.outcomes.is_(None)
    )  # fmt: skip
    return list(session.scalars(query.order_by(RunRow.id)))


def finish(session: Session, run_id: int) -> bool:
    """Store the account of a run once it is complete; whether it is. An open run is done then, a
    cancelled one stays cancelled."""
    row = session.get(RunRow, run_id, with_for_update=True)
    run = get(session, run_id)
    if row is None or run is None or not run.is_accounted:
        return False
    row.outcomes = {state.value: number for state, number in sorted(run.outcomes.items())}
    row.state = "done" if row.state in OPEN else row.state
    return True


def set_state(session: Session, run_id: int, state: str, note: str = "") -> None:
    """Pause or resume an open run; one that is done stays done."""
    session.execute(
        update(RunRow)
        .where(RunRow.id == run_id, RunRow.state.in_(OPEN))
        .values(state=state, note=note)
    )


def shards(session: Session, run_id: int) -> list[int]:
    """The numbers of a run's shards."""
    query = select(ShardRow.number).where(ShardRow.run_id == run_id)
    return list(session.scalars(query.order_by(ShardRow.number)))


def cancel_waiting(
    session: Session, run_id: int, *, now: datetime, only: Sequence[int] | None = None
) -> int:
    """End what waits in a cancelled run (or in `only` these of its shards); how much. A run that is
    not cancelled keeps all of it, so a sender may call this whenever it hands something back.

    It holds the shards in their order: who holds one already names that one as `only`.
    """
    cancelled = select(RunRow.id).where(RunRow.id == run_id, RunRow.state == CANCELLED)
    if session.scalar(cancelled) is None:
        return 0
    return end_waiting(session, run_id, State.CANCELLED, "cancelled by command", now, only)


def end_waiting(
    session: Session,
    run_id: int,
    state: State,
    reason: str,
    now: datetime,
    only: Sequence[int] | None = None,
) -> int:
    """End what waits in a run, or in `only` these of its shards, without a hand-over; how much."""
    held = select(ShardRow.number).where(ShardRow.run_id == run_id)
    step = update(DeliveryRow).where(
        DeliveryRow.run_id == run_id, DeliveryRow.state.in_(WAITING)
    )  # fmt: skip
    if only is not None:
        held, step = held.where(ShardRow.number.in_(only)), step.where(DeliveryRow.shard.in_(only))
    session.scalars(held.order_by(ShardRow.number).with_for_update()).all()
    ended: Any = session.execute(step.values(state=state, reason=reason, changed_at=now))
    return int(ended.rowcount)
