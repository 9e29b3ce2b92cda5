"""Freezing the audience of a run, and its account: audience = sum of outcomes.

Freezing is one INSERT .. SELECT, so memory does not grow with the readers, and two unique keys
(edition, subscriber) and (subscriber, kind, local day) make a second run of the same day find
nobody left to promise anything to.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Insert,
    Integer,
    and_,
    cast,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session

from digest.core.delivery import FINAL, WAITING, State
from digest.core.schedule import Due
from digest.store import due
from digest.store.tables import DeliveryRow, EditionRow, RunRow, ShardRow
from subscribers.chunks import chunks
from subscribers.consent import Status
from subscribers.insert import insert_new
from subscribers.tables import SubscriberRow, UtcDateTime

DIGEST = "digest"
OPEN = ("running", "paused")
CANCELLED = "cancelled"
# Final, but nothing was handed over: an admin's new send may plan these anew.
AGAIN = (State.SUPPRESSED, State.EMPTY, State.EXPIRED, State.CANCELLED)


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


@dataclass(frozen=True, slots=True)
class Plan:
    """Whom a run is for: an edition's day, all active readers or only `subscriber_ids`.

    `due_at`: only those for whom this is the instant and `day` the local day of their next digest,
    up to the id `upto`.
    """

    day: date
    at: datetime
    deadline: timedelta
    shard_size: int = 200
    subscriber_ids: Sequence[int] | None = None
    days: int = 0
    due_at: datetime | None = None
    upto: int = 0


def freeze(session: Session, plan: Plan) -> Run | None:
    """Promise the day's digest to every active reader who was not promised it yet.

    None if there is nobody. A promise that ended without a hand-over (empty, suppressed, expired,
    cancelled) is made again: since then there may be something to send. Two that freeze one day
    at once do so one after the other.
    """
    edition_id = _edition(session, plan)
    run = RunRow(
        kind=DIGEST,
        edition_id=edition_id,
        state="running",
        planned_at=plan.at,
        deadline_at=plan.at + plan.deadline,
        audience=0,
        outcomes=None,
        note="",
        days=plan.days,
    )
    session.add(run)
    session.flush()
    session.execute(_promises(plan, run.id, edition_id))
    fresh = _count(session, run.id)
    again = _promise_again(session, plan, run.id, shard=-(-fresh // plan.shard_size))
    run.audience = fresh + again
    if run.audience == 0:
        session.delete(run)
        session.flush()
        return None
    _shards(session, run.id)
    return get(session, run.id)


def _edition(session: Session, plan: Plan) -> int:
    """The day's edition, held to the end of the transaction."""
    row = {"day": plan.day, "published_at": plan.at}
    insert_new(session, EditionRow, [row], EditionRow.day)
    query = select(EditionRow.id).where(EditionRow.day == plan.day)
    return session.scalars(query.with_for_update()).one()


def _of_day(day: date) -> ColumnElement[bool]:
    """Digests of a day, by the edition: its index leads to them."""
    edition = select(EditionRow.id).where(EditionRow.day == day).scalar_subquery()
    return and_(DeliveryRow.edition_id == edition, DeliveryRow.kind == DIGEST)


def _wanted(plan: Plan) -> list[ColumnElement[bool]]:
    """Active readers, and those whose pause has ended by the edition's day; of a plan for who is
    due, those."""
    ended = (SubscriberRow.status == Status.PAUSED) & (SubscriberRow.paused_until <= plan.day)
    conditions = [or_(SubscriberRow.status == Status.ACTIVE, ended)]
    if plan.subscriber_ids is not None:
        conditions.append(SubscriberRow.id.in_(plan.subscriber_ids))
    if plan.due_at is not None:
        conditions += [due.of(Due(plan.due_at, plan.day)), SubscriberRow.id <= plan.upto]
    return conditions


def _promises(plan: Plan, run_id: int, edition_id: int) -> Insert:
    """INSERT .. SELECT of the readers who have no row of that day."""
    promised = select(DeliveryRow.subscriber_id).where(
        DeliveryRow.kind == DIGEST,
        DeliveryRow.local_day == plan.day,
        DeliveryRow.subscriber_id == SubscriberRow.id,
    )
    number = func.row_number().over(order_by=SubscriberRow.id) - 1
    at = literal(plan.at, UtcDateTime)
    columns = {
        "kind": literal(DIGEST),
        "subscriber_id": SubscriberRow.id,
        "edition_id": literal(edition_id),
        "local_day": literal(plan.day),
        "run_id": literal(run_id),
        "shard": cast(func.floor(number / plan.shard_size), Integer),
        "epoch": literal(0),
        "state": literal(State.PLANNED.value),
        "reason": literal(""),
        "attempts": literal(0),
        "due_at": at,
        "changed_at": at,
    }
    chosen = select(*columns.values()).where(*_wanted(plan), ~promised.exists())
    return insert(DeliveryRow).from_select(list(columns), chosen)


