"""Story: what an operator does about a reader, by the command line or the API."""

from datetime import date

from sqlalchemy.orm import Session

from digest.app import App
from digest.store import bounces
from subscribers import preferences, roster, suppression
from subscribers.address import Address
from subscribers.consent import Consent, ConsentKind, Reason, Status


def suppress(session: Session, app: App, address: Address, reason: Reason, *, source: str) -> bool:
    """Never write to this address again, subscribed or not; False if that was so already."""
    return suppression.suppress(
        session, address, reason, key=app.secret, now=app.clock(), source=source
    )


def reason_for(session: Session, app: App, address: Address) -> Reason | None:
    """Why this address is suppressed; None if it is not."""
    return suppression.reason_for(session, address, key=app.secret)


def lift(session: Session, app: App, address: Address) -> Reason | None:
    """Allow mail to this address again, its bounces forgotten; the reason it was suppressed for.

    Nobody is subscribed by it: who left, or was erased, has to ask again.
    """
    found = suppression.lift(session, address, key=app.secret)
    reader = roster.find(session, address)
    if reader is not None:
        bounces.forget_score(session, reader.id)
    return found


def step(
    session: Session,
    app: App,
    subscriber_id: int,
    kind: ConsentKind,
    *,
    source: str,
    until: date | None = None,
) -> Status:
    """Pause, resume or unsubscribe a reader; BadStep if that does not follow."""
    consent = Consent(kind=kind, at=app.clock(), source=source)
    return preferences.take_step(session, subscriber_id, consent, until=until)
