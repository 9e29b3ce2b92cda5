"""What readers were promised and sent: the past of a shard of readers, and one reader's story."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from digest.core.delivery import Phase, State
from digest.core.edition import Pick
from digest.core.packing import unpack_ids, unpack_picks
from digest.store import history
from digest.store.editions import Last
from digest.store.runs import DIGEST
from digest.store.tables import AttemptRow, BounceReportRow, DeliveryRow, RunRow
from subscribers.chunks import chunks

# Final or not, these may have reached the reader, or had nothing for them: the past starts here.
HAD = (State.SENT, State.IN_DOUBT, State.EMPTY, State.BOUNCED, State.IN_FLIGHT)
# What may be in a mailbox is never picked again.
MAY_HAVE = (State.SENT, State.IN_DOUBT, State.IN_FLIGHT, State.DEFERRED)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to hand a message over, with the server's words."""

    number: int
    at: datetime
    state: State
    phase: Phase
    code: int | None
    reply: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """One promise to one reader, how it stands, and everything that was tried."""

    id: int
    key: str
    kind: str
    day: date | None
    run_id: int | None
    state: State
    reason: str
    changed_at: datetime
    attempts: tuple[Attempt, ...]
    considered: int | None
    profile_version: int | None
    picks: tuple[Pick, ...]


def key(kind: str, day: date | None, number: int) -> str:
    """The stable name of a delivery: a digest's is its day and reader, so a retry is the same
    message; any other message's is its row."""
    return f"{kind}.{day}.{number}" if day else f"{kind}.{number}"


def last_digests(session: Session, subscriber_ids: Sequence[int], day: date) -> dict[int, Last]:
    """The digest each reader had last before `day`; readers who had none are missing."""
    newest = (
        select(DeliveryRow.subscriber_id, func.max(DeliveryRow.local_day).label("day"))
        .where(
            DeliveryRow.subscriber_id.in_(subscriber_ids),
            DeliveryRow.kind == DIGEST,
            DeliveryRow.local_day < day,
            DeliveryRow.state.in_(HAD),
        )
        .group_by(DeliveryRow.subscriber_id)
        .subquery()
    )
    query = (
        select(DeliveryRow.subscriber_id, DeliveryRow.local_day, RunRow.planned_at)
        .join(RunRow, RunRow.id == DeliveryRow.run_id)
        .join(
            newest,
            (newest.c.subscriber_id == DeliveryRow.subscriber_id)
            & (newest.c.day == DeliveryRow.local_day),
        )
        .where(DeliveryRow.kind == DIGEST)
    )
    return {who: Last(on, at) for who, on, at in session.execute(query) if on is not None}


def sent_papers(
    session: Session,
    subscriber_ids: Sequence[int],
    since: date,
    *,
    but: date | None = None,
    until: date | None = None,
) -> dict[int, frozenset[int]]:
    """The papers that each reader may have been sent in digests of `since` or later (but not of
    the day `but`, and before `until`), by the ids that they have now."""
    query = select(DeliveryRow.subscriber_id, DeliveryRow.papers).where(
        DeliveryRow.subscriber_id.in_(subscriber_ids),
        DeliveryRow.kind == DIGEST,
        DeliveryRow.local_day >= since,
        DeliveryRow.state.in_(MAY_HAVE),
        DeliveryRow.papers.is_not(None),
        *([DeliveryRow.local_day != but] if but else []),
        *([DeliveryRow.local_day < until] if until else []),
    )
    found: dict[int, set[int]] = defaultdict(set)
    for who, papers in session.execute(query):
        found[who].update(unpack_ids(papers or b""))
    now = history.current(session, {paper for papers in found.values() for paper in papers})
    return {who: frozenset(now[paper] for paper in papers) for who, papers in found.items()}


def latest_of(
    session: Session, subscriber_id: int, *, limit: int, before: int | None = None
) -> list[Delivery]:
    """The latest messages promised to one reader, newest first: those older than `before`."""
    query = select(DeliveryRow).where(DeliveryRow.subscriber_id == subscriber_id)
    if before is not None:
        query = query.where(DeliveryRow.id < before)
    # Not by the id alone: in the table's own order SQLite would walk through everybody's.
    newest = query.order_by(func.abs(DeliveryRow.id).desc()).limit(limit)
    return _values(session, session.scalars(newest).all())


def of_subscriber(session: Session, subscriber_id: int) -> list[Delivery]:
    """Every message promised to one reader, oldest first."""
    query = select(DeliveryRow).where(DeliveryRow.subscriber_id == subscriber_id)
    return _values(session, session.scalars(query.order_by(DeliveryRow.id)).all())


def forget_reader(session: Session, subscriber_id: int) -> None:
    """Take out of the ledger whatever could tell who an erased reader was or what they read: the
    picks with the reader's own words, new addresses, the servers' answers. The rows stay, so that
    every run's account still adds up."""
    own = DeliveryRow.subscriber_id == subscriber_id
    session.execute(
        update(AttemptRow)
        .where(AttemptRow.delivery_id.in_(select(DeliveryRow.id).where(own)))
        .values(reply="")
    )
    session.execute(
        update(DeliveryRow).where(own).values(papers=None, picks=None, about="", reason="erased")
    )
    reports = BounceReportRow.subscriber_id == subscriber_id
    session.execute(update(BounceReportRow).where(reports).values(diagnostic=""))


def digest_of(session: Session, subscriber_id: int, day: date) -> Delivery | None:
    """One reader's digest of a day, if it was promised."""
    query = select(DeliveryRow).where(
        DeliveryRow.subscriber_id == subscriber_id,
        DeliveryRow.kind == DIGEST,
        DeliveryRow.local_day == day,
    )
    return next(iter(_values(session, session.scalars(query).all())), None)


def of_run(session: Session, run_id: int) -> list[tuple[int, Delivery]]:
    """The deliveries of a run with their readers, oldest first."""
    query = select(DeliveryRow).where(DeliveryRow.run_id == run_id).order_by(DeliveryRow.id)
    rows = session.scalars(query).all()
    return [(row.subscriber_id, one) for row, one in zip(rows, _values(session, rows), strict=True)]


def _values(session: Session, rows: Sequence[DeliveryRow]) -> list[Delivery]:
    tries: dict[int, list[Attempt]] = defaultdict(list)
    query = select(AttemptRow).order_by(AttemptRow.number)
    for part in chunks([row.id for row in rows]):
        for row in session.scalars(query.where(AttemptRow.delivery_id.in_(part))):
            tries[row.delivery_id].append(
                Attempt(row.number, row.at, State(row.state), Phase(row.phase), row.code, row.reply)
            )
    return [_value(row, tuple(tries[row.id])) for row in rows]


def _value(row: DeliveryRow, attempts: tuple[Attempt, ...]) -> Delivery:
    return Delivery(
        id=row.id,
        key=key(row.kind, row.local_day, row.subscriber_id if row.local_day else row.id),
        kind=row.kind,
        day=row.local_day,
        run_id=row.run_id,
        state=State(row.state),
        reason=row.reason,
        changed_at=row.changed_at,
        attempts=attempts,
        considered=row.considered,
        profile_version=row.profile_version,
        picks=unpack_picks(row.picks) if row.picks else (),
    )