def _promise_again(session: Session, plan: Plan, run_id: int, *, shard: int) -> int:
    """Move promises of the day that ended without a hand-over into this run; how many. A run for
    chosen readers also takes theirs out of runs that are paused, and leaves the rest there. The
    clock, which nobody asked again, only takes those for whom there was nothing before.

    What a run without a stored account loses so, its audience loses too: each stays whole.
    """
    again = AGAIN if plan.due_at is None else (State.EMPTY,)
    query = select(DeliveryRow.id, DeliveryRow.run_id).where(
        _of_day(plan.day),
        or_(DeliveryRow.state.in_(again), _stuck(plan)),
        DeliveryRow.subscriber_id.in_(select(SubscriberRow.id).where(*_wanted(plan))),
    )
    rows = session.execute(query.order_by(DeliveryRow.id).with_for_update()).all()
    fresh = {"state": State.PLANNED, "reason": "", "epoch": 0, "papers": None, "picks": None,
             "considered": None, "profile_version": None}  # fmt: skip
    for number, part in enumerate(chunks([row.id for row in rows], plan.shard_size), shard):
        where = {"run_id": run_id, "shard": number, "due_at": plan.at, "changed_at": plan.at}
        session.execute(
            update(DeliveryRow).where(DeliveryRow.id.in_(part)).values(**fresh, **where)
        )
    _lose(session, Counter(row.run_id for row in rows))
    return len(rows)


def _lose(session: Session, moved: Mapping[int, int]) -> None:
    """Take from the audience of each run that has no stored account what it lost to another."""
    for run_id, lost in sorted(moved.items()):
        row = session.get_one(RunRow, run_id, with_for_update=True)
        if row.outcomes is None:
            row.audience -= lost


def _stuck(plan: Plan) -> ColumnElement[bool]:
    """What waits in a paused run, for a plan that names its readers."""
    if plan.subscriber_ids is None:
        return literal(False)
    paused = select(RunRow.id).where(RunRow.state == "paused")
    return and_(DeliveryRow.state.in_(WAITING), DeliveryRow.run_id.in_(paused))


def _count(session: Session, run_id: int) -> int:
    query = select(func.count()).select_from(DeliveryRow).where(DeliveryRow.run_id == run_id)
    return session.scalar(query) or 0


def _shards(session: Session, run_id: int) -> None:
    numbers = select(DeliveryRow.shard).where(DeliveryRow.run_id == run_id).distinct()
    rows = [
        {"run_id": run_id, "number": number, "epoch": 0, "owner": "", "done": False}
        for number in session.scalars(numbers)
    ]
    session.execute(insert(ShardRow), rows)


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

    Its edition is held first, as `freeze` does: so neither waits for the other for ever.
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


def wanted(session: Session, plan: Plan) -> list[int]:
    """The readers whom a send of this plan would be for, by id: those without a promise, those
    whose promise is made again, and those who wait in a run that was cut off or paused."""
    query = select(SubscriberRow.id).where(*_unserved(plan))
    return list(session.scalars(query.order_by(SubscriberRow.id)))


def count_wanted(session: Session, plan: Plan) -> int:
    """How many these are."""
    return reach(session, plan)[0]


def some_wanted(session: Session, plan: Plan) -> tuple[int, ...]:
    """The first, one of the middle and the last of them, by id; fewer where there are fewer."""
    query = select(SubscriberRow.id).where(*_unserved(plan)).limit(1)
    upward = query.order_by(SubscriberRow.id)
    first, last = session.scalar(upward), session.scalar(query.order_by(SubscriberRow.id.desc()))
    if first is None or last is None:
        return ()
    middle = session.scalar(upward.where(SubscriberRow.id >= (first + last) // 2))
    return tuple(dict.fromkeys((first, middle or last, last)))


def _unserved(plan: Plan) -> tuple[ColumnElement[bool], ...]:
    promised_to = select(DeliveryRow.subscriber_id).where(
        DeliveryRow.kind == DIGEST,
        DeliveryRow.local_day == plan.day,
        DeliveryRow.state.not_in((*AGAIN, *WAITING)),
        DeliveryRow.subscriber_id == SubscriberRow.id,
    )
    return (*_wanted(plan), ~promised_to.exists())


def served(session: Session, plan: Plan) -> int:
    """How many of the plan's readers had their digest of the day, or may have had it."""
    return reach(session, plan)[1]


def reach(session: Session, plan: Plan) -> tuple[int, int]:
    """How many are wanted and how many are served, by the day's promises: to ask for each reader
    would cost five times as much."""
    wanted = _wanted(plan)
    everybody = select(func.count()).select_from(SubscriberRow).where(*wanted)
    promises = select(DeliveryRow.state, func.count()).join(
        SubscriberRow, SubscriberRow.id == DeliveryRow.subscriber_id
    )
    rows = session.execute(promises.where(_of_day(plan.day), *wanted).group_by(DeliveryRow.state))
    found = {State(state): number for state, number in rows}
    barred = sum(n for state, n in found.items() if state not in (*AGAIN, *WAITING))
    had = sum(found.get(state, 0) for state in (State.SENT, State.IN_DOUBT, State.BOUNCED))
    return (session.scalar(everybody) or 0) - barred, had
