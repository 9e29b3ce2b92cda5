"""When readers are due: one instant for each due local day, whatever the clocks of a zone do."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from freezegun import freeze_time
from hypothesis import given
from hypothesis import strategies as st

from digest.clock import utcnow
from digest.core.schedule import Due, after, first, instant, last, local_day, on
from subscribers.schedule import Cadence, Schedule

FIRST, LAST = date(2024, 1, 1), date(2030, 12, 31)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
ZONES = sorted(available_timezones())
SCHEDULES = st.builds(
    Schedule,
    zone=st.sampled_from(ZONES),
    hour=st.integers(0, 23),
    cadence=st.sampled_from(Cadence),
    weekday=st.integers(0, 6),
)
NOW = st.datetimes(
    datetime(2024, 1, 1), datetime(2030, 12, 31), timezones=st.just(UTC)  # noqa: DTZ001
)  # fmt: skip


def days(start: date = FIRST, end: date = LAST) -> Iterator[date]:
    return (start + timedelta(days=number) for number in range((end - start).days + 1))


@cache
def odd_days(zone: str) -> tuple[date, ...]:
    """The days between 2024 and 2030 on which a zone moves its clocks, and those beside them."""
    noon = [datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)) for day in days()]
    found = set()
    for before, on_ in pairwise(noon):
        if before.utcoffset() != on_.utcoffset():
            found |= {before.date() - DAY, before.date(), on_.date(), on_.date() + DAY}
    return tuple(sorted(found))


def check(zone: str, day: date, hours: range = range(24)) -> None:
    """The instants of a day lie in it, as its clocks show them the first time."""
    there = ZoneInfo(zone)
    found = [instant(day, hour, zone) for hour in hours]
    assert None not in found
    known = [at for at in found if at is not None]
    for hour, at in zip(hours, known, strict=True):
        local = at.astimezone(there)
        assert local.date() == day
        shown_once_more = (at - HOUR).astimezone(there)
        assert (shown_once_more.date(), shown_once_more.hour) != (day, hour)
        assert local.hour == hour or is_skipped(day, hour, zone)


def is_skipped(day: date, hour: int, zone: str) -> bool:
    """Whether no instant around the day, minute by minute, shows this hour."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC) - 15 * HOUR
    shown = ((start + minute * HOUR / 60).astimezone(ZoneInfo(zone)) for minute in range(54 * 60))
    return not any((one.date(), one.hour, one.minute) == (day, hour, 0) for one in shown)


@pytest.mark.parametrize("part", range(8))
def test_every_zone_has_every_hour_of_each_day_on_which_its_clocks_move_once(part: int) -> None:
    for zone in ZONES[part::8]:
        for day in odd_days(zone):
            check(zone, day)


@pytest.mark.parametrize("part", range(8))
def test_every_day_of_every_zone_comes_once_and_in_order(part: int) -> None:
    for number, zone in enumerate(ZONES[part::8]):
        hour = number % 24
        there, before = ZoneInfo(zone), datetime.min.replace(tzinfo=UTC)
        for day in days():
            at = instant(day, hour, zone)
            assert at is not None and before < at and at.astimezone(there).date() == day
            before = at


@pytest.mark.parametrize(
    ("zone", "day", "hour", "at"),
    [
        ("Europe/Berlin", "2026-03-29", 2, "2026-03-29T01:00"),  # 02:00 is skipped: 03:00
        ("Europe/Berlin", "2026-10-25", 2, "2026-10-25T00:00"),  # 02:00 comes twice: the first
        ("America/New_York", "2026-03-08", 2, "2026-03-08T07:00"),
        ("America/New_York", "2026-11-01", 1, "2026-11-01T05:00"),
        ("Africa/Cairo", "2026-04-24", 0, "2026-04-23T22:00"),  # midnight is skipped: at 01:00
        ("America/Havana", "2026-11-01", 0, "2026-11-01T04:00"),  # midnight comes twice
        ("Australia/Lord_Howe", "2026-10-04", 2, "2026-10-03T15:30"),  # half an hour is skipped
        ("America/Nuuk", "2026-03-28", 23, "2026-03-29T00:00"),  # 23:00 is skipped: at 22:00
        ("Asia/Kathmandu", "2026-03-02", 8, "2026-03-02T02:15"),
        ("Pacific/Kiritimati", "2026-03-02", 8, "2026-03-01T18:00"),
        ("Etc/GMT+12", "2026-03-02", 8, "2026-03-02T20:00"),
    ],
)
def test_gaps_folds_and_far_zones(zone: str, day: str, hour: int, at: str) -> None:
    wanted = datetime.fromisoformat(at).replace(tzinfo=UTC)
    assert instant(date.fromisoformat(day), hour, zone) == wanted


def test_a_day_that_a_zone_skipped_has_no_digest() -> None:
    samoa = Schedule(zone="Pacific/Apia", hour=8)
    assert on(samoa, date(2011, 12, 30)) is None
    assert after(samoa, date(2011, 12, 29)).day == date(2011, 12, 31)


