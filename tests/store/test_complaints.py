"""Complaints of the last week, and what was sent in it."""

from sqlalchemy import text

from digest.core.delivery import State
from digest.store import bounces, complaints, freezing
from digest.store.bounces import Logged
from digest.store.complaints import Complaints
from digest.store.database import Database
from digest.store.tables import RunRow
from tests import given
from tests.store.test_cost import watched

NOW = given.at(10)


def report(database: Database, number: int, who: int | None, kind: str = "complaint") -> None:
    with database.begin() as session:
        kept = Logged(
            fingerprint=f"{number}.{who}.{kind}", at=given.at(number), kind=kind, subscriber_id=who
        )
        assert bounces.log(session, kept)


def done(database: Database, number: int, sent: int, empty: int = 0) -> None:
    """A run of that day that is done."""
    with database.begin() as session:
        outcomes = {"empty": empty} | ({"sent": sent} if sent else {})
        session.add(
            RunRow(
                kind="digest", edition_id=None, state="done", planned_at=given.at(number),
                deadline_at=given.at(number + 1), audience=sent + empty, outcomes=outcomes, note="",
            )
        )  # fmt: skip


def lately(database: Database) -> Complaints:
    with database.read() as session:
        return complaints.lately(session, now=NOW)


def test_nothing_is_nothing(database: Database) -> None:
    assert lately(database) == Complaints(0, 0)


def test_readers_who_complained_in_the_last_week_count_once(database: Database) -> None:
    for number, who, kind in [
        (3, 1, "complaint"), (9, 1, "complaint"), (9, 2, "complaint"),
        (2, 3, "complaint"),  # long ago
        (9, None, "complaint"),  # proves no message of ours
        (9, 4, "hard"),
    ]:  # fmt: skip
        report(database, number, who, kind)
    assert lately(database) == Complaints(2, 0)


def test_what_the_runs_of_the_last_week_sent(database: Database) -> None:
    for number, sent, empty in [(2, 1000, 0), (3, 400, 7), (9, 50, 1), (9, 0, 9)]:
        done(database, number, sent, empty)
    assert lately(database) == Complaints(0, 450)


def test_an_open_run_is_asked_by_its_rows(database: Database) -> None:
    done(database, 8, 30)
    with database.begin() as session:
        given.subscribers(session, 5)
        run = freezing.freeze(session, given.plan(9))
        assert run is not None
        session.execute(
            text("UPDATE deliveries SET state = :state WHERE id <= 2"), {"state": State.SENT}
        )
    assert lately(database) == Complaints(0, 32)


def test_the_cost_follows_the_week(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    with database.begin() as session:
        given.subscribers(session, 5)
        freezing.freeze(session, given.plan(9))
    with watched(database) as plans:
        lately(database)
    database.engine.dispose()
    assert len(plans) >= 3
    tables = ("deliveries", "bounce_reports")
    assert [one for one in plans if one.startswith(tuple(f"SCAN {t}" for t in tables))] == []
