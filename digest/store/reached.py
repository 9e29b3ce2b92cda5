"""Who got a paper: the picks of a day's digests, looked through a part at a time."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from digest.core.packing import unpack_ids
from digest.store.tables import DeliveryRow, EditionRow

PART = 2_000


@dataclass(frozen=True, slots=True)
class Reached:
    """Readers whose digest of a day had a paper, with the state of its delivery; `looked` digests
    were looked through, and `after` is the reader to go on behind, None at the end."""

    readers: tuple[tuple[int, str], ...]
    looked: int
    after: int | None


def by(session: Session, numbers: Collection[int], day: date, *, after: int = 0) -> Reached:
    """The readers of a day who got one of these papers (one paper's numbers, old and new)."""
    edition = session.scalar(select(EditionRow.id).where(EditionRow.day == day))
    if edition is None:
        return Reached((), 0, None)
    query = (
        select(DeliveryRow.subscriber_id, DeliveryRow.state, DeliveryRow.papers)
        .where(DeliveryRow.edition_id == edition, DeliveryRow.subscriber_id > after)
        .order_by(DeliveryRow.subscriber_id)
        .limit(PART)
    )
    rows = session.execute(query).all()
    wanted = set(numbers)
    found = tuple(
        (row.subscriber_id, row.state)
        for row in rows
        if row.papers and not wanted.isdisjoint(unpack_ids(row.papers))
    )
    return Reached(found, len(rows), rows[-1].subscriber_id if len(rows) == PART else None)


def days(session: Session, since: date, until: date) -> list[date]:
    """The days with digests between these, latest first."""
    query = select(EditionRow.day).where(EditionRow.day >= since, EditionRow.day <= until)
    return list(session.scalars(query.order_by(EditionRow.day.desc()).limit(60)))
