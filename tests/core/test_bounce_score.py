"""The score of soft bounces: it adds up, fades, and is full after a week of nothing but bounces."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from digest.core.bounce.score import HALF_LIFE, LIMIT, Score, after_soft

START = datetime(2026, 3, 1, 6, tzinfo=UTC)


def bounced_on(days: list[int]) -> Score:
    score: Score | None = None
    for day in days:
        score = after_soft(score, START + timedelta(days=day))
    assert score is not None
    return score


def test_a_score_halves_in_a_week() -> None:
    score = Score(4.0, START)
    assert score.at(START + HALF_LIFE) == 2.0
    assert score.at(START + 2 * HALF_LIFE) == 1.0


def test_a_week_of_bounces_is_full_and_six_days_are_not() -> None:
    """standards.md 38."""
    assert not bounced_on(list(range(6))).is_over
    assert bounced_on(list(range(7))).is_over


def test_a_weekly_readers_bounces_never_fill_it() -> None:
    assert bounced_on([7 * week for week in range(100)]).value < 2.001


def test_five_at_one_instant_fill_it() -> None:
    assert bounced_on([0] * 5).value == LIMIT
    assert not bounced_on([0] * 4).is_over


@given(st.lists(st.integers(0, 400), min_size=1, max_size=60).map(sorted))
def test_it_is_never_more_than_the_number_of_bounces(days: list[int]) -> None:
    assert 1 <= bounced_on(days).value <= len(days)


def test_a_clock_that_went_back_adds_and_does_not_grow() -> None:
    assert after_soft(Score(1.0, START), START - timedelta(days=30)).value == 2.0
