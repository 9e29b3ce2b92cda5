"""Erasure: all that is kept about one person, handed out or removed."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from subscribers import address as addresses
from subscribers import roster, suppression
from subscribers.address import Address
from subscribers.consent import Reason, Status
from subscribers.profile import USUAL_POPULARITY
from subscribers.tables import ConsentEventRow, FeedbackRow, ProfileRow, SignupRow, SubscriberRow


def erase(session: Session, address: Address, *, key: bytes, now: datetime, source: str) -> bool:
    """Remove every row about this person; False if there is none.

    What stays is a keyed hash of the address among the suppressions, so that no import brings
    the person back. SQLite overwrites the freed bytes only under PRAGMA secure_delete.
    Source: GDPR, articles 17 and 21.
    """
    who = roster.find(session, address)
    if who is None:
        return False
    session.execute(delete(ConsentEventRow).where(ConsentEventRow.subscriber_id == who.id))
    session.execute(delete(FeedbackRow).where(FeedbackRow.subscriber_id == who.id))
    session.execute(delete(ProfileRow).where(ProfileRow.subscriber_id == who.id))
    session.execute(delete(SubscriberRow).where(SubscriberRow.id == who.id))
    session.execute(delete(SignupRow).where(SignupRow.id.in_(_signups(session, address))))
    suppression.suppress(session, address, Reason.ERASED, key=key, now=now, source=source)
    return True


def drop_unconfirmed(session: Session, *, before: datetime, limit: int) -> list[int]:
    """Remove up to `limit` persons who asked before then and never confirmed; their ids. Nothing
    of them stays, so they may ask again."""
    query = select(SubscriberRow.id).where(
        SubscriberRow.status == Status.PENDING, SubscriberRow.created_at < before
    )
    ids = list(session.scalars(query.order_by(SubscriberRow.id).limit(limit)))
    for rows in (ConsentEventRow, FeedbackRow, ProfileRow):
        session.execute(delete(rows).where(rows.subscriber_id.in_(ids)))
    session.execute(delete(SubscriberRow).where(SubscriberRow.id.in_(ids)))
    return ids


def personal_data(session: Session, address: Address, *, key: bytes) -> dict[str, Any] | None:
    """All that these tables hold about one person, as plain JSON data; None for a stranger.

    Source: GDPR, articles 15 and 20.
    """
    who = roster.find(session, address)
    if who is None:
        return None
    columns = SubscriberRow.__table__.columns
    row = session.execute(select(*columns).where(SubscriberRow.id == who.id)).one()
    return {
        "subscriber": {name: _plain(value) for name, value in row._asdict().items()},
        "profiles": [_told(one) for one in _all(session, ProfileRow, who.id)],
        "consent_events": _all(session, ConsentEventRow, who.id),
        "feedback": _all(session, FeedbackRow, who.id),
        "suppressed": suppression.reason_for(session, address, key=key),
    }


def _told(version: dict[str, Any]) -> dict[str, Any]:
    """A version of a profile with its popularity, which is kept only where it is not the usual."""
    return version | {"data": {"popularity": USUAL_POPULARITY} | version["data"]}


def _signups(session: Session, address: Address) -> list[int]:
    """Sign-ups of this address that nobody decided yet, however it was typed; there are few."""
    rows = session.execute(select(SignupRow.id, SignupRow.address))
    return [number for number, typed in rows if addresses.parse(typed).key == address.key]


def _all(
    session: Session, table: type[ProfileRow | ConsentEventRow | FeedbackRow], subscriber_id: int
) -> list[dict[str, Any]]:
    rows = session.execute(
        select(*table.__table__.columns)
        .where(table.subscriber_id == subscriber_id)
        .order_by(*table.__table__.primary_key)
    )
    return [{name: _plain(value) for name, value in row._asdict().items()} for row in rows]


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
