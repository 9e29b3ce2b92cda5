"""Letters: queued messages that are no digest (a confirmation, a goodbye ...).

They live in the same ledger, in one run that never ends, so that claiming, leases, fences and
outcomes are those of every delivery.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import bindparam, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from digest.core.delivery import WAITING, State
from digest.store.outbox import ENDLESS, Shard
from digest.store.tables import DeliveryRow, RunRow, ShardRow
from subscribers.tables import UtcDateTime

RUN = ENDLESS
SHARDS = 8
_NEVER = datetime(9999, 1, 1, tzinfo=UTC)
# Made once: it is asked all day long. The shards are named for the index's sake.
_DUE = (
    select(DeliveryRow.id)
    .where(
        DeliveryRow.run_id == RUN,
        DeliveryRow.shard.in_(range(SHARDS)),
        DeliveryRow.state.in_((*WAITING, State.CLAIMED, State.IN_FLIGHT)),
        or_(
            DeliveryRow.due_at <= bindparam("now", type_=UtcDateTime),
            DeliveryRow.state.in_((State.CLAIMED, State.IN_FLIGHT)),
        ),
    )
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class Letter:
    """A queued letter as its composer needs it; `about` is what it is about, "" for nothing.

    `expires_at` never changes, so what is made of it is the same at every try.
    """

    delivery_id: int
    kind: str
    subscriber_id: int
    about: str
    expires_at: datetime


def queue(
    session: Session,
    kind: str,
    subscriber_id: int,
    *,
    now: datetime,
    lives: timedelta,
    about: str = "",
) -> None:
    """Promise one letter to one subscriber; it is not sent any more after `lives`."""
    _open_run(session, now)
    session.execute(
        insert(DeliveryRow).values(
            kind=kind, subscriber_id=subscriber_id, run_id=RUN, shard=subscriber_id % SHARDS,
            epoch=0, state=State.PLANNED, reason="", attempts=0, due_at=now, changed_at=now,
            expires_at=now + lives, about=about,
        )
    )  # fmt: skip


def count_since(session: Session, kind: str, subscriber_id: int, since: datetime) -> int:
    """How many letters of a kind one subscriber was promised since then."""
    query = select(func.count()).where(
        DeliveryRow.subscriber_id == subscriber_id,
        DeliveryRow.kind == kind,
        DeliveryRow.changed_at >= since,
    )
    return session.scalar(query) or 0


def _open_run(session: Session, now: datetime) -> None:
    if session.scalar(select(RunRow.id).where(RunRow.id == RUN)) is not None:
        return
    on = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    run = {
        "id": RUN, "kind": "letters", "state": "running", "planned_at": now,
        "deadline_at": _NEVER, "audience": 0, "note": "",
    }  # fmt: skip
    session.execute(on.insert(RunRow).values(run).on_conflict_do_nothing())
    rows = [
        {"run_id": RUN, "number": number, "epoch": 0, "owner": "", "done": False}
        for number in range(SHARDS)
    ]
    session.execute(on.insert(ShardRow).values(rows).on_conflict_do_nothing())


def is_due(session: Session, *, now: datetime) -> bool:
    """Whether a letter is due, or was in somebody's hand: a look that holds up nobody."""
    return session.scalar(_DUE, {"now": now}) is not None


def expire(session: Session, shard: Shard, *, now: datetime) -> None:
    """End the letters of a shard that came too late to be of use."""
    session.execute(
        update(DeliveryRow)
        .where(
            DeliveryRow.run_id == shard.run_id,
            DeliveryRow.shard == shard.number,
            DeliveryRow.state.in_(WAITING),
            DeliveryRow.expires_at <= now,
        )
        .values(state=State.EXPIRED, reason="too late to be of use", changed_at=now)
    )


def load(session: Session, delivery_ids: list[int]) -> dict[int, Letter]:
    """These letters, by delivery."""
    query = select(DeliveryRow).where(DeliveryRow.id.in_(delivery_ids))
    return {
        row.id: Letter(row.id, row.kind, row.subscriber_id, row.about, row.expires_at or _NEVER)
        for row in session.scalars(query)
    }
