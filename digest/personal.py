"""Story: all that is kept about one person, handed out or erased, in every room of the database."""

from typing import Any

from sqlalchemy.orm import Session

from digest.app import App
from digest.store import deliveries, history, lookups
from digest.store.deliveries import Delivery
from subscribers import erasure, roster
from subscribers.address import Address


def everything(app: App, address: Address) -> dict[str, Any] | None:
    """What is kept about a person, as plain JSON data; None for a stranger.

    Source: GDPR, articles 15 and 20.
    """
    with app.read() as session:
        person = roster.find(session, address)
        data = erasure.personal_data(session, address, key=app.secret)
        if person is None or data is None:
            return None
        sent = deliveries.of_subscriber(session, person.id)
        sought = [one.name for one in lookups.wishes_of(session, person.id)]
        told = {"deliveries": [_delivery(session, one) for one in sent], "looked_up": sought}
        return data | told


def _delivery(session: Session, one: Delivery) -> dict[str, Any]:
    titles = history.by_ids(session, [pick.paper_id for pick in one.picks])
    return {
        "key": one.key,
        "kind": one.kind,
        "day": one.day.isoformat() if one.day else None,
        "state": one.state,
        "reason": one.reason,
        "changed_at": one.changed_at.isoformat(),
        "attempts": [
            {"at": tried.at.isoformat(), "state": tried.state, "reply": tried.reply}
            for tried in one.attempts
        ],
        "papers": [
            {
                "title": titles[pick.paper_id].paper.title if pick.paper_id in titles else "",
                "reasons": [{"kind": why.kind, "text": why.text} for why in pick.reasons],
            }
            for pick in one.picks
        ],
    }


def erase(app: App, address: Address, *, source: str) -> bool:
    """Erase a person from every table; False if there is none. A keyed hash stays among the
    suppressions, and the ledger's bare rows, so that its accounts still add up."""
    with app.begin() as session:
        person = roster.find(session, address)
        if person is None:
            return False
        deliveries.forget_reader(session, person.id)
        lookups.forget_reader(session, person.id)
        erasure.erase(session, address, key=app.secret, now=app.clock(), source=source)
    app.database.settle()
    return True
