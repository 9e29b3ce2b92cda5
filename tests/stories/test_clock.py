"""The clock: jobs that the database gives out, digests at their hour, what late sources make of
them, and what the operator hears. The instants are stepped; nothing sleeps."""

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Self

import pytest

from digest import health, overview, sender, steering
from digest.core.delivery import State
from digest.errors import FetchError
from digest.fetch import Fetched, NotModified, Validators
from digest.scheduler import JOBS, Clockwork, ticking
from digest.store import deliveries, jobs, open_runs, runs, states, tallies
from digest.store.tables import ChangeRow
from subscribers import preferences
from subscribers.consent import Consent, ConsentKind
from subscribers.schedule import Cadence, Schedule
from tests.stories.world import ARXIV, FEED, HOUR, Reader, Sky, World

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
DAY = timedelta(days=1)
LATE = "was late today; those papers come"
BERLIN, TOKYO = Schedule(zone="Europe/Berlin"), Schedule(zone="Asia/Tokyo")


ON_BOTH = pytest.mark.parametrize("kind", ["sqlite", "postgresql"])


@pytest.fixture
def kind() -> str:
    """The database, where a test does not say it."""
    return "sqlite"


@pytest.fixture
def world(home: Path, kind: str, request: pytest.FixtureRequest) -> Iterator[World]:
    url = request.getfixturevalue("sqlite_url" if kind == "sqlite" else "postgres_url")
    made = World(home, url, MONDAY, most=2)
    yield made
    made.app.database.engine.dispose()


def at(day: int, hour: float = 0) -> datetime:
    return MONDAY + day * DAY + hour * HOUR


def hours(world: World, reader: Reader) -> list[str]:
    return [f"{one.at:%a %H:%M}" for one in world.got[reader.address]]


@ON_BOTH
def test_each_reader_gets_the_digest_of_the_day_at_their_own_hour(world: World) -> None:
    berlin = world.reader("berlin@example.org", BERLIN)
    tokyo = world.reader("tokyo@example.org", TOKYO)
    weekly = world.reader(
        "weekly@example.org", Schedule(zone="UTC", hour=12, cadence=Cadence.WEEKLY, weekday=2)
    )
    world.leap(at(4))
    assert hours(world, berlin) == [f"{day} 07:00" for day in ("Mon", "Tue", "Wed", "Thu")]
    assert hours(world, tokyo) == [f"{day} 23:00" for day in ("Mon", "Tue", "Wed", "Thu")]
    assert hours(world, weekly) == ["Wed 12:00"]


@ON_BOTH
def test_two_on_one_database_never_do_a_job_twice(world: World) -> None:
    world.reader("berlin@example.org", BERLIN)
    other = Clockwork(
        world.app, fetchers=world.clockwork.fetchers, transports=world.clockwork.transports
    )
    [plan] = [job for job in JOBS if job.name == "plan"]
    assert world.clockwork.turn(plan)
    assert not other.turn(plan)  # done, and not due again
    taken = world.clockwork._take("send")
    assert taken is not None
    assert other._take("send") is None  # held
    world.now += timedelta(minutes=5)  # its holder is gone for longer than a lease
    again = other._take("send")
    assert again is not None
    world.clockwork._done(taken, HOUR)  # it came back: nothing of it counts
    with world.app.read() as session:
        [send] = [job for job in jobs.every(session) if job.name == "send"]
    assert send.owner
    while world.now < at(1):
        world.clockwork.tick()
        other.tick()
        world.now += HOUR
    assert len(world.got["berlin@example.org"]) == 1


@ON_BOTH
def test_a_machine_that_slept_catches_up_once_and_only_within_the_deadline(world: World) -> None:
    daily = world.reader("daily@example.org", BERLIN)
    world.run(at(0, 9))
    world.now = at(2, 13)  # slept two days: Wednesday's is six hours late
    world.run(at(3))
    assert hours(world, daily) == ["Mon 07:00", "Wed 13:00"]
    world.now = at(5, 4)  # 21 hours late: too late for Thursday's, too early for Saturday's
    world.run(at(5, 6))
    assert hours(world, daily)[2:] == []
    papers = [paper for one in world.got[daily.address] for paper in one.papers]
    assert len(papers) == len(set(papers))


def test_a_send_by_hand_before_the_hour_is_the_digest_of_that_day(world: World) -> None:
    reader = world.reader("berlin@example.org", BERLIN)
    world.run(at(0, 6))
    told = sender.send(world.app, MONDAY.date(), transports=lambda: world.outbox)
    assert told.outcomes == {State.SENT: 1}
    world.run(at(1))
    assert hours(world, reader) == ["Mon 06:00"]


