"""Profiles and schedules: tidied, capped, stored as plain data."""

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscribers import profile, schedule
from subscribers.errors import BadProfile
from subscribers.profile import CAPS, InterestProfile, checked, from_data, overlay, to_data
from subscribers.schedule import Cadence, Schedule, read_days

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
PROFILES = st.builds(
    InterestProfile,
    **{name: st.lists(TEXT, max_size=4).map(tuple) for name in CAPS},
    limit=st.integers(1, 30),
    popularity=st.integers(0, 100),
)


@given(PROFILES)
def test_a_checked_profile_survives_storage_and_a_second_check(asked):
    kept = checked(asked)
    assert from_data(json.loads(json.dumps(to_data(kept)))) == kept
    assert checked(kept) == kept


@given(TEXT)
def test_a_tidy_text_is_one_line_without_controls(text):
    line = profile.tidy(text)
    assert line == profile.tidy(line)
    assert not set(line) & set("\0\r\n\t\u2028\u202e\u2066\ufeff")


def test_repeats_go_whatever_their_case_and_the_first_stays_in_its_place():
    asked = InterestProfile(keywords=("RLHF", " graph  nets ", "", "rlhf", "agents"))
    assert checked(asked).keywords == ("RLHF", "graph nets", "agents")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (InterestProfile(limit=0), "limit must be 1 to 30, not 0"),
        (InterestProfile(limit=31), "limit must be 1 to 30, not 31"),
        (InterestProfile(popularity=-1), "popularity must be 0 to 100, not -1"),
        (InterestProfile(popularity=101), "popularity must be 0 to 100, not 101"),
        (InterestProfile(interests=("x" * 501,)), "interests: .* has 501 characters, 500 may be"),
        (InterestProfile(keywords=tuple(map(str, range(101)))), "keywords may hold 100 .* not 101"),
        (InterestProfile(mute=("x" * 101,)), "mute: "),
        (InterestProfile(authors=("L\udce9on",)), "authors holds bytes that are not UTF-8"),
    ],
)
def test_a_profile_beyond_its_caps_is_refused_by_the_name_of_its_field(asked, said):
    with pytest.raises(BadProfile, match=said):
        checked(asked)


def test_data_of_a_newer_program_is_refused_clearly():
    with pytest.raises(BadProfile, match="version 2"):
        from_data({"v": 2})
    with pytest.raises(BadProfile, match="unknown field: moods"):
        from_data({"v": 1, "moods": []})


def test_an_overlay_takes_only_the_named_fields():
    base = InterestProfile(keywords=("a",), mute=("b",), limit=5)
    new = InterestProfile(keywords=("c",), limit=7)
    assert overlay(base, new, fields={"keywords"}) == InterestProfile(
        keywords=("c",), mute=("b",), limit=5
    )


def test_a_popularity_is_laid_over_by_its_name_and_stored_where_it_is_not_the_usual():
    base, new = InterestProfile(limit=5), InterestProfile(popularity=0)
    assert overlay(base, new, fields={"popularity"}) == InterestProfile(limit=5, popularity=0)
    assert overlay(new, base, fields={"limit"}) == InterestProfile(limit=5, popularity=0)
    assert [to_data(one).get("popularity") for one in (base, new)] == [None, 0]
    assert [from_data(to_data(one)).popularity for one in (base, new)] == [25, 0]


def test_a_zone_is_found_in_any_case_and_kept_as_iana_writes_it():
    assert schedule.checked(Schedule(zone="europe/PARIS")).zone == "Europe/Paris"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Schedule(zone="Mars/Olympus"), 'zone "Mars/Olympus" is no IANA time zone'),
        (Schedule(zone="../../etc/passwd"), "zone"),
        (Schedule(zone=""), "zone"),
        (Schedule(hour=24), "hour must be 0 to 23, not 24"),
        (Schedule(hour=-1), "hour"),
        (Schedule(cadence=Cadence.WEEKLY, weekday=7), "weekday"),
    ],
)
def test_a_schedule_that_cannot_be_kept_is_refused_by_the_name_of_its_field(asked, said):
    with pytest.raises(BadProfile, match=said):
        schedule.checked(asked)


@pytest.mark.parametrize("text", ["hourly", "daily:fri", "weekly:xyz", ""])
def test_an_unknown_cadence_is_refused(text):
    with pytest.raises(BadProfile, match="cadence"):
        read_days(text)


@given(st.sampled_from(Cadence), st.integers(0, 6))
def test_days_are_read_as_they_are_written(cadence, weekday):
    kept = schedule.checked(Schedule(cadence=cadence, weekday=weekday))
    assert read_days(kept.days) == (kept.cadence, kept.weekday)


def test_the_cadence_says_on_which_days_a_digest_is_due():
    week = [date(2026, 3, 2 + n) for n in range(7)]
    due = {
        words: [day.weekday() for day in week if Schedule(cadence=c, weekday=w).due_on(day)]
        for words in ("daily", "weekdays", "weekly", "weekly:Friday")
        for c, w in [read_days(words)]
    }
    assert due == {
        "daily": [0, 1, 2, 3, 4, 5, 6],
        "weekdays": [0, 1, 2, 3, 4],
        "weekly": [0],
        "weekly:Friday": [4],
    }
