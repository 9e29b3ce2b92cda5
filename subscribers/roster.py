"""The roster: who is subscribed, with which profile and schedule, and what they agreed to."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import func, insert, or_, select
from sqlalchemy.orm import Session

from subscribers.address import Address
from subscribers.chunks import chunks
from subscribers.consent import PROOF, Consent, Status
from subscribers.insert import insert_new
from subscribers.language import checked as checked_language
from subscribers.manner import Manner
from subscribers.person import (
    Subscriber,
    event_values,
    new_values,
    profile_values,
    subscriber,
    whole,
)
from subscribers.profile import InterestProfile, checked, from_data
from subscribers.schedule import Schedule
from subscribers.schedule import checked as checked_schedule
from subscribers.tables import ConsentEventRow, FeedbackRow, ProfileRow, SubscriberRow


def add(
    session: Session,
    address: Address,
    *,
    profile: InterestProfile,
    schedule: Schedule,
    status: Status,
    consent: Consent,
    manner: Manner | None = None,
) -> tuple[Subscriber, bool]:
    """Subscribe an address; with True if it is new, else the person as they are, unchanged.

    An active one needs a consent that proves it. BadProfile if profile, schedule or the manner's
    language cannot be kept.
    """
    if status is not Status.PENDING and consent.kind not in PROOF:
        raise ValueError(f"a consent event {consent.kind} makes nobody {status}")
    profile, schedule = checked(profile), checked_schedule(schedule)
    manner = manner or Manner()
    checked_language(manner.language)
    values = new_values(address, schedule, status, consent.at, manner=manner)
    if status is not Status.PENDING:
        values |= {"confirmed_at": consent.at, "consent_source": consent.source}
    new = insert_new(
        session, SubscriberRow, [values], SubscriberRow.address_key, [SubscriberRow.id]
    )
    for _, subscriber_id in new:
        first = profile_values(subscriber_id, 1, profile, consent.at)
        session.execute(insert(ProfileRow), first)
        session.execute(insert(ConsentEventRow), event_values(subscriber_id, consent))
    query = whole().where(SubscriberRow.address_key == address.key)
    return subscriber(session.execute(query).one()), bool(new)


def find(session: Session, address: Address) -> Subscriber | None:
    """The person with this address, however it was typed."""
    row = session.execute(whole().where(SubscriberRow.address_key == address.key)).one_or_none()
    return subscriber(row) if row is not None else None


def by_ids(session: Session, ids: Iterable[int]) -> dict[int, Subscriber]:
    """Those of these persons who (still) exist, by id."""
    return {
        row.id: subscriber(row)
        for part in chunks(ids)
        for row in session.execute(whole().where(SubscriberRow.id.in_(part)))
    }


def active(session: Session, *, after_id: int = 0, limit: int = 500) -> tuple[Subscriber, ...]:
    """The next page of active persons in the order of their ids; empty after the last.

    Ask again with the last id of a page: memory stays flat however many there are.
    """
    query = whole().where(SubscriberRow.status == Status.ACTIVE, SubscriberRow.id > after_id)
    return tuple(map(subscriber, session.execute(query.order_by(SubscriberRow.id).limit(limit))))


def page(session: Session, *, after_id: int = 0, limit: int = 500) -> tuple[Subscriber, ...]:
    """The next page of all persons, whatever their status, in the order of their ids."""
    query = whole().where(SubscriberRow.id > after_id).order_by(SubscriberRow.id).limit(limit)
    return tuple(map(subscriber, session.execute(query)))


def search(
    session: Session,
    text: str,
    *,
    status: Status | None = None,
    after_id: int = 0,
    limit: int = 50,
) -> tuple[Subscriber, ...]:
    """Persons (of one status) whose address contains `text`, in any case, in the order of ids.

    Ask again with the last id of a page.
    """
    query = whole().where(
        SubscriberRow.id > after_id,
        or_(
            SubscriberRow.address_key.contains(text.strip().casefold(), autoescape=True),
            SubscriberRow.address.contains(text.strip(), autoescape=True),
        ),
    )
    if status is not None:
        query = query.where(SubscriberRow.status == status)
    return tuple(map(subscriber, session.execute(query.order_by(SubscriberRow.id).limit(limit))))


def counts(session: Session) -> dict[Status, int]:
    """How many persons stand at each status, zeros included."""
    query = select(SubscriberRow.status, func.count()).group_by(SubscriberRow.status)
    found = {status: n for status, n in session.execute(query)}  # noqa: C416 (mypy: rows, no pairs)
    return dict.fromkeys(Status, 0) | found


def consents(session: Session, subscriber_id: int) -> tuple[Consent, ...]:
    """Everything one person agreed to or withdrew, oldest first."""
    query = select(ConsentEventRow).where(ConsentEventRow.subscriber_id == subscriber_id)
    return tuple(
        Consent(
            kind=row.kind, at=row.at, source=row.source, wording=row.wording, ip_hash=row.ip_hash
        )
        for row in session.scalars(query.order_by(ConsentEventRow.id))
    )


def profile_at(session: Session, subscriber_id: int, version: int) -> InterestProfile | None:
    """The profile a digest was made with; None if there is no such version."""
    row = session.get(ProfileRow, (subscriber_id, version))
    return from_data(row.data) if row is not None else None


def spoke_since(session: Session, at: datetime) -> list[int]:
    """The active persons who changed their profile at that instant or later, or said something
    about a paper; ascending."""
    profiles = select(ProfileRow.subscriber_id).where(ProfileRow.created_at >= at)
    said = select(FeedbackRow.subscriber_id).where(FeedbackRow.at >= at)
    query = select(SubscriberRow.id).where(
        SubscriberRow.status == Status.ACTIVE,
        or_(SubscriberRow.id.in_(profiles), SubscriberRow.id.in_(said)),
    )
    return list(session.scalars(query.order_by(SubscriberRow.id)))