def test_who_changes_hour_or_pauses_is_due_by_what_holds_then(world: World) -> None:
    moved = world.reader("moved@example.org", Schedule(zone="Europe/Berlin", hour=20))
    away = world.reader("away@example.org", BERLIN)
    world.leap(at(0, 9))
    with world.app.begin() as session:
        preferences.change_schedule(session, moved.id, BERLIN)  # today's is still owed: at once
        step = Consent(kind=ConsentKind.PAUSED, at=world.now, source="test")
        preferences.take_step(session, away.id, step, until=date(2026, 3, 5))
    world.leap(at(4))
    assert hours(world, moved) == ["Mon 09:00", "Tue 07:00", "Wed 07:00", "Thu 07:00"]
    assert hours(world, away) == ["Mon 07:00", "Thu 07:00"]


def test_a_quiet_day_is_silent_or_one_line_as_the_reader_wishes(world: World) -> None:
    silent = world.reader("silent@example.org", BERLIN)
    told = world.reader("told@example.org", BERLIN, quiet_line=True)
    world.leap(at(8))
    assert hours(world, silent)[4:6] == ["Fri 07:00", "Mon 07:00"] or "Sat 07:00" in hours(
        world, silent
    )
    sunday = [one for one in world.got[told.address] if f"{one.at:%a}" == "Sun"]
    assert [one.papers for one in sunday] == [()]
    assert "Nothing new has reached us since your last mail." in " ".join(sunday[0].text.split())
    assert not [one for one in world.got[silent.address] if f"{one.at:%a}" == "Sun"]
    assert world.alerts() == []


@ON_BOTH
def test_a_late_source_is_waited_for_and_then_its_papers_come_tomorrow(world: World) -> None:
    """arXiv is four hours late on Tuesday: who is due at 07:00 UTC waits until 09:00."""
    world.sky.late[date(2026, 3, 3)] = timedelta(hours=10)
    reader = world.reader("berlin@example.org", BERLIN)
    weekdays = world.reader("weekdays@example.org", Schedule(zone="Europe/Berlin", hour=14))
    world.leap(at(4))
    assert hours(world, reader) == ["Mon 07:00", "Tue 09:00", "Wed 07:00", "Thu 07:00"]
    monday, tuesday, wednesday, _ = (
        " ".join(one.text.split()) for one in world.got[reader.address]
    )
    assert f"arXiv {LATE} tomorrow." in tuesday
    assert LATE not in monday + wednesday
    with world.app.read() as session:
        days = dict(session.query(ChangeRow.paper_id, ChangeRow.source).all())
        owed = {paper for paper, source in days.items() if source == ARXIV}
        got = deliveries.of_subscriber(session, reader.id)
        by_day = {one.day: {pick.paper_id for pick in one.picks} for one in got}
    assert by_day[date(2026, 3, 4)] & owed
    assert hours(world, weekdays)[1] == "Tue 15:00" or LATE in " ".join(
        world.got[weekdays.address][1].text.split()
    )
    assert world.alerts() == []


def test_a_holiday_is_told_as_no_lateness_and_alarms_nobody(home: Path, sqlite_url: str) -> None:
    """2026-01-19 is in arXiv's list, and its feed is empty."""
    sky = Sky(holidays=frozenset({date(2026, 1, 19), date(2026, 1, 20)}))
    world = World(home, sqlite_url, datetime(2026, 1, 15, tzinfo=UTC), sky=sky, most=2)
    reader = world.reader("berlin@example.org", BERLIN, quiet_line=True)
    world.leap(datetime(2026, 1, 22, tzinfo=UTC))
    every = " ".join(" ".join(one.text.split()) for one in world.got[reader.address])
    assert len(world.got[reader.address]) == 7
    assert not [word for word in ("late today", "could not be read", "was due") if word in every]
    assert world.alerts() == []


def test_a_holiday_nobody_knew_of_is_told_by_the_ids_and_alarms_nobody(
    home: Path, sqlite_url: str
) -> None:
    """No list names 2027-01-18: its feed is empty, which is neither late nor broken."""
    sky = Sky(holidays=frozenset({date(2027, 1, 18)}))
    world = World(home, sqlite_url, datetime(2027, 1, 14, tzinfo=UTC), sky=sky, most=2)
    reader = world.reader("berlin@example.org", BERLIN)
    world.leap(datetime(2027, 1, 21, tzinfo=UTC))
    words = {
        f"{one.at:%a %d %H:%M}": " ".join(one.text.split()) for one in world.got[reader.address]
    }
    told = [when for when, text in words.items() if "arXiv has shown nothing yet today" in text]
    assert told == ["Mon 18 09:00"]
    assert not [text for text in words.values() if "late today" in text or "be read" in text]
    assert {"Tue 19 07:00", "Wed 20 07:00"} <= words.keys()
    assert world.alerts() == []


