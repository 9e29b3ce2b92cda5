"""Preferences: what one person changes about themselves, each change with its trace."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from subscribers import consent as steps
from subscribers.address import Address
from subscribers.consent import PROOF, Consent, Status
from subscribers.errors import UnknownPerson
from subscribers.language import checked as checked_language
from subscribers.manner import Manner
from subscribers.person import (
    Subscriber,
    event_values,
    manner_values,
    profile_values,
    schedule_values,
    subscriber,
    whole,
)
from subscribers.profile import InterestProfile, checked
from subscribers.schedule import Schedule
from subscribers.schedule import checked as checked_schedule
from subscribers.tables import ConsentEventRow, ProfileRow, SubscriberRow


def change_profile(
    session: Session, subscriber_id: int, profile: InterestProfile, *, now: datetime
) -> int:
    """Keep a profile, as a new version where it differs from the current one; the version's number.

    BadProfile names the field that cannot be kept.
    """
    profile = checked(profile)
    known = _held(session, subscriber_id)
    if known.profile == profile:
        return known.profile_version
    version = known.profile_version + 1
    session.execute(insert(ProfileRow), profile_values(subscriber_id, version, profile, now))
    _set(session, subscriber_id, profile_version=version)
    return version


def change_liked(
    session: Session,
    subscriber_id: int,
    change: Callable[[tuple[str, ...]], Iterable[str]],
    *,
    now: datetime,
) -> None:
    """Keep other liked papers, made of those that are kept now; BadProfile as in change_profile."""
    profile = _held(session, subscriber_id).profile
    wanted = replace(profile, liked=tuple(change(profile.liked)))
    change_profile(session, subscriber_id, wanted, now=now)


def change_schedule(session: Session, subscriber_id: int, schedule: Schedule) -> None:
    """Keep another hour, zone or cadence; BadProfile names the one that cannot be kept.

    When the next digest is due is found out anew; the day whose digest is still owed stays.
    """
    schedule = checked_schedule(schedule)
    if _held(session, subscriber_id).schedule != schedule:
        _set(session, subscriber_id, **schedule_values(schedule), due_at=None)


def change_manner(session: Session, subscriber_id: int, manner: Manner) -> None:
    """Send mail that looks and speaks so; BadProfile if its language is no code of one."""
    manner = replace(manner, language=checked_language(manner.language))
    if _held(session, subscriber_id).manner != manner:
        _set(session, subscriber_id, **manner_values(manner))


def change_address(session: Session, subscriber_id: int, address: Address) -> bool:
    """Move a subscription to an address that its owner confirmed; False, and nothing changed, if
    another person has it.

    Links made before it stop working, save those to unsubscribe: the old mailbox may be another's.
    """
    known = _held(session, subscriber_id)
    taken = select(SubscriberRow.id).where(
        SubscriberRow.address_key == address.key, SubscriberRow.id != subscriber_id
    )
    if session.scalar(taken) is not None:
        return False
    _set(
        session,
        subscriber_id,
        address=address.as_typed,
        address_key=address.key,
        token_version=known.token_version + 1,
    )
    return True


def take_step(
    session: Session, subscriber_id: int, consent: Consent, *, until: date | None = None
) -> Status:
    """Confirm, pause (`until` a day, or for good), resume, unsubscribe ...: the status it leads to.

    BadStep if it does not follow from where the person stands.
    """
    status = steps.after(_held(session, subscriber_id).status, consent.kind)
    values: dict[str, Any] = {"status": status, "due_at": None, "due_day": None}
    values["paused_until"] = until if status is Status.PAUSED else None
    if consent.kind in PROOF:
        values |= {"confirmed_at": consent.at, "consent_source": consent.source}
    _set(session, subscriber_id, **values)
    session.execute(insert(ConsentEventRow), event_values(subscriber_id, consent))
    return status


def _set(session: Session, subscriber_id: int, **values: Any) -> None:
    session.execute(update(SubscriberRow).where(SubscriberRow.id == subscriber_id).values(values))


def _held(session: Session, subscriber_id: int) -> Subscriber:
    """The person, locked until the transaction ends, so that two changes do not cross."""
    query = whole().where(SubscriberRow.id == subscriber_id).with_for_update(of=SubscriberRow)
    row = session.execute(query).one_or_none()
    if row is None:
        raise UnknownPerson(f"there is no subscriber with the id {subscriber_id}")
    return subscriber(row)
