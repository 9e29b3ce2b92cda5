"""Story, read-only: whether this installation is ready, and its numbers for a monitor.

Everything is asked of the database when it is asked for, so every process tells the same; only the
relays' replies are what this process heard.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from digest import outlook
from digest.app import App
from digest.core.delivery import State
from digest.errors import StoreError
from digest.store import jobs, outbox, tallies
from digest.store.letters import RUN as LETTERS
from digest.store.open_runs import to_drain
from subscribers.consent import Status

LATE = timedelta(minutes=15)  # past its time, a job that nobody is at is late


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must be so, and what is wrong with it, "" if nothing is."""

    name: str
    problem: str = ""

    @property
    def holds(self) -> bool:
        return not self.problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """What a monitor is told. `outcomes` are today's digests by state, `waiting` the deliveries of
    all open runs that have not ended; `lag_s` is for how long the oldest of them that is due has
    waited. Jobs give seconds past their time (0 while somebody is at them) and failures in a row;
    sources their state and the seconds since they were last read well, None for never."""

    runs: Counter[str]
    outcomes: dict[State, int]
    waiting: int
    lag_s: float
    readers: dict[Status, int]
    sources: dict[str, tuple[str, float | None]]
    jobs: dict[str, tuple[float, int]]
    replies: Counter[str]


def ready(app: App) -> list[Check]:
    """The database answers and is of this version; the clock's jobs, where there are some, are on
    time."""
    try:
        if not app.database.is_current():
            return [Check("database", "of another version than this program: run `digest init`")]
        with app.read() as session:
            late = _late(session, app.clock())
    except StoreError as error:
        return [Check("database", str(error))]
    told = f"late: {', '.join(late)}; is a `digest run` at work?" if late else ""
    return [Check("database"), Check("jobs", told)]


def _late(session: Session, now: datetime) -> list[str]:
    return [job.name for job in jobs.every(session) if not job.owner and now - job.due_at > LATE]


def numbers(app: App) -> Numbers:
    """How things stand now."""
    now = app.clock()
    with app.read() as session:
        open_runs = [run for run, _ in to_drain(session, now=now)]
        waiting = sum(run.left for run in open_runs)
        due = outbox.next_due(session, [*(run.id for run in open_runs), LETTERS])
        return Numbers(
            runs=Counter(run.state for run in open_runs),
            outcomes=tallies.outcomes(session, now.astimezone(UTC).date()),
            waiting=waiting,
            lag_s=_since(min(due.values(), default=now), now),
            readers=tallies.readers(session),
            sources={
                one.source: (one.state.value, _since(one.good_at, now) if one.good_at else None)
                for one in outlook.standings(session, app.settings.sources, now)
            },
            jobs={
                job.name: (0.0 if job.owner else _since(job.due_at, now), job.failures)
                for job in jobs.every(session)
            },
            replies=Counter(app.replies),
        )


def _since(then: datetime, now: datetime) -> float:
    """Seconds since an instant, 0 for one to come."""
    return max(0.0, (now - then).total_seconds())