def test_a_source_broken_for_three_days_is_told_of_truly_and_alarms_once(world: World) -> None:
    world.sky.broken = frozenset({date(2026, 3, 3), date(2026, 3, 4), date(2026, 3, 5)})
    reader = world.reader("berlin@example.org", BERLIN)
    world.leap(at(6))
    words = [" ".join(one.text.split()) for one in world.got[reader.address]]
    failed = "arXiv could not be read today; what it announces comes in a later mail."
    assert [failed in one for one in words] == [False, True, True, True, False]
    assert world.alerts() == [
        f"[Daily Papers] In trouble: source {ARXIV}",
        f"[Daily Papers] Well again: source {ARXIV}",
    ]


def test_a_feed_by_its_url_is_told_of_alarmed_of_and_asked_less_often_while_it_fails(
    home: Path, sqlite_url: str
) -> None:
    world = World(home, sqlite_url, MONDAY, sources=["huggingface", FEED])
    name = "feed:www.example.org/robots/feed.xml?kind=rss"
    world.sky.broken = frozenset({date(2026, 3, 3)})
    reader = world.reader("berlin@example.org", BERLIN)
    world.leap(at(1, 20))
    asked_at = asked(world, FEED, since=at(1, 6))
    seen = overview.look(world.app)
    [metric] = [stands for one, stands in health.numbers(world.app).sources.items() if one == name]
    world.leap(at(4))
    failed = "example.org could not be read today; what it announces comes in a later mail."
    words = [" ".join(one.text.split()) for one in world.got[reader.address]]
    assert [failed in one for one in words] == [False, True, False, False]
    assert world.alerts() == [
        f"[Daily Papers] In trouble: source {name}",
        f"[Daily Papers] Well again: source {name}",
    ]
    assert len(asked_at) < 8, "in fourteen hours"
    assert metric[0] == "failed"
    lines = [(one.name, one.label, one.state) for one in seen.sources if one.name != "huggingface"]
    assert lines == [(FEED, "example.org", "failed")]
    world.app.database.engine.dispose()


def test_a_source_that_stalls_fills_no_log(world: World, caplog: pytest.LogCaptureFixture) -> None:
    looks = 2.5
    with ticking(Clockwork(world.app, fetchers=lambda: Stalled(looks)), timedelta(seconds=1)):
        time.sleep(looks)
    assert [one.getMessage() for one in caplog.records if one.name.startswith("apscheduler")] == []


class Stalled:
    """A source that answers nothing for so many seconds."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        return None

    async def get(self, url: str, validators: Validators | None = None) -> Fetched | NotModified:
        del validators
        await asyncio.sleep(self._seconds)
        raise FetchError("no answer", url=url)


def asked(world: World, source: str, since: datetime) -> list[datetime]:
    """When a source was asked since an instant."""
    with world.app.read() as session:
        return [one.at for one in tallies.collected(session, source) if one.at >= since]


@ON_BOTH
def test_a_category_that_stays_as_it_was_is_named_and_alarms_once(world: World) -> None:
    world.sky.stale[date(2026, 3, 3)] = "cs.CV"
    reader = world.reader("berlin@example.org", BERLIN)
    world.leap(at(4))
    words = [" ".join(one.text.split()) for one in world.got[reader.address]]
    assert [f"arXiv (cs.CV) {LATE} tomorrow." in one for one in words] == [
        False, True, False, False,
    ]  # fmt: skip
    assert hours(world, reader)[1] == "Tue 09:00"
    assert world.alerts() == [
        f"[Daily Papers] In trouble: source {ARXIV}",
        f"[Daily Papers] Well again: source {ARXIV}",
    ]


def test_an_outage_pauses_and_the_clock_goes_on_by_itself_a_person_s_pause_stays(
    world: World,
) -> None:
    reader = world.reader("berlin@example.org", BERLIN)
    world.run(at(0, 6))
    world.outbox.down = True
    world.run(at(0, 9))
    with world.app.read() as session:
        [(run, _)] = open_runs.to_drain(session, now=world.now)
    assert run.state == "paused"
    world.outbox.down = False
    steering.resume(world.app, run.id)
    steering.pause(world.app, run.id)
    world.run(at(0, 11))
    assert hours(world, reader) == []
    steering.resume(world.app, run.id)
    world.run(at(0, 13))
    assert len(hours(world, reader)) == 1
    with world.app.read() as session:
        assert (runs.get(session, run.id) or run).state == "done"


@ON_BOTH
def test_sources_stand_where_functions_can_read_it(world: World) -> None:
    world.run(at(0, 9))
    with world.app.read() as session:
        [arxiv] = states.every(session, [ARXIV])
        names = {job.name for job in jobs.every(session)}
    assert (arxiv.state, arxiv.day, arxiv.failures) == ("fresh", MONDAY.date(), 0)
    sources = {"collect huggingface", f"collect {ARXIV}"}
    assert names == {*(job.name for job in JOBS), *sources, "look up"}
