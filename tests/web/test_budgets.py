"""Who counts as one visitor, and which of a crowd get in."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from digest.app import App
from digest.web import budgets
from digest.web.budgets import visitor
from tests.web.conftest import ON_BOTH

NOON = datetime(2026, 5, 7, 12, tzinfo=UTC)
KEY = b"k" * 32


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("203.0.113.7", "::ffff:203.0.113.7"),
        ("2001:db8:0:1::1", "2001:0db8::1:0:0:0:1"),
        ("fe80::1%eth0", "fe80::1"),
    ],
)
def test_one_ip_is_one_visitor_however_it_is_written(one: str, other: str) -> None:
    assert visitor(one, KEY) == visitor(other, KEY)


def test_neighbours_share_a_network_and_strangers_do_not() -> None:
    first, second = visitor("203.0.113.7", KEY), visitor("203.0.113.200", KEY)
    assert first.ip_hash != second.ip_hash
    assert first.network_hash == second.network_hash
    assert visitor("203.0.114.7", KEY).network_hash != first.network_hash
    near, far = visitor("2001:db8:0:1::1", KEY), visitor("2001:db8:0:1:ffff::", KEY)
    assert near.network_hash == far.network_hash
    assert visitor("2001:db8:0:2::1", KEY).network_hash != near.network_hash


def test_nothing_of_an_ip_is_in_its_hashes() -> None:
    known = visitor("203.0.113.7", KEY)
    assert "203" not in f"{known.ip_hash[:3]}" or known != visitor("203.0.113.7", b"other" * 8)
    assert known.ip_hash != visitor("203.0.113.7", b"other" * 8).ip_hash
    assert visitor("a socket", KEY) != visitor("", KEY)


def test_who_is_refused_by_a_narrow_budget_costs_the_wider_ones_nothing(app: App) -> None:
    limits = budgets.of_signups(app.settings)
    crowd = [visitor("203.0.113.7", KEY)] * 5000 + [visitor("203.0.113.8", KEY)] * 5
    with app.begin() as session:
        inside = budgets.admitted(session, crowd, limits, now=NOON)
        assert inside == [True] * 10 + [False] * 4990 + [True] * 5
        again = budgets.admitted(session, crowd, limits, now=NOON)
        assert sum(again) == 5
        rest = [visitor(f"203.0.113.{n}", KEY) for n in range(9, 40)]
        assert sum(budgets.admitted(session, rest, limits, now=NOON)) == 10  # of 30 a network


def test_all_together_have_a_budget_too(app: App) -> None:
    changed = app.settings.model_copy(update={"signups_in_all": 7})
    crowd = [visitor(f"10.{n}.0.1", KEY) for n in range(20)]
    with app.begin() as session:
        inside = budgets.admitted(session, crowd, budgets.of_signups(changed), now=NOON)
    assert inside == [True] * 7 + [False] * 13


@ON_BOTH
def test_who_is_refused_hears_when_all_that_is_used_up_begins_anew(app: App) -> None:
    clock = [NOON]
    app = replace(app, clock=lambda: clock[0])
    limits = budgets.of_signups(app.settings)
    one, other = visitor("203.0.113.7", KEY), visitor("203.0.113.8", KEY)

    def knock(who: budgets.Visitor, times: int, minutes: int) -> bool:
        clock[0] = NOON + timedelta(minutes=minutes)
        with app.begin() as session:
            return all(budgets.admitted(session, [who] * times, limits, now=clock[0]))

    assert knock(one, 10, 0)
    assert budgets.wait(app, one) == 3600
    assert knock(other, 1, 20)
    assert budgets.wait(app, one) == 2400
    assert budgets.wait(app, other) == 1  # it is within all of them
    clock[0] += timedelta(minutes=39, seconds=59.5)
    assert budgets.wait(app, one) == 1
    assert knock(one, 10, 60)
    for ip in ("203.0.113.9", "203.0.113.10"):
        assert knock(visitor(ip, KEY), 10, 70)
    assert budgets.wait(app, one) == 3000
    assert budgets.wait(app, visitor("203.0.113.99", KEY)) == 3000  # of its network's budget
