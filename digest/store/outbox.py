"""The send ledger of one shard: claim it, take its deliveries step by step, record outcomes.

A claim raises the shard's epoch, and every later write says which epoch it belongs to: a sender
that lost its shard changes no row and gets LostClaim. Nothing here commits.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, bindparam, func, insert, or_, select, update
from sqlalchemy.orm import Session

from digest.core.delivery import WAITING, Outcome, State, check_step, retry_at
from digest.errors import LostClaim
from digest.store.tables import AttemptRow, DeliveryRow, RunRow, ShardRow

LEASE = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Shard:
    """A claimed part of a run; `epoch` fences every write to it."""

    run_id: int
    number: int
    epoch: int


@dataclass(frozen=True, slots=True)
class Claimed:
    """One delivery in hand."""

    id: int
    subscriber_id: int
    attempts: int


@dataclass(frozen=True, slots=True)
class Composed:
    """What is about to be sent to one reader: the picked papers and their stored reasons."""

    delivery_id: int
    papers: bytes
    picks: bytes
    considered: int
    profile_version: int


def claim_shard(session: Session, run_id: int, *, owner: str, now: datetime) -> Shard | None:
    """Take a shard of a running run that nobody holds and that has something due; None if none.

    What the last holder left under way: claimed goes back to planned, in flight becomes in doubt.
    """
    free = or_(ShardRow.lease_until.is_(None), ShardRow.lease_until < now)
    due = select(DeliveryRow.id).where(
        DeliveryRow.run_id == ShardRow.run_id,
        DeliveryRow.shard == ShardRow.number,
        or_(
            and_(DeliveryRow.state.in_(WAITING), DeliveryRow.due_at <= now),
            DeliveryRow.state.in_((State.CLAIMED, State.IN_FLIGHT)),
        ),
    )
    running = select(RunRow.id).where(RunRow.id == run_id, RunRow.state == "running")
    chosen = (
        select(ShardRow.number)
        .where(ShardRow.run_id.in_(running), ShardRow.done.is_(False), free, due.exists())
        .order_by(ShardRow.number)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    number = session.scalar(chosen)
    if number is None:
        return None
    epoch = session.scalar(
        update(ShardRow)
        .where(ShardRow.run_id == run_id, ShardRow.number == number)
        .values(epoch=ShardRow.epoch + 1, owner=owner, lease_until=now + LEASE)
        .returning(ShardRow.epoch)
    )
    shard = Shard(run_id, number, epoch or 0)
    _reap(session, shard, now)
    return shard


def _rows(shard: Shard) -> Any:
    return and_(DeliveryRow.run_id == shard.run_id, DeliveryRow.shard == shard.number)


def _reap(session: Session, shard: Shard, now: datetime) -> None:
    left = {
        State.CLAIMED: (State.PLANNED, ""),
        State.IN_FLIGHT: (State.IN_DOUBT, "the sender stopped while this was under way"),
    }
    for state, (to, reason) in left.items():
        session.execute(
            update(DeliveryRow)
            .where(_rows(shard), DeliveryRow.state == state)
            .values(state=to, reason=reason, changed_at=now)
        )


def extend(session: Session, shard: Shard, now: datetime) -> None:
    """Hold the shard for another lease; LostClaim if another sender has it."""
    step = update(ShardRow).where(_is(shard)).values(lease_until=now + LEASE)
    _fence(session.execute(step), 1, shard)


def _is(shard: Shard) -> Any:
    """The shard's row, as long as this claim of it holds."""
    return and_(
        ShardRow.run_id == shard.run_id,
        ShardRow.number == shard.number,
        ShardRow.epoch == shard.epoch,
    )


def _check(session: Session, shard: Shard) -> None:
    """LostClaim if another sender has the shard; else nobody takes it before the commit."""
    held = select(ShardRow.epoch).where(_is(shard)).with_for_update()
    if session.scalar(held) is None:
        raise LostClaim(_lost(shard))


def release(session: Session, shard: Shard) -> None:
    """Give the shard back; done when nothing of it waits any more. A lost one stays as it is."""
    waiting = select(func.count()).select_from(DeliveryRow).where(
        _rows(shard), DeliveryRow.state.in_((*WAITING, State.CLAIMED, State.IN_FLIGHT))
    )  # fmt: skip
    done = not session.scalar(waiting)
    session.execute(
        update(ShardRow).where(_is(shard)).values(lease_until=None, done=done, owner="")
    )


