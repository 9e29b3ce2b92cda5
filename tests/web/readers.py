"""A reader with a digest behind them, for the tests of settings and feedback."""

from datetime import date

from digest.app import App
from digest.web.links import settings_path
from subscribers import roster
from subscribers.person import Subscriber
from subscribers.profile import InterestProfile
from tests import given

TITLES = (
    "Word alignment as binary labeling",
    "Word alignment with many languages",
    "Protein folding by diffusion",
    "Robots that learn to walk",
)
ADDRESS = "Ada.Lovelace@example.org"


def history_of(app: App) -> date:
    """Four papers of one day; that day."""
    papers = [
        given.paper(title, f"2603.0000{n}", abstract=f"{title}. " * 3, categories=("cs.CL",),
                    votes=10 - n)
        for n, title in enumerate(TITLES, 1)
    ]  # fmt: skip
    given.collected(app.database, papers, given.sight())
    return given.day(0)


def reader_of(app: App, *, interests: tuple[str, ...] = ("word alignment",)) -> Subscriber:
    """An active reader."""
    with app.begin() as session:
        who = given.subscriber(session, ADDRESS, profile=InterestProfile(interests=interests))
    return current(app, who)


def current(app: App, who: int) -> Subscriber:
    with app.read() as session:
        return roster.by_ids(session, [who])[who]


def settings(app: App, reader: Subscriber) -> str:
    return settings_path(app, reader)
