"""Freezing the audience of a run: who is promised a day's digest, and who would be.

Freezing is one INSERT .. SELECT, so memory does not grow with the readers, and two unique keys
(edition, subscriber) and (subscriber, kind, local day) make a second run of the same day find
nobody left to promise anything to.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

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

from digest.core.delivery import WAITING, State
from digest.core.schedule import Due
from digest.store import due
from digest.store.runs import DIGEST, Run, get
from digest.store.tables import DeliveryRow, EditionRow, RunRow, ShardRow
from subscribers.chunks import chunks
from subscribers.consent import Status
from subscribers.insert import insert_new
from subscribers.tables import SubscriberRow, UtcDateTime

# Final, but nothing was handed over: an admin's new send may plan these anew.
AGAIN = (State.SUPPRESSED, State.EMPTY, State.EXPIRED, State.CANCELLED)


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
