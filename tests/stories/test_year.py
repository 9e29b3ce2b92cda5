"""A simulated year of the clock: every reader, in forty zones, exactly one digest for each due
local day on which there was something for them, none on others, no paper twice.

Two months around the changes of the clocks in spring and in autumn are part of every test run, a
month each; `make year` takes the whole year in one piece, and more papers of each day.
"""

import os
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from digest.store.tables import ChangeRow, DeliveryRow, RunRow
from subscribers.schedule import Cadence, Schedule
from tests.stories.world import HOUR, ZONES, Reader, World, due_days

WHOLE = bool(os.environ.get("YEAR"))
CADENCES = (Cadence.DAILY, Cadence.WEEKDAYS, Cadence.DAILY, Cadence.WEEKLY, Cadence.DAILY)
WAIT = 2 * HOUR
MONTHS = [
    ("2026-02-09", "2026-03-11"),  # the United States: 8 March
    ("2026-03-11", "2026-04-10"),  # Europe: 29 March; Australia: 5 April
    ("2026-09-28", "2026-10-29"),  # Australia: 4 October; Europe: 25 October
    ("2026-10-29", "2026-11-28"),  # the United States: 1 November
]
YEAR = [("2026-01-05", "2027-01-05")]


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def crowd(world: World) -> list[Reader]:
    """Five readers in each zone, who share an hour: 15 UTC on the day of the beginning. So all
    hours of a day are somebody's, and few runs hold them all."""
    found = []
    for number, zone in enumerate(ZONES):
        hour = (world.now + 15 * HOUR).astimezone(ZoneInfo(zone)).hour
        for n, cadence in enumerate(CADENCES):
            schedule = Schedule(
                zone=zone, hour=hour, cadence=cadence,
                weekday=number % 7 if cadence is Cadence.WEEKLY else 0,
            )  # fmt: skip
            found.append(world.reader(f"r{number}.{n}@example.org", schedule))
    return found


def promised(world: World) -> dict[int, dict[date, datetime]]:
    """When each reader's digest of each day was planned."""
    query = select(DeliveryRow.subscriber_id, DeliveryRow.local_day, RunRow.planned_at)
    found: dict[int, dict[date, datetime]] = {}
    with world.app.read() as session:
        for who, day, at in session.execute(query.join(RunRow, RunRow.id == DeliveryRow.run_id)):
            found.setdefault(who, {})[day] = at
    return found


def news(world: World) -> list[tuple[datetime, date]]:
    """When something happened that is of interest to all, and on which listing day."""
    with world.app.read() as session:
        query = select(ChangeRow.at, ChangeRow.day).where(ChangeRow.change == "new")
        return sorted({(at, day) for at, day in session.execute(query)})


def check(
    world: World,
    reader: Reader,
    days: Sequence[tuple[date, datetime]],
    planned: dict[date, datetime],
    new: Sequence[tuple[datetime, date]],
) -> int:
    """Hold what one reader got against what they were due; how many mails that were."""
    known = {day for day, _ in days}
    missed = known - planned.keys()
    assert not missed, (reader, missed)
    later = [at for day, at in planned.items() if day not in known]
    got = [one for one in world.got[reader.address] if one.at not in later]
    last: tuple[date, datetime] | None = None
    for day, due in days:
        at = planned[day]
        assert due <= at <= due + WAIT, (reader, day)
        something = any(
            seen <= at
            and day - timedelta(days=7) < listed <= day
            and (last is None or listed > last[0] or seen > last[1])
            for seen, listed in new
        )
        mine = [one for one in got if at <= one.at < at + HOUR]
        assert len(mine) == int(something), (reader, day, at)
        got = [one for one in got if one not in mine]
        last = day, at
    assert got == [], reader
    return len(world.got[reader.address])


@pytest.mark.timeout(0 if WHOLE else 300)
@pytest.mark.parametrize(("begin", "end"), YEAR if WHOLE else MONTHS)
def test_every_reader_gets_exactly_one_digest_for_each_due_day_with_something_in_it(
    home: Path, sqlite_url: str, begin: str, end: str
) -> None:
    world = World(home, sqlite_url, instant(begin), most=4 if WHOLE else 1)
    readers = crowd(world)
    world.leap(instant(end))
    planned, new = promised(world), news(world)
    until = instant(end) - WAIT - HOUR  # what is due later may still wait for its source
    total = 0
    for reader in readers:
        days = due_days(reader, instant(begin), until)
        total += check(world, reader, days, planned.get(reader.id, {}), new)
        papers = [paper for one in world.got[reader.address] for paper in one.papers]
        assert len(papers) == len(set(papers)), reader
    assert total > len(readers)
    assert world.alerts() == []
