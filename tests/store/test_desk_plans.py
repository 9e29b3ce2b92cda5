"""The queries of the desk and the clock as SQLite plans them: none walks through a large table."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from digest.core.delivery import State
from digest.core.schedule import Due
from digest.store import (
    account,
    audit,
    complaints,
    deliveries,
    due,
    freezing,
    jobs,
    ledger,
    letters,
    open_runs,
    reached,
    sends,
    tallies,
    troubles,
)
from digest.store.database import Database
from subscribers import address as addresses
from subscribers import roster, signup
from subscribers.consent import ConsentKind
from tests import given
from tests.given import at, day, plan

BIG = ("deliveries", "subscribers", "attempts", "consent_events", "profiles")
KINDS = (ConsentKind.ADDED, ConsentKind.CONFIRMED)
SINCE = [day(-1), day(0)]


@pytest.fixture
def session(sqlite_url: str) -> Iterator[Session]:
    """A run of some readers, with what the planner knows of a large database."""
    database = Database(sqlite_url)
    with database.begin() as session:
        given.subscribers(session, 30)
        assert freezing.freeze(session, plan(shard_size=5)) is not None
    with database.begin() as session:
        yield session
    database.engine.dispose()


QUERIES: dict[str, Callable[[Session], Any]] = {
    "readers by status": tallies.readers,
    "a day's outcomes": lambda s: tallies.outcomes(s, day(0)),
    "what is in doubt": lambda s: tallies.in_doubt(s, tallies.live(s)),
    "papers by day": lambda s: tallies.papers_by_day(s, day(-30)),
    "sent by day": lambda s: tallies.sent_by_day(s, day(-30), {}),
    "who came by day": lambda s: tallies.steps_by_day(s, KINDS, SINCE),
    "bounces by day": lambda s: tallies.reports_by_day(s, ["hard"], SINCE),
    "a source's tries": lambda s: tallies.collected(s, "huggingface"),
    "the sources": tallies.sources,
    "the runs": lambda s: account.recent(s, limit=50),
    "a run's deliveries": lambda s: ledger.leaf(s, 1),
    "a run's deliveries in one state": lambda s: ledger.leaf(s, 1, state=State.PLANNED),
    "a run's later deliveries": lambda s: ledger.leaf(s, 1, after=(2, "planned", 3)),
    "one reader's messages": lambda s: deliveries.latest_of(s, 3, limit=20),
    "one reader's older messages": lambda s: deliveries.latest_of(s, 3, limit=20, before=9),
    "a reader by address": lambda s: roster.find(s, addresses.parse("reader3@example.org")),
    "a reader by a part of it": lambda s: roster.search(s, "reader3"),
    "one reader's consent": lambda s: roster.consents(s, 3),
    "who got a paper": lambda s: reached.by(s, [1], day(0)),
    "whom a send is for": lambda s: freezing.wanted(s, plan()),
    "who had it": lambda s: freezing.served(s, plan()),
    "sends that are due": lambda s: sends.due(s, now=at(1)),
    "sends without a runner": lambda s: sends.orphans(s, lambda _: True),
    "whether the clock is behind": lambda s: due.is_behind(s, now=at(1)),
    "who has no due yet": lambda s: due.reckon(s, now=at(1)),
    "who was missed": lambda s: due.catch_up(s, now=at(1), late=timedelta(hours=18)),
    "the dues that have come": lambda s: list(due.passed(s, now=at(9))),
    "how many of a due at once": lambda s: due.portion(s, Due(at(1), day(1))),
    "their next due": lambda s: due.advance(s, Due(at(1), day(1)), 9),
    "what is to be sent": lambda s: open_runs.to_drain(s, now=at(1)),
    "what was cancelled": open_runs.cancelled,
    "letters that are due": lambda s: letters.is_due(s, now=at(1)),
    "sign-ups that wait": signup.any_waiting,
    "jobs that are due": lambda s: jobs.due(s, now=at(1), at=at(1)),
    "what is in trouble": troubles.untold,
    "who complained lately": lambda s: complaints.lately(s, now=at(1)),
    "a run's send": lambda s: sends.of_run(s, 1),
    "the log": lambda s: audit.recent(s, limit=9),
    "the log about one thing": lambda s: audit.recent(s, limit=9, about="reader 3"),
}


@pytest.mark.parametrize("name", QUERIES)
def test_no_query_walks_through_a_large_table(session: Session, name: str) -> None:
    with heard(session) as statements:
        QUERIES[name](session)
    assert statements
    for statement, values in statements:
        steps = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        walks = [row[3] for row in steps if row[3].startswith("SCAN")]
        bad = [step for step in walks if step.split()[1] in BIG]
        assert bad == [], statement


@contextmanager
def heard(session: Session) -> Iterator[list[tuple[str, Any]]]:
    """The statements that are executed meanwhile."""
    told: list[tuple[str, Any]] = []

    def hear(_c: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        told.append((statement, values))

    engine = session.get_bind().engine
    event.listen(engine, "before_cursor_execute", hear)
    try:
        yield told
    finally:
        event.remove(engine, "before_cursor_execute", hear)


def test_a_walk_would_be_seen(session: Session) -> None:
    steps = session.execute(text("EXPLAIN QUERY PLAN SELECT * FROM deliveries WHERE attempts > 3"))
    assert [row[3] for row in steps] == ["SCAN deliveries"]
