from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.fetch.backoff import backoff_s, retry_after_s

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def test_the_wait_doubles_up_to_its_cap() -> None:
    waits = [backoff_s(n, base_s=1, cap_s=5, jitter=1) for n in (1, 2, 3, 4, 900)]
    assert waits == [1, 2, 4, 5, 5]


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_jitter_takes_away_at_most_half_of_the_wait(attempt: int, jitter: float) -> None:
    full = backoff_s(attempt, base_s=1, cap_s=60, jitter=1)
    assert full / 2 <= backoff_s(attempt, base_s=1, cap_s=60, jitter=jitter) <= full <= 60


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("9" * 5000, float("inf")),
        ("Mon, 02 Mar 2026 12:00:30 GMT", 30),
        ("Mon, 02 Mar 2026 12:00:30 -0000", 30),
        ("Mon, 02 Mar 2026 11:00:00 GMT", 0),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str, seconds: float) -> None:
    assert retry_after_s(header, NOON) == seconds


@given(st.text() | st.from_regex(r"[A-Z][a-z]{2}, \d{1,9} [A-Z][a-z]{2} \d{1,9} \d\d:\d\d GMT"))
def test_no_retry_after_whatever_breaks_the_reader(header: str) -> None:
    seconds = retry_after_s(header, NOON)
    assert seconds is None or seconds >= 0


@pytest.mark.parametrize("header", ["", "soon", "-5", "1.5", "²"])
def test_an_unreadable_retry_after_asks_for_nothing(header: str) -> None:
    assert retry_after_s(header, NOON) is None
