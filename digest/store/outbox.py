"""The send ledger of one shard: claim it, take its deliveries step by step, record outcomes.

A claim raises the shard's epoch, and every later write says which epoch it belongs to: a sender
that lost its shard changes no row and gets LostClaim. Nothing here commits.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, func, or_, select, update
from sqlalchemy.orm import Session

from digest.core.delivery import WAITING, Outcome, State, check_step, retry_at
from digest.errors import LostClaim
from digest.store import statements
from digest.store.tables import DeliveryRow, RunRow, ShardRow

LEASE = timedelta(minutes=2)
ENDLESS = 0  # the run whose shards are never done: that of the letters


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


def claim_shard(
    session: Session,
    run_id: int,
    *,
    owner: str,
    now: datetime,
    at: datetime | None = None,
    length: timedelta = LEASE,
    state: str = "running",
) -> Shard | None:
    """Take a shard that nobody holds, of a run in this state, with something due; None if none.

    `at` is the instant by the clock of leases (default: `now`), `now` the one that rows are dated
    with. What the last holder left under way: claimed goes back to planned, in flight becomes in
    doubt.
    """
    at = at or now
    number = session.scalar(_free(run_id, state, now, at))
    if number is None:
        return None
    epoch = session.scalar(
        update(ShardRow)
        .where(ShardRow.run_id == run_id, ShardRow.number == number)
        .values(epoch=ShardRow.epoch + 1, owner=owner, lease_until=at + length)
        .returning(ShardRow.epoch)
    )
    shard = Shard(run_id, number, epoch or 0)
    _reap(session, shard, now)
    return shard


def _free(run_id: int, state: str, now: datetime, at: datetime) -> Select[int]:
    """The number of the first shard to take. A clock that stands before the run's own beginning
    is wrong: what was planned then is due."""
    begun = select(RunRow.planned_at).where(RunRow.id == run_id).scalar_subquery()
    due = select(DeliveryRow.id).where(
        DeliveryRow.run_id == ShardRow.run_id,
        DeliveryRow.shard == ShardRow.number,
        or_(
            and_(
                DeliveryRow.state.in_(WAITING),
                or_(DeliveryRow.due_at <= now, DeliveryRow.due_at <= begun),
            ),
            DeliveryRow.state.in_((State.CLAIMED, State.IN_FLIGHT)),
        ),
    )
    free = or_(ShardRow.lease_until.is_(None), ShardRow.lease_until < at)
    running = select(RunRow.id).where(RunRow.id == run_id, RunRow.state == state)
    return (
        select(ShardRow.number)
        .where(ShardRow.run_id.in_(running), ShardRow.done.is_(False), free, due.exists())
        .order_by(ShardRow.number)
        .limit(1)
        .with_for_update(skip_locked=True)
    )


def free_shards_of(session: Session, run_id: int, is_gone: Callable[[str], bool]) -> int:
    """End the leases of holders that are known to be gone; of how many shards.

    Waiting for their leases to pass would be as safe, only slower: epochs fence both.
    """
    held = select(ShardRow.owner).where(
        ShardRow.run_id == run_id, ShardRow.done.is_(False), ShardRow.lease_until.is_not(None)
    )
    gone = [owner for owner in session.scalars(held.distinct()) if is_gone(owner)]
    if not gone:
        return 0
    step = update(ShardRow).where(ShardRow.run_id == run_id, ShardRow.owner.in_(gone))
    freed: Any = session.execute(step.values(lease_until=None))
    return int(freed.rowcount)


def next_due(session: Session, run_ids: Sequence[int]) -> dict[State, datetime]:
    """When the next delivery of these runs is due, of those put off (planned) and of those to be
    tried again (deferred); what there is none of is missing."""
    running = select(RunRow.id).where(RunRow.id.in_(run_ids), RunRow.state == "running")
    rows = session.execute(
        select(DeliveryRow.state, func.min(DeliveryRow.due_at))
        .where(DeliveryRow.run_id.in_(running), DeliveryRow.state.in_(WAITING))
        .group_by(DeliveryRow.state)
    )
    return {State(state): due_at for state, due_at in rows}


def halted(session: Session, run_id: int) -> str:
    """Why nothing more of a run may be handed over, "" while it is running."""
    found = session.connection().execute(statements.RUN_STATE, {"of_run": run_id})
    state, note = found.one()
    return "" if state == "running" else note or f"run {run_id} was {state}"


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


def extend(session: Session, shard: Shard, at: datetime, length: timedelta = LEASE) -> None:
    """Hold the shard for another lease from `at`, an instant by the clock of leases; LostClaim if
    another sender has it."""
    values = _of(shard) | {"until": at + length}
    _fence(session.connection().execute(statements.EXTEND, values), 1, shard)


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
    """Give the shard back; done when nothing of it waits any more. A lost one stays as it is.

    A run that grows while it is sent has no shard that is done: what another transaction adds at
    this very moment is not seen here.
    """
    waiting = select(func.count()).select_from(DeliveryRow).where(
        _rows(shard), DeliveryRow.state.in_((*WAITING, State.CLAIMED, State.IN_FLIGHT))
    )  # fmt: skip
    done = shard.run_id != ENDLESS and not session.scalar(waiting)
    session.execute(
        update(ShardRow).where(_is(shard)).values(lease_until=None, done=done, owner="")
    )


def claim_due(session: Session, shard: Shard, *, now: datetime) -> list[Claimed]:
    """Claim all deliveries of the shard that are due, by subscriber."""
    _check(session, shard)
    begun = select(RunRow.planned_at).where(RunRow.id == shard.run_id).scalar_subquery()
    rows = session.execute(
        update(DeliveryRow)
        .where(
            _rows(shard),
            DeliveryRow.state.in_(WAITING),
            or_(DeliveryRow.due_at <= now, DeliveryRow.due_at <= begun),
        )
        .values(state=State.CLAIMED, epoch=shard.epoch, changed_at=now)
        .returning(DeliveryRow.id, DeliveryRow.subscriber_id, DeliveryRow.attempts)
    )
    return sorted((Claimed(*row) for row in rows), key=lambda one: one.subscriber_id)


def expire(session: Session, shard: Shard, *, now: datetime) -> int:
    """End what a deadline has overtaken; how many."""
    _check(session, shard)
    ended: Any = session.execute(
        update(DeliveryRow)
        .where(_rows(shard), DeliveryRow.state.in_(WAITING))
        .values(state=State.EXPIRED, reason="its deadline passed", changed_at=now)
    )
    return int(ended.rowcount)


def end(
    session: Session, shard: Shard, ids: Sequence[int], state: State, reason: str, now: datetime
) -> None:
    """Claimed deliveries that end, or go back to waiting, without a hand-over."""
    check_step(f"of shard {shard.number}", State.CLAIMED, state)
    if ids:
        later = {"due_at": retry_at(now, 1, ids[0])} if state is State.DEFERRED else {}
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


def put_off(
    session: Session, shard: Shard, until: Mapping[int, datetime], *, now: datetime
) -> None:
    """Claimed deliveries wait again, each until its own instant, as if never tried."""
    for delivery_id, due_at in until.items():
        step = _step(shard, [delivery_id], State.CLAIMED).values(
            state=State.PLANNED, due_at=due_at, changed_at=now
        )
        _fence(session.execute(step), 1, shard)


def start(session: Session, shard: Shard, ids: Sequence[int], *, now: datetime) -> None:
    """Claimed deliveries are now under way; to be committed before the first byte is sent."""
    if ids:
        values = _of(shard) | {"ids": ids, "at": now}
        done = session.connection().execute(statements.START, values)
        _fence(done, len(ids), shard)


def start_digests(
    session: Session, shard: Shard, composed: Sequence[Composed], *, now: datetime
) -> None:
    """The same, with what was picked for each reader, and why, stored beside it."""
    if not composed:
        return
    same = _of(shard) | {"at": now}
    rows: dict[str, list[Any]] = {
        "row": [one.delivery_id for one in composed],
        "papers": [one.papers for one in composed],
        "picks": [one.picks for one in composed],
        "considered": [one.considered for one in composed],
        "profile_version": [one.profile_version for one in composed],
    }
    done = statements.START_DIGEST.run(session.connection(), same, rows)
    _fence(done, len(composed), shard)


def _of(shard: Shard) -> dict[str, Any]:
    return {"of_run": shard.run_id, "of_shard": shard.number, "by_epoch": shard.epoch}


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
    """What became of deliveries under way, with the server's words. Those that wait again, since
    nothing was said of them, were never tried."""
    sent = [one.id for one, outcome in outcomes if outcome.state is State.SENT]
    if sent:
        values = _of(shard) | {"ids": sent, "at": now}
        _fence(session.connection().execute(statements.SENT, values), len(sent), shard)
    for one, outcome in outcomes:
        if outcome.state is not State.SENT:
            _record_other(session, shard, one, outcome, now)
    tried = [pair for pair in outcomes if pair[1].state is not State.PLANNED]
    if tried:
        statements.ATTEMPT.run(session.connection(), {"at": now}, _attempts(tried))


def _attempts(tried: Sequence[tuple[Claimed, Outcome]]) -> dict[str, list[Any]]:
    return {
        "delivery_id": [one.id for one, _ in tried],
        "number": [one.attempts + 1 for one, _ in tried],
        "state": [outcome.state for _, outcome in tried],
        "phase": [outcome.phase for _, outcome in tried],
        "code": [outcome.code for _, outcome in tried],
        "reply": [outcome.reply for _, outcome in tried],
    }


def _record_other(
    session: Session, shard: Shard, one: Claimed, outcome: Outcome, now: datetime
) -> None:
    check_step(str(one.id), State.IN_FLIGHT, outcome.state)
    again: dict[str, Any] = {}
    if outcome.state is State.DEFERRED:
        again = {"due_at": retry_at(now, one.attempts + 1, one.id)}
    elif outcome.state is State.PLANNED:
        again = {"attempts": DeliveryRow.attempts - 1}
    step = _step(shard, [one.id], State.IN_FLIGHT).values(
        state=outcome.state, reason=outcome.reply, changed_at=now, **again
    )
    _fence(session.execute(step), 1, shard)
