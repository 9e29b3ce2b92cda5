"""Budgets: counted by the database, so they hold over processes; a window begins with its first."""

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from limits import RateLimitItemPerHour
from limits.strategies import FixedWindowRateLimiter

from digest.store import budgets
from digest.store.budgets import Budgets
from digest.store.database import Database
from tests.given import ROOT

NOON = datetime(2026, 5, 7, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
TEN = RateLimitItemPerHour(10)

SPENDER = """
import sys
from digest.clock import utcnow
from digest.store.budgets import Budgets
from digest.store.database import Database
from limits import RateLimitItemPerHour
from limits.strategies import FixedWindowRateLimiter
database = Database(sys.argv[1])
limiter = FixedWindowRateLimiter(Budgets(database.begin, utcnow))
print(sum(limiter.hit(RateLimitItemPerHour(50), "one") for _ in range(100)))
"""


@pytest.fixture
def clock() -> list[datetime]:
    return [NOON]


@pytest.fixture
def storage(database: Database, clock: list[datetime]) -> Budgets:
    now: Callable[[], datetime] = lambda: clock[0]  # noqa: E731
    return Budgets(database.begin, now)


def test_a_strategy_of_limits_counts_in_the_table(storage: Budgets, clock: list[datetime]) -> None:
    limiter = FixedWindowRateLimiter(storage)
    assert [limiter.hit(TEN, "a") for _ in range(12)] == [True] * 10 + [False] * 2
    assert limiter.hit(TEN, "b")
    stats = limiter.get_window_stats(TEN, "b")
    assert (stats.remaining, stats.reset_time) == (9, (NOON + HOUR).timestamp())
    clock[0] += HOUR
    assert limiter.hit(TEN, "a")
    assert storage.get(TEN.key_for("a")) == 1


def test_a_key_can_be_cleared_and_all_of_them(storage: Budgets) -> None:
    assert storage.check()
    storage.incr("a", 60, 5)
    storage.incr("b", 60)
    storage.clear("a")
    assert (storage.get("a"), storage.get("b")) == (0, 1)
    assert storage.reset() == 1
    assert storage.get("b") == 0


def test_many_keys_are_counted_at_once_and_what_is_over_is_swept(database: Database) -> None:
    with database.begin() as session:
        assert budgets.count(session, {"b": 3, "a": 1}, HOUR, now=NOON) == {"a": 1, "b": 3}
        assert budgets.count(session, {"b": 2}, HOUR, now=NOON) == {"b": 5}
        assert budgets.count(session, {}, HOUR, now=NOON) == {}
        budgets.sweep(session, now=NOON + HOUR)
        assert budgets.count(session, {"b": 1}, HOUR, now=NOON) == {"b": 1}


def test_two_processes_share_a_budget(database_url: str) -> None:
    command = [sys.executable, "-c", SPENDER, database_url]
    running = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) for _ in range(2)
    ]
    spent = [int(one.communicate(timeout=60)[0]) for one in running]
    assert sum(spent) == 50
