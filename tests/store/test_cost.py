"""Cost follows what is asked for, never the size of the history: every look-up has its index."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event, text

from digest.core.delivery import State
from digest.store import deliveries, editions, freezing, history, outbox, papers, runs, tallies
from digest.store.database import Database
from tests import given
from tests.given import RISING, at, collected, day, paper, plan, sight

BIG = ("papers", "identities", "sightings", "changes", "deliveries", "attempts", "paper_aliases")


@pytest.fixture
def database(sqlite_url: str) -> Iterator[Database]:
    database = Database(sqlite_url)
    yield database
    database.engine.dispose()


@contextmanager
def watched(database: Database) -> Iterator[list[str]]:
    """The plans of all statements that run inside."""
    seen: list[tuple[str, object]] = []

    def note(
        _c: object, _cu: object, statement: str, values: object, _x: object, many: bool
    ) -> None:
        seen.append((statement, values[0] if many else values))  # type: ignore[index]

    event.listen(database.engine, "before_cursor_execute", note)
    plans: list[str] = []
    yield plans
    event.remove(database.engine, "before_cursor_execute", note)
    with database.engine.connect() as connection:
        for statement, values in seen:
            if statement.startswith(("SELECT", "INSERT", "UPDATE", "DELETE")):
                rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
                plans += [f"{row.detail}  <-  {statement}" for row in rows]


def scans(plans: list[str]) -> list[str]:
    """Plans that go through a whole table or a whole index of it."""
    assert plans
    return [one for one in plans if any(one.startswith(f"SCAN {table}") for table in BIG)]


def test_keeping_a_listing_scans_no_table(database: Database) -> None:
    old = [paper(f"Paper {n}", f"2603.{n:05}", votes=1) for n in range(50)]
    collected(database, old, sight(0))
    collected(database, [paper("A preprint", "10.1101/x1")], sight(0))
    listed = [
        paper("Paper 1", "2603.00001", votes=90),
        paper("Paper 2", "2603.00002", "10.1101/x1", votes=1),
        paper("Paper new", "2603.99999"),
    ]
    with watched(database) as plans:
        collected(database, listed, sight(1))
    assert scans(plans) == []


def test_a_readers_past_is_looked_up_by_reader(database: Database) -> None:
    with database.begin() as session:
        ids = given.subscribers(session, 5)
        freezing.freeze(session, plan(0))
    with watched(database) as plans, database.read() as session:
        deliveries.last_digests(session, ids, day(1))
        deliveries.sent_papers(session, ids, day(0))
        deliveries.of_subscriber(session, ids[0])
        deliveries.digest_of(session, ids[0], day(0))
    assert scans(plans) == []


def test_a_shard_is_drained_by_its_own_rows(database: Database) -> None:
    with database.begin() as session:
        given.subscribers(session, 5)
        run = freezing.freeze(session, plan(0))
    assert run is not None
    with watched(database) as plans, database.begin() as session:
        shard = outbox.claim_shard(session, run.id, owner="a", now=at(0, 8))
        assert shard is not None
        due = outbox.claim_due(session, shard, now=at(0, 8))
        outbox.end(session, shard, [due[0].id], State.EMPTY, "", at(0, 8))
        outbox.start(session, shard, [due[1].id], now=at(0, 8))
        outbox.hand_back(session, shard, now=at(0, 8))
        outbox.expire(session, shard, now=at(0, 8))
        outbox.release(session, shard)
        runs.finish(session, run.id)
    assert scans(plans) == []


def test_freezing_a_day_does_not_go_through_the_days_before(database: Database) -> None:
    with database.begin() as session:
        given.subscribers(session, 5)
        freezing.freeze(session, plan(0))
    with watched(database) as plans, database.begin() as session:
        freezing.freeze(session, plan(1))
        tallies.outcomes(session, day(1))
        freezing.served(session, plan(1))
        freezing.wanted(session, plan(1))
    assert scans(plans) == []


def test_the_candidates_of_a_day_are_looked_up_by_day(database: Database) -> None:
    collected(database, [paper("A", votes=5)], sight(0))
    collected(database, [paper("A", votes=40)], sight(1))
    with watched(database) as plans, database.read() as session:
        editions.candidates(session, day(1), editions.Last(day(0), at(0, 7)), RISING)
        history.background(session, until=day(1), limit=10)
        history.by_names(session, ["arxiv:2603.00001"])
        papers.known(session, [paper("A")])
    # `papers` by the index of its last day, newest first, and no further than the limit
    assert [one for one in scans(plans) if "USING INDEX ix_papers_last_day" not in one] == []


def test_a_scan_would_be_noticed(database: Database) -> None:
    with watched(database) as plans, database.read() as session:
        session.execute(text("SELECT * FROM papers WHERE title = 'A'"))
    assert scans(plans)
