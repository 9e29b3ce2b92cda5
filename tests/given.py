"""Builds the data of tests, so that a test states only what matters to it."""

import os
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

import pytest
from sqlalchemy.orm import Session

from digest.core.diff import Finding, Rising, diff
from digest.core.identity import identities
from digest.core.paper import Paper
from digest.store import freezing, papers
from digest.store.database import Database
from subscribers import address, roster
from subscribers.consent import Consent, ConsentKind, Status
from subscribers.profile import InterestProfile
from subscribers.schedule import Schedule
from subscribers.tables import SubscriberRow

ROOT = Path(__file__).parent.parent
MONDAY = date(2026, 3, 2)
RISING = Rising()


def shared(path: str) -> Path:
    """A file or folder of the recorded inputs beside the project; skips the test where absent."""
    found = ROOT.parent / "shared" / path
    if not found.exists():
        pytest.skip(f"recorded input ../shared/{path} is not here")
    return found


def needs(tool: str) -> ModuleType:
    """A package that some tests need; without it they skip by its name, and fail in CI."""
    try:
        return import_module(tool)
    except ImportError as error:
        lacking(tool, error)


def lacking(tool: str, why: object) -> NoReturn:
    """Skip because a tool cannot be had here; in CI, where it must be, fail."""
    message = f"needs {tool}: {why}"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


def day(number: int) -> date:
    """The Monday of all tests plus so many days."""
    return MONDAY + timedelta(days=number)


def at(number: int, hour: int = 6, minute: int = 0) -> datetime:
    """An instant of that day."""
    return datetime.combine(day(number), time(hour, minute), UTC)


def paper(title: str = "A paper", *ids: str, **fields: Any) -> Paper:
    """A paper with the identities that its title and these ids give it."""
    return Paper(title=title, identities=identities(title, *ids), **fields)


def sight(
    number: int = 0, hour: int = 6, source: str = "hf", observed_at: datetime | None = None
) -> papers.Sight:
    return papers.Sight(source, day(number), at(number, hour), observed_at)


def collected(
    database: Database,
    listed: Sequence[Paper],
    sight: papers.Sight,
    *,
    part: int = 500,
    rising: Rising = RISING,
) -> list[Finding]:
    """Keep a listing as `collect` does, `part` records to a transaction; what they were."""
    findings: list[Finding] = []
    for start in range(0, len(listed), part):
        with database.begin() as session:
            some = listed[start : start + part]
            found = diff(some, papers.known(session, some), sight.day, rising)
            papers.save(session, found, sight)
            findings += found
    return findings


def subscriber(
    session: Session,
    typed: str = "ada@example.org",
    *,
    status: Status = Status.ACTIVE,
    profile: InterestProfile | None = None,
    schedule: Schedule | None = None,
    paused_until: date | None = None,
) -> int:
    """A person of that status; their id."""
    person, _ = roster.add(
        session,
        address.parse(typed),
        profile=profile or InterestProfile(),
        schedule=schedule or Schedule(),
        status=Status.PENDING if status is Status.PENDING else Status.ACTIVE,
        consent=Consent(
            kind=ConsentKind.REQUESTED if status is Status.PENDING else ConsentKind.ADDED,
            at=at(-30),
            source="test",
        ),
    )
    row = session.get_one(SubscriberRow, person.id)
    row.status, row.paused_until = status, paused_until
    session.flush()
    return person.id


def subscribers(session: Session, count: int) -> list[int]:
    """So many active readers; their ids."""
    return [subscriber(session, f"reader{n}@example.org") for n in range(count)]


def plan(
    number: int = 0,
    *,
    hour: int = 7,
    shard_size: int = 200,
    only: Sequence[int] | None = None,
    deadline: timedelta = timedelta(hours=20),
) -> freezing.Plan:
    return freezing.Plan(day(number), at(number, hour), deadline, shard_size, only)
