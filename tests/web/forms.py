"""Fills the subscribe form in as a person does, and looks at what came of it."""

from datetime import timedelta

import httpx2
from sqlalchemy import func, select

from digest.app import App
from digest.clock import utcnow
from digest.store.tables import DeliveryRow
from digest.web import stamp
from subscribers import address as addresses
from subscribers import roster
from subscribers.person import Subscriber
from subscribers.tables import Base, SignupRow
from tests.web.conftest import Site

ADA = "ada@example.org"


def filled(app: App, email: str = ADA, **more: str) -> dict[str, str]:
    """The form as a person sends it who took five seconds."""
    shown = stamp.stamp(utcnow() - timedelta(seconds=5), app.secret)
    return {"email": email, "stamp": shown, "website": "", **more}


def press(site: Site, email: str = ADA, **more: str) -> httpx2.Response:
    return site.client.post("/subscribe", data=filled(site.app, email, **more))


def person(app: App, email: str = ADA) -> Subscriber | None:
    with app.read() as session:
        return roster.find(session, addresses.parse(email))


def dump(app: App) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    with app.read() as session:
        return {
            name: [tuple(row) for row in session.execute(select(*table.columns))]
            for name, table in Base.metadata.tables.items()
        }


def decided(app: App) -> bool:
    with app.read() as session:
        return not session.scalar(select(func.count()).select_from(SignupRow))


def posted(app: App) -> bool:
    """Whether no sign-up waits and no letter is under way."""
    with app.read() as session:
        waiting = select(func.count()).where(
            DeliveryRow.state.in_(("planned", "claimed", "in_flight"))
        )
        return decided(app) and not session.scalar(waiting)
