"""Builds persons, so that a test states only what matters to it."""

from datetime import UTC, datetime

from sqlalchemy.orm import Session

from subscribers import address, roster
from subscribers.consent import Consent, ConsentKind, Status
from subscribers.person import Subscriber
from subscribers.profile import InterestProfile
from subscribers.schedule import Schedule

NOW = datetime(2026, 3, 2, 6, 30, tzinfo=UTC)
KEY = b"a key of tests, thirty-two bytes"


def added(
    session: Session,
    typed: str,
    *,
    status: Status = Status.ACTIVE,
    profile: InterestProfile | None = None,
    schedule: Schedule | None = None,
) -> Subscriber:
    kind = ConsentKind.REQUESTED if status is Status.PENDING else ConsentKind.ADDED
    person, _ = roster.add(
        session,
        address.parse(typed),
        profile=profile or InterestProfile(),
        schedule=schedule or Schedule(),
        status=status,
        consent=Consent(kind=kind, at=NOW, source="test"),
    )
    return person
