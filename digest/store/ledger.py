"""A run's deliveries a page at a time, found and ordered by one index, however many they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, tuple_, update
from sqlalchemy.orm import Session

from digest.core.delivery import State
from digest.store.account import Entry, by_ids
from digest.store.tables import DeliveryRow, ShardRow

Place = tuple[int, str, int]  # shard, state, delivery


@dataclass(frozen=True, slots=True)
class Leaf:
    """Some deliveries of a run; `after` leads on to the next, None at the end."""

    entries: list[Entry]
    after: Place | None


def leaf(
    session: Session,
    run_id: int,
    *,
    state: State | None = None,
    after: Place | None = None,
    limit: int = 50,
) -> Leaf:
    """The next deliveries of a run, or of those in one state, by shard and state."""
    columns = (DeliveryRow.shard, DeliveryRow.state, DeliveryRow.id)
    query = select(*columns).where(DeliveryRow.run_id == run_id)
    if state is not None:
        query = query.where(DeliveryRow.state == state)
    if after is not None:
        query = query.where(DeliveryRow.shard >= after[0], tuple_(*columns) > tuple_(*after))
    found: Sequence[Any] = session.execute(query.order_by(*columns).limit(limit + 1)).all()
    last = found[limit - 1] if len(found) > limit else None
    entries = by_ids(session, [row.id for row in found[:limit]])
    return Leaf(entries, (last.shard, last.state, last.id) if last else None)


def hasten(session: Session, run_id: int, *, now: Any) -> int:
    """Let what a server put off be due now; how many."""
    waiting = DeliveryRow.run_id == run_id, DeliveryRow.state == State.DEFERRED
    shards = list(session.scalars(select(DeliveryRow.shard).where(*waiting).distinct()))
    session.execute(
        update(ShardRow)
        .where(ShardRow.run_id == run_id, ShardRow.number.in_(shards))
        .values(done=False)
    )
    done: Any = session.execute(update(DeliveryRow).where(*waiting).values(due_at=now))
    return int(done.rowcount)
