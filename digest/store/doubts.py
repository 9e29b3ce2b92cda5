"""Deliveries in doubt, as a person decides them: counted as sent, or promised again.

No machine makes these steps: the server may hold the message, and only its log knows. Every
decision is kept beside the tries, with who made it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    String,
    and_,
    cast,
    func,
    insert,
    literal,
    null,
    select,
    update,
)
from sqlalchemy.orm import Session

from digest.core.delivery import Phase, State, check_decision
from digest.store import runs
from digest.store.tables import AttemptRow, DeliveryRow, RunRow, ShardRow
from subscribers.tables import UtcDateTime

WORDS = {State.SENT: "counted as sent", State.PLANNED: "promised again"}


def decide(
    session: Session,
    run_id: int,
    to: State,
    *,
    by: str,
    now: datetime,
    life: timedelta,
    only: Sequence[int] | None = None,
) -> int:
    """Make SENT or PLANNED of what is in doubt in a run, of all its readers or of `only` these;
    how many. `by` says whose decision it is; the caller holds the run (`runs.hold`).

    A run that had ended is paused then, with what is promised again, until somebody resumes it. A
    deadline that has passed ends whatever else waits, and starts anew, `life` from now.
    """
    check_decision(f"of run {run_id}", State.IN_DOUBT, to)
    run, doubtful = session.get_one(RunRow, run_id), _doubtful(run_id, only)
    words = f"decided by command: {WORDS[to]} ({by})"
    _note(session, doubtful, to, words, now)
    if to is State.PLANNED:
        _reopen_shards(session, run.id, doubtful)
        if run.deadline_at <= now:
            runs.end_waiting(session, run.id, State.EXPIRED, "its deadline passed", now)
    anew = {"epoch": 0, "due_at": now} if to is State.PLANNED else {}
    step = update(DeliveryRow).where(doubtful)
    decided: Any = session.execute(
        step.values(state=to, reason=words, changed_at=now,
                    attempts=DeliveryRow.attempts + 1, **anew)
    )  # fmt: skip
    if count := int(decided.rowcount):
        _account(session, run, to, count, now, life)
    return count


def number_of(session: Session, run_id: int, only: Sequence[int] | None = None) -> int:
    """How many deliveries of a run, to all its readers or `only` these, are in doubt."""
    query = select(func.count()).select_from(DeliveryRow).where(_doubtful(run_id, only))
    return session.scalar(query) or 0


def _doubtful(run_id: int, only: Sequence[int] | None) -> ColumnElement[bool]:
    mine = and_(DeliveryRow.run_id == run_id, DeliveryRow.state == State.IN_DOUBT)
    return mine if only is None else and_(mine, DeliveryRow.subscriber_id.in_(only))


def _note(
    session: Session, doubtful: ColumnElement[bool], to: State, words: str, now: datetime
) -> None:
    """Keep the decision beside the tries: what is sent next overwrites the reason."""
    columns = {
        "delivery_id": DeliveryRow.id,
        "number": DeliveryRow.attempts + 1,
        "at": literal(now, UtcDateTime),
        "state": literal(to.value, String),
        "phase": literal(Phase.DECIDED.value, String),
        "code": cast(null(), Integer),
        "reply": literal(words, String),
    }
    chosen = select(*columns.values()).where(doubtful)
    session.execute(insert(AttemptRow).from_select(list(columns), chosen))


def _reopen_shards(session: Session, run_id: int, doubtful: ColumnElement[bool]) -> None:
    numbers = session.scalars(select(DeliveryRow.shard).where(doubtful).distinct()).all()
    session.execute(
        update(ShardRow)
        .where(ShardRow.run_id == run_id, ShardRow.number.in_(numbers))
        .values(done=False)
    )


def _account(
    session: Session, run: RunRow, to: State, count: int, now: datetime, life: timedelta
) -> None:
    """Keep the run's account whole: its stored outcomes follow, or it is open again."""
    if to is State.PLANNED:
        if run.deadline_at <= now:
            run.deadline_at = now + life
        if run.state not in runs.OPEN:
            _reopen(session, run, count)
    elif run.outcomes is not None:
        rest = run.outcomes[State.IN_DOUBT] - count
        stored = {**run.outcomes, State.SENT.value: run.outcomes.get(State.SENT, 0) + count,
                  State.IN_DOUBT.value: rest}  # fmt: skip
        run.outcomes = {state: number for state, number in sorted(stored.items()) if number}


def _reopen(session: Session, run: RunRow, count: int) -> None:
    """What later runs took over is in their accounts, and no more in this one."""
    here = select(func.count()).select_from(DeliveryRow).where(DeliveryRow.run_id == run.id)
    run.audience, run.outcomes = session.scalar(here) or 0, None
    run.state, run.note = "paused", f"{count:,} promised again by command"
