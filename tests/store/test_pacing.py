"""Token buckets in SQL: shared, kept over a restart, and never waited for in a ring."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, func, select

from digest.core.pace import Limits, keys
from digest.store import pacing
from digest.store.database import Database
from digest.store.tables import PaceRow
from tests import given

NOW = given.at(0)
RELAY = "mail.example.org:587"


def admit(database: Database, to: list[str], limits: Limits, now: datetime = NOW) -> list[float]:
    with database.begin() as session:
        return pacing.admit(session, [keys(RELAY, one) for one in to], limits, now)


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    """The statements that run inside."""
    seen: list[str] = []

    def note(_c: object, _cu: object, statement: str, *_: object) -> None:
        if not statement.startswith(("BEGIN", "SELECT pg_")):
            seen.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    yield seen
    event.remove(database.engine, "before_cursor_execute", note)


def rows(database: Database) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(PaceRow)) or 0


def test_a_group_costs_two_statements_and_none_without_limits(database: Database) -> None:
    to = [f"ada@domain{n}.example.org" for n in range(25)]
    limits = Limits({"*": 1.0}, {RELAY: 100.0})
    with counted(database) as seen:
        assert admit(database, to, Limits()) == [0.0] * 25
        assert admit(database, to, Limits({"gmail.com": 1.0})) == [0.0] * 25
        assert seen == []
        assert admit(database, to, limits) == [0.0] * 25
        assert len(seen) == 2
    assert rows(database) == 26


def test_a_refusal_alone_writes_nothing_new(database: Database) -> None:
    limits = Limits({"*": 1.0})
    admit(database, ["a@example.org"], limits)
    with counted(database) as seen:
        assert admit(database, ["b@example.org"] * 2, limits) == [1.0, 2.0]
        assert len(seen) == 1


def test_the_bucket_of_a_relay_and_of_a_domain_must_agree(database: Database) -> None:
    limits = Limits({"gmail.com": 2.0}, {RELAY: 3.0})
    to = ["a@gmail.com", "b@GMAIL.com", "c@gmail.com", "d@example.org", "e@example.org"]
    waits = admit(database, to, limits)
    assert [wait == 0 for wait in waits] == [True, True, False, True, False]
    assert waits[2] == 0.5
    assert 0.3 < waits[4] < 0.4


def test_a_restart_forgets_nothing(database: Database) -> None:
    limits = Limits({"*": 4.0})
    assert admit(database, ["a@example.org"] * 5, limits)[4] == 0.25
    again = Database(database.engine.url.render_as_string(hide_password=False))
    later = NOW + timedelta(milliseconds=250)
    assert admit(again, ["a@example.org"] * 2, limits, later) == [0.0, 0.25]
    again.engine.dispose()


def test_what_is_rolled_back_took_nothing(database: Database) -> None:
    limits = Limits({"*": 1.0})
    with pytest.raises(ZeroDivisionError), database.begin() as session:
        assert pacing.admit(session, [keys("", "a@example.org")], limits, NOW) == [0.0]
        raise ZeroDivisionError
    assert admit(database, ["a@example.org"], limits) == [0.0]


def test_a_clock_that_was_set_back_a_day_does_not_freeze_the_sending(database: Database) -> None:
    limits = Limits({"*": 10.0})
    admit(database, ["a@example.org"] * 10, limits)
    yesterday = NOW - timedelta(days=1)
    [wait] = admit(database, ["a@example.org"], limits, yesterday)
    assert wait == 0.1
    later = yesterday + timedelta(seconds=0.1)
    assert admit(database, ["a@example.org"], limits, later) == [0.0]


def test_full_buckets_are_swept(database: Database) -> None:
    limits = Limits({"*": 1 / 7200})
    admit(database, ["a@example.org"], limits)
    admit(database, ["b@example.net"], limits, NOW + timedelta(hours=2))
    for hours, left in ((2.9, 2), (3.1, 1), (5.1, 0)):
        with database.begin() as session:
            pacing.sweep(session, NOW + timedelta(hours=hours))
        assert rows(database) == left


def test_two_workers_never_exceed_the_limits_together(database_url: str) -> None:
    """Each of them asks for groups with the domains in an order of its own, as fast as it can."""
    limits = Limits({"a.org": 40.0, "*": 30.0}, {RELAY: 90.0})
    domains = ["a.org", "b.org", "c.org", "d.org"]
    went: list[list[tuple[datetime, str]]] = [[], []]
    errors: list[BaseException] = []
    until = time.monotonic() + 2

    def work(number: int) -> None:
        database = Database(database_url)
        to = [f"x@{one}" for one in domains[:: 1 if number else -1]] * 3
        try:
            while time.monotonic() < until:
                with database.begin() as session:
                    now = datetime.now(UTC)
                    waits = pacing.admit(session, [keys(RELAY, one) for one in to], limits, now)
                went[number] += [(now, one) for one, w in zip(to, waits, strict=True) if not w]
        except BaseException as error:  # noqa: BLE001 - told by the test's own thread
            errors.append(error)
        database.engine.dispose()

    workers = [threading.Thread(target=work, args=(number,)) for number in range(2)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    assert errors == []
    assert all(went)
    together = sorted(went[0] + went[1])
    assert_within([at for at, _ in together], 90)
    for domain in domains:
        its = [at for at, to in together if to == f"x@{domain}"]
        assert its
        assert_within(its, 40 if domain == "a.org" else 30)


def assert_within(went: list[datetime], per_s: float) -> None:
    """No window holds more than its rate and a burst."""
    for first in range(len(went)):
        for last in range(first, len(went)):
            window_s = (went[last] - went[first]).total_seconds()
            assert last - first + 1 <= per_s * window_s + per_s + 1e-6