def claim_due(session: Session, shard: Shard, *, now: datetime) -> list[Claimed]:
    """Claim all deliveries of the shard that are due, by subscriber."""
    _check(session, shard)
    rows = session.execute(
        update(DeliveryRow)
        .where(_rows(shard), DeliveryRow.state.in_(WAITING), DeliveryRow.due_at <= now)
        .values(state=State.CLAIMED, epoch=shard.epoch, changed_at=now)
        .returning(DeliveryRow.id, DeliveryRow.subscriber_id, DeliveryRow.attempts)
    )
    return sorted((Claimed(*row) for row in rows), key=lambda one: one.subscriber_id)


def expire(session: Session, shard: Shard, *, now: datetime) -> None:
    """End what a deadline has overtaken."""
    _check(session, shard)
    session.execute(
        update(DeliveryRow)
        .where(_rows(shard), DeliveryRow.state.in_(WAITING))
        .values(state=State.EXPIRED, reason="its deadline passed", changed_at=now)
    )


def keep_picks(session: Session, shard: Shard, composed: Sequence[Composed]) -> None:
    """Store what was picked for each reader, with the reasons, before anything is sent."""
    rows = [
        {"row": one.delivery_id, "papers": one.papers, "picks": one.picks,
         "considered": one.considered, "profile_version": one.profile_version}
        for one in composed
    ]  # fmt: skip
    if rows:
        table = DeliveryRow.__table__
        names = [name for name in rows[0] if name != "row"]
        statement = (
            update(table)  # type: ignore[arg-type]
            .where(
                table.c.id == bindparam("row"),
                table.c.run_id == shard.run_id,
                table.c.shard == shard.number,
                table.c.epoch == shard.epoch,
                table.c.state == State.CLAIMED,
            )
            .values({name: bindparam(name) for name in names})
        )
        session.connection().execute(statement, rows)


def end(
    session: Session, shard: Shard, ids: Sequence[int], state: State, reason: str, now: datetime
) -> None:
    """Claimed deliveries that end, or go back to waiting, without a hand-over."""
    check_step(f"of shard {shard.number}", State.CLAIMED, state)
    if ids:
        later = {"due_at": retry_at(now, 1)} if state is State.DEFERRED else {}
        step = _step(shard, ids, State.CLAIMED).values(
            state=state, reason=reason, changed_at=now, **later
        )
        _fence(session.execute(step), len(ids), shard)


def hand_back(session: Session, shard: Shard, *, now: datetime) -> None:
    """What is claimed and not yet under way waits again."""
    session.execute(
        update(DeliveryRow)
        .where(_rows(shard), DeliveryRow.state == State.CLAIMED, DeliveryRow.epoch == shard.epoch)
        .values(state=State.PLANNED, changed_at=now)
    )


def start(session: Session, shard: Shard, ids: Sequence[int], *, now: datetime) -> None:
    """Claimed deliveries are now under way; to be committed before the first byte is sent."""
    step = _step(shard, ids, State.CLAIMED).values(
        state=State.IN_FLIGHT, changed_at=now, attempts=DeliveryRow.attempts + 1
    )
    _fence(session.execute(step), len(ids), shard)


def _step(shard: Shard, ids: Iterable[int], state: State) -> Any:
    return update(DeliveryRow).where(
        _rows(shard),
        DeliveryRow.id.in_(ids),
        DeliveryRow.epoch == shard.epoch,
        DeliveryRow.state == state,
    )


def _fence(result: Any, expected: int, shard: Shard) -> None:
    if result.rowcount != expected:
        raise LostClaim(_lost(shard))


def _lost(shard: Shard) -> str:
    return f"another sender took over shard {shard.number} of run {shard.run_id}"


def record(
    session: Session, shard: Shard, outcomes: Sequence[tuple[Claimed, Outcome]], *, now: datetime
) -> None:
    """What became of deliveries under way, with the server's words."""
    for delivery, outcome in outcomes:
        check_step(str(delivery.id), State.IN_FLIGHT, outcome.state)
        attempt = delivery.attempts + 1
        due = {"due_at": retry_at(now, attempt)} if outcome.state is State.DEFERRED else {}
        step = _step(shard, [delivery.id], State.IN_FLIGHT).values(
            state=outcome.state, reason=_reason(outcome), changed_at=now, **due
        )
        _fence(session.execute(step), 1, shard)
    if outcomes:
        session.execute(insert(AttemptRow), [_attempt(*one, now) for one in outcomes])


def _reason(outcome: Outcome) -> str:
    return "" if outcome.state is State.SENT else outcome.reply


def _attempt(delivery: Claimed, outcome: Outcome, now: datetime) -> dict[str, Any]:
    return {
        "delivery_id": delivery.id,
        "number": delivery.attempts + 1,
        "at": now,
        "state": outcome.state,
        "phase": outcome.phase,
        "code": outcome.code,
        "reply": outcome.reply,
    }