@given(SCHEDULES, NOW)
def test_the_next_follows_the_last_with_no_due_between(schedule: Schedule, now: datetime) -> None:
    latest = last(schedule, now)
    coming = after(schedule, latest.day)
    assert latest.at <= now < coming.at
    between = days(latest.day + DAY, coming.day - DAY)
    assert not any(schedule.due_on(day) for day in between)
    assert first(schedule, now) == coming


@given(SCHEDULES, NOW, st.integers(1, 60))
def test_a_clock_that_ticks_finds_each_due_day_once(
    schedule: Schedule, now: datetime, steps: int
) -> None:
    due, promised = first(schedule, now), []
    until = now + timedelta(days=40)
    while now < until:
        now += steps * timedelta(minutes=11)
        while due.at <= now:
            promised.append(due.day)
            due = after(schedule, due.day)
    begun, ended = promised[0], promised[-1]
    assert promised == [day for day in days(begun, ended) if schedule.due_on(day)]


def owed_on_the_way(moves: list[tuple[Schedule, timedelta]], now: datetime) -> list[Due]:
    """What a clock promises a reader who changes the schedule again and again; the ledger lets a
    local day be promised once only."""
    promised: dict[date, Due] = {}
    schedule, _ = moves[0]
    due = first(schedule, now)
    for schedule, wait in moves:
        due = first(schedule, now, owed=due.day)
        now += wait
        while due.at <= now:
            promised.setdefault(due.day, due)
            due = after(schedule, due.day)
    return list(promised.values())


WAITS = st.timedeltas(timedelta(minutes=1), timedelta(days=4))
DAILY = st.builds(Schedule, zone=st.sampled_from(ZONES), hour=st.integers(0, 23))


@given(st.lists(st.tuples(DAILY, WAITS), min_size=1, max_size=12), NOW)
def test_who_changes_zone_and_hour_misses_no_day_that_begins_and_ends_there(
    moves: list[tuple[Schedule, timedelta]], now: datetime
) -> None:
    promised = {due.day for due in owed_on_the_way(moves, now)}
    schedule, wait = moves[-1]
    end = now + sum((gone for _, gone in moves), timedelta())
    begun = local_day(schedule.zone, end - wait)
    whole = days(begun + DAY, local_day(schedule.zone, end) - DAY)
    assert set(whole) <= promised


def test_an_hour_that_has_passed_is_still_owed_today() -> None:
    was = Schedule(zone="Europe/Paris", hour=20)
    now = datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert first(was, now).day == date(2026, 3, 2)
    wanted = Schedule(zone="Europe/Paris", hour=8)
    due = first(wanted, now, owed=date(2026, 3, 2))
    assert due == Due(datetime(2026, 3, 2, 7, tzinfo=UTC), date(2026, 3, 2))
    assert first(wanted, now, owed=date(2026, 3, 3)).day == date(2026, 3, 3)
    assert first(wanted, now).day == date(2026, 3, 3)


def test_who_flies_over_the_date_line_gets_a_local_day_once() -> None:
    """Auckland had Tuesday's; in Honolulu it is Monday again, and the next new day is Wednesday."""
    auckland, honolulu = (Schedule(zone=f"Pacific/{name}") for name in ("Auckland", "Honolulu"))
    now = datetime(2026, 3, 2, 20, tzinfo=UTC)  # Tuesday 09:00 there, Monday 10:00 here
    due = first(honolulu, now, owed=after(auckland, date(2026, 3, 3)).day)
    assert due.day == date(2026, 3, 3)  # which the ledger has: it is not promised again
    assert after(honolulu, due.day).day == date(2026, 3, 4)
    back = first(auckland, now, owed=date(2026, 3, 3))
    assert back == Due(datetime(2026, 3, 2, 19, tzinfo=UTC), date(2026, 3, 3))  # at once


@given(SCHEDULES, NOW, st.integers(1, 30))
def test_a_pause_ends_with_the_first_due_of_its_day_or_later(
    schedule: Schedule, now: datetime, length: int
) -> None:
    since = local_day(schedule.zone, now) + timedelta(days=length)
    due = first(schedule, now, since=since)
    assert due.day >= since
    assert not any(schedule.due_on(day) for day in days(since, due.day - DAY))


@pytest.mark.parametrize("hours", [3, 25, 24 * 9])
def test_a_machine_that_slept_has_the_latest_due_to_catch_up_with(hours: int) -> None:
    schedule = Schedule(zone="Asia/Tokyo", hour=7)
    with freeze_time("2026-03-01 22:00") as clock:
        clock.tick(hours * HOUR)
        due = last(schedule, utcnow())
        assert timedelta(0) <= utcnow() - due.at < DAY
        assert due.day == local_day("Asia/Tokyo", utcnow())
