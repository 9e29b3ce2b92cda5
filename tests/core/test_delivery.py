"""The life of one delivery: what follows from what, and when a try is due again."""

from datetime import timedelta

import pytest
from hypothesis import given as anything
from hypothesis import strategies as st

from digest.core.delivery import FINAL, NEXT, WAITING, State, check_step, retry_at
from digest.errors import IllegalTransition
from tests import given

NOW = given.at(0)


def test_every_state_that_is_final_lets_nothing_follow() -> None:
    assert {State.SENT, State.BOUNCED, State.SUPPRESSED, State.EMPTY, State.EXPIRED,
            State.CANCELLED, State.IN_DOUBT} == FINAL  # fmt: skip
    for state in FINAL:
        for to in State:
            with pytest.raises(IllegalTransition, match=f"{to} does not follow from {state}"):
                check_step("digest.2026-03-02.7", state, to)


def test_what_is_under_way_is_never_taken_up_as_if_it_were_not() -> None:
    assert State.CLAIMED not in NEXT[State.IN_FLIGHT]
    assert State.SENT not in NEXT[State.CLAIMED]


@pytest.mark.parametrize("start", NEXT)
def test_every_state_can_reach_an_end(start: State) -> None:
    reached, todo = set(), [start]
    while todo:
        state = todo.pop()
        if state not in reached:
            reached.add(state)
            todo += NEXT.get(state, ())
    assert reached & FINAL
    assert reached >= set(WAITING)


@pytest.mark.parametrize(
    ("attempts", "minutes"), [(0, 5), (1, 5), (2, 10), (3, 20), (6, 160), (7, 240), (10**6, 240)]
)
def test_a_deferred_delivery_waits_twice_as_long_each_time(attempts: int, minutes: int) -> None:
    assert retry_at(NOW, attempts) == NOW + timedelta(minutes=minutes)


@anything(st.integers(0, 10**9))
def test_a_retry_is_never_sooner_than_the_one_before(attempts: int) -> None:
    assert NOW < retry_at(NOW, attempts) <= retry_at(NOW, attempts + 1)


@anything(st.integers(0, 10**9), st.integers(0, 2**63 - 1))
def test_a_spread_retry_keeps_its_bounds_and_is_the_same_each_time(attempts: int, key: int) -> None:
    plain, spread = retry_at(NOW, attempts) - NOW, retry_at(NOW, attempts, key) - NOW
    assert timedelta(minutes=4) <= 0.8 * plain <= spread <= 1.2 * plain <= timedelta(minutes=288)
    assert spread == retry_at(NOW, attempts, key) - NOW


@anything(st.integers(0, 6), st.integers(0, 2**63 - 1))
def test_a_spread_retry_is_never_sooner_than_the_one_before(attempts: int, key: int) -> None:
    assert retry_at(NOW, attempts, key) <= retry_at(NOW, attempts + 1, key) or attempts == 0


def test_what_was_refused_together_does_not_come_back_together() -> None:
    minutes = {(retry_at(NOW, 7, key) - NOW) // timedelta(minutes=1) for key in range(2000)}
    assert minutes >= set(range(193, 287))
