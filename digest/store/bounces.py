"""Bounces as they are kept: every report once, every reader's score, and whose mail it was."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from digest.core.bounce.score import Score
from digest.core.delivery import State
from digest.store.deliveries import key
from digest.store.tables import BounceReportRow, BounceScoreRow, DeliveryRow, EditionRow
from subscribers.insert import insert_new
from subscribers.tables import table

_DIAGNOSTIC = 300


@dataclass(frozen=True, slots=True)
class Promised:
    """The delivery that a report is about."""

    delivery_id: int
    subscriber_id: int
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """One report as the log keeps it; `diagnostic` must hold no address."""

    fingerprint: str
    at: datetime
    kind: str
    subscriber_id: int | None = None
    delivery_id: int | None = None
    status: str = ""
    points: float = 0.0
    diagnostic: str = ""


def log(session: Session, report: Logged) -> bool:
    """Keep a report; False if it was kept before, and then nothing changes."""
    values = {
        "fingerprint": report.fingerprint,
        "at": report.at,
        "kind": report.kind,
        "subscriber_id": report.subscriber_id,
        "delivery_id": report.delivery_id,
        "status": report.status[:16],
        "points": report.points,
        "diagnostic": report.diagnostic[:_DIAGNOSTIC],
    }
    return bool(insert_new(session, BounceReportRow, [values], BounceReportRow.fingerprint))


def is_known(session: Session, fingerprint: str) -> bool:
    """Whether a report with these bytes was kept before."""
    query = select(BounceReportRow.id).where(BounceReportRow.fingerprint == fingerprint)
    return session.scalar(query) is not None


def of_subscriber(session: Session, subscriber_id: int) -> list[Logged]:
    """The reports about one reader, oldest first."""
    query = select(BounceReportRow).where(BounceReportRow.subscriber_id == subscriber_id)
    return [
        Logged(
            fingerprint=row.fingerprint,
            at=row.at,
            kind=row.kind,
            subscriber_id=row.subscriber_id,
            delivery_id=row.delivery_id,
            status=row.status,
            points=row.points,
            diagnostic=row.diagnostic,
        )
        for row in session.scalars(query.order_by(BounceReportRow.id))
    ]


def counts(session: Session) -> dict[str, int]:
    """How many reports of each kind are kept."""
    query = select(BounceReportRow.kind, func.count()).group_by(BounceReportRow.kind)
    return {kind: number for kind, number in session.execute(query)}  # noqa: C416 (mypy: rows)


def has_points(session: Session, delivery_id: int) -> bool:
    """Whether a report about this delivery has counted already."""
    query = select(BounceReportRow.id).where(
        BounceReportRow.delivery_id == delivery_id, BounceReportRow.points > 0
    )
    return session.scalar(query.limit(1)) is not None


def score(session: Session, subscriber_id: int) -> Score | None:
    """A reader's score, locked until the transaction ends; None without a bounce to count."""
    query = select(BounceScoreRow).where(BounceScoreRow.subscriber_id == subscriber_id)
    row = session.scalar(query.with_for_update())
    return Score(row.score, row.last_at) if row is not None else None


def keep_score(session: Session, subscriber_id: int, new: Score) -> None:
    """Keep a reader's score."""
    dialect = session.get_bind().dialect.name
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    values = {"score": new.value, "last_at": new.last_at}
    session.execute(
        insert(table(BounceScoreRow))
        .values(subscriber_id=subscriber_id, **values)
        .on_conflict_do_update(index_elements=["subscriber_id"], set_=values)
    )


def forget_score(session: Session, subscriber_id: int) -> None:
    """Begin at nothing again, as when an operator lifts a suppression."""
    session.execute(delete(BounceScoreRow).where(BounceScoreRow.subscriber_id == subscriber_id))


def went_well(session: Session, subscriber_id: int, *, after: datetime, before: datetime) -> bool:
    """Whether a message that the relay took between these instants has had no report of failure."""
    failed = select(BounceReportRow.id).where(
        BounceReportRow.delivery_id == DeliveryRow.id,
        BounceReportRow.kind.in_(("hard", "soft", "policy")),
    )
    query = select(DeliveryRow.id).where(
        DeliveryRow.subscriber_id == subscriber_id,
        DeliveryRow.state == State.SENT,
        DeliveryRow.changed_at > after,
        DeliveryRow.changed_at <= before,
        ~failed.exists(),
    )
    return session.scalar(query.limit(1)) is not None


def promised(session: Session, number: int, day: date | None) -> Promised | None:
    """The digest of this day for this subscriber, or, without a day, the delivery of this row."""
    query = select(DeliveryRow)
    if day is None:
        query = query.where(DeliveryRow.id == number)
    else:
        query = query.where(DeliveryRow.subscriber_id == number, DeliveryRow.local_day == day)
    row = session.scalar(query.order_by(DeliveryRow.id).limit(1))
    return _promised(row) if row is not None else None


def of_days(
    session: Session, days: Sequence[date], subscriber_id: int | None = None
) -> Iterator[Promised]:
    """The digests of these days, of one reader or of all, that a relay may have taken. A million
    of them take some seconds to go through."""
    query = (
        select(DeliveryRow.id, DeliveryRow.subscriber_id, DeliveryRow.kind, DeliveryRow.local_day)
        .join(EditionRow, EditionRow.id == DeliveryRow.edition_id)
        .where(EditionRow.day.in_(days), DeliveryRow.attempts > 0)
        .execution_options(yield_per=10_000)
    )
    if subscriber_id is not None:
        query = query.where(DeliveryRow.subscriber_id == subscriber_id)
    for row in session.execute(query):
        number = row.subscriber_id if row.local_day else row.id
        yield Promised(row.id, row.subscriber_id, key(row.kind, row.local_day, number))


def _promised(row: DeliveryRow) -> Promised:
    number = row.subscriber_id if row.local_day else row.id
    return Promised(row.id, row.subscriber_id, key(row.kind, row.local_day, number))
