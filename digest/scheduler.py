"""The clock: one table of jobs, done again and again for as long as `digest run` runs.

APScheduler only says when to look; whether a job is due, and whose it is, the database decides. So
two programs on one database never do a job twice, and a machine that slept does each once.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from zlib import crc32

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from digest import (
    apart,
    bounces,
    learning,
    lookups,
    owner,
    pipeline,
    planning,
    postman,
    retention,
    sender,
    steering,
    watch,
)
from digest.app import App
from digest.compiling import Compiling
from digest.core import breaker
from digest.core.announcing import SourceState
from digest.encoding import Encoding
from digest.errors import DigestError
from digest.holding import Leases
from digest.pipeline import Fetches
from digest.sources.named import name_of
from digest.sources.rhythm import rhythm_of
from digest.store import jobs, open_runs, outbox, runs, states
from digest.store.jobs import Turn
from digest.ways_out import TransportFactory

log = logging.getLogger(__name__)

LOOK = timedelta(seconds=5)  # how often a job is asked whether it is due
_JITTER = 0.1  # of an interval, so that not all programs of the world ask at the same minute
_BACK_OFF = 3  # a source that fails is asked up to 2 ** 3 times less often
_LOOK_UP, _LOOK_UP_EVERY = "look up", timedelta(minutes=5)
_THREADS = "clock"
_LAST_S = 25.0  # for what is at work when the program is asked to stop


@dataclass(slots=True)
class Clockwork:
    """The jobs of one process. `fetchers` and `transports` are the ways in and out (default: those
    of the settings); `asked` is set when the process is to stop."""

    app: App
    fetchers: Callable[[], Fetches] | None = None
    transports: TransportFactory | None = None
    asked: threading.Event = field(default_factory=threading.Event)
    _leases: Leases = field(init=False)
    _encoding: Encoding = field(init=False)
    _compiling: Compiling = field(init=False)

    def __post_init__(self) -> None:
        self._encoding = Encoding(self.app)
        self._compiling = Compiling(self.app)
        self._leases = Leases(self._renew, self._lease.total_seconds() / 3)

    def tick(self) -> None:
        """Do every job that is due, one after the other."""
        due = self.due()
        for job in JOBS:
            if job.name in due:
                self.turn(job)

    def due(self) -> frozenset[str]:
        """The jobs that are due and that nobody is at. To look costs no lock."""
        with self.app.read() as session:
            return jobs.due(session, now=self.app.clock(), at=self.app.lease_now(session))

    def enter(self) -> None:
        """Enter the table of jobs in the database, where it lacks some."""
        sources = [_of_source(name) for name in self.app.settings.sources]
        names = [*(job.name for job in JOBS), *sources, _LOOK_UP]
        with self.app.begin() as session:
            jobs.enter(session, names, now=self.app.clock())

    def turn(self, job: "Job") -> bool:
        """Do a job if it is due and nobody else is at it; whether it was done.

        Whatever goes wrong is written down with the job, and is tried again at its next turn.
        """
        turn = self._take(job.name)
        if turn is None:
            return False
        error = ""
        with self._leases.holding(turn):
            try:
                job.work(self)
            except DigestError as failed:
                error = f"{failed}"
                log.warning("job failed", extra={"job": job.name, "reason": error})
            except Exception as failed:  # one job must not stop the others
                error = f"{type(failed).__name__}: {failed}"
                log.exception("job failed", extra={"job": job.name})
        self._done(turn, job.every, error)
        return True

    def _take(self, name: str) -> Turn | None:
        with self.app.begin() as session:
            now, at = self.app.clock(), self.app.lease_now(session)
            return jobs.take(session, name, owner=owner.me(), now=now, at=at, lease=self._lease)

    def _done(self, turn: Turn, every: timedelta, error: str = "") -> None:
        now = self.app.clock()
        due_at = now + every + _jitter(turn.name, every, now)
        with self.app.begin() as session:
            if not jobs.done(session, turn, now=now, due_at=due_at, error=error):
                log.warning("job lost", extra={"job": turn.name})

    @property
    def _lease(self) -> timedelta:
        return timedelta(seconds=self.app.settings.lease_s)

    def _renew(self, turn: Turn) -> None:
        with self.app.begin() as session:
            jobs.renew(session, turn, at=self.app.lease_now(session), lease=self._lease)

    # -- the jobs

    def collect(self) -> None:
        """Ask the sources that are due, in one go: hosts that share a pace are asked in turn."""
        due = self.due()
        names = [name for name in self.app.settings.sources if _of_source(name) in due]
        turns = {name: turn for name in names if (turn := self._take(_of_source(name)))}
        try:
            if turns:
                fetcher = self.fetchers() if self.fetchers else None
                with self._leases.holding(*turns.values()):
                    pipeline.collect(self.app, list(turns), fetcher=fetcher)
        finally:
            for name, turn in turns.items():
                self._done(turn, self._pause_of(name))
        if _LOOK_UP in due:
            self.look_up(rest_s=lookups.REST_S if turns else 0.0)

    def look_up(self, rest_s: float) -> None:
        """Ask arXiv for what readers named: here, so that nobody else asks it meanwhile."""
        if (turn := self._take(_LOOK_UP)) is None:
            return
        done = lookups.Answered(error="it broke off")
        try:
            with self._leases.holding(turn):
                fetcher = self.fetchers() if self.fetchers else None
                done = lookups.look_up(self.app, fetcher, rest_s=rest_s, asked=self.asked.is_set)
        finally:
            self._done(turn, _LOOK_UP_EVERY * (_BACK_OFF if done.error else 1), done.error)

    def _pause_of(self, name: str) -> timedelta:
        """How long a source is left alone: less while its papers are due, more if it fails."""
        name = name_of(name)
        rhythm, now = rhythm_of(name), self.app.clock()
        with self.app.read() as session:
            state = states.of(session, name)
        if state is None or state.state is SourceState.FAILED:
            failures = state.failures if state else 1
            return rhythm.probing * (1 << min(failures - 1, _BACK_OFF))
        if state.state in (SourceState.WAITING, SourceState.STALLED):
            return rhythm.probing
        if rhythm.calendar is None:
            return rhythm.resting
        coming = rhythm.calendar.coming(now)
        nearer = [at - now for at in (coming.opens, coming.due) if at > now]
        return max(rhythm.probing, min(rhythm.resting, *nearer))

    def plan(self) -> None:
        planning.plan(self.app)

    def send(self) -> None:
        """Go on with every open run that has something to do; one that an outage paused is opened
        again, one that awaits a person is not."""
        with self.app.read() as session:
            found = open_runs.to_drain(session, now=self.app.clock())
        for run, has_work in found:
            if self.asked.is_set():
                return
            if run.state == "paused" and breaker.awaits_a_person(run.note):
                continue
            if has_work or run.is_accounted:
                self._drain(run)

    def _drain(self, run: runs.Run) -> None:
        with self.app.begin() as session:
            runs.set_state(session, run.id, "running")
        if self.transports is None and run.left >= sender.CREW_FROM:
            apart.resume(self.app.settings, run.id, self.asked.is_set)
        elif self.transports is None:
            sender.resume(self.app, run.id, workers=1, asked=self.asked.is_set)
        else:
            sender.resume(
                self.app, run.id, workers=1, asked=self.asked.is_set, transports=self.transports
            )

    def letters(self) -> None:
        postman.post(self.app, self.transports)

    def sweep(self) -> None:
        """Free what processes that ended have held, and end what they left of cancelled runs."""
        with self.app.read() as session:
            held = {job.owner for job in jobs.every(session) if job.owner}
            still_open = open_runs.every(session)
            cancelled = open_runs.cancelled(session)
        if gone := [name for name in held if owner.is_gone(name)]:
            with self.app.begin() as session:
                jobs.free(session, gone)
        for run_id in still_open:
            with self.app.begin() as session:
                outbox.free_shards_of(session, run_id, owner.is_gone)
        for run_id in cancelled:
            steering.wind_up(self.app, run_id)

    def bounces(self) -> None:
        if url := self.app.settings.bounces_url.get_secret_value():
            bounces.take(self.app, url)

    def tidy(self) -> None:
        retention.tidy(self.app)

    def encode(self) -> None:
        self._encoding.turn(self.asked.is_set)

    def learn(self) -> None:
        learning.refresh(self.app, self.app.clock().astimezone(UTC).date())

    def compile(self) -> None:
        self._compiling.turn(self.asked.is_set)

    def watch(self) -> None:
        watch.watch(self.app, self.transports)


@dataclass(frozen=True, slots=True)
class Job:
    """A job: its name in the database, how long it rests after a turn, and what it does."""

    name: str
    every: timedelta
    work: Callable[[Clockwork], None]


_MINUTE = timedelta(minutes=1)
# In the order in which a tick does them: what was collected is planned, and what is planned sent.
JOBS = (
    Job("sweep", _MINUTE, Clockwork.sweep),
    Job("collect", _MINUTE / 2, Clockwork.collect),
    Job("plan", _MINUTE, Clockwork.plan),
    Job("send", _MINUTE / 6, Clockwork.send),
    Job("letters", _MINUTE, Clockwork.letters),
    Job("bounces", 5 * _MINUTE, Clockwork.bounces),
    Job("watch", _MINUTE, Clockwork.watch),
    Job("encode", 2 * _MINUTE, Clockwork.encode),
    Job("learn", 60 * _MINUTE, Clockwork.learn),
    Job("compile", 5 * _MINUTE, Clockwork.compile),
    Job("tidy", timedelta(days=1), Clockwork.tidy),
)


def _of_source(name: str) -> str:
    return f"collect {name}"


def _jitter(name: str, every: timedelta, now: datetime) -> timedelta:
    """A small part of an interval of minutes, the same for one name and instant."""
    if every <= 2 * _MINUTE:
        return timedelta(0)
    return every * _JITTER * (crc32(f"{name} {now}".encode()) / 2**32)


@contextmanager
def ticking(clockwork: Clockwork, look: timedelta = LOOK) -> Iterator[None]:
    """While this lasts, the jobs are done in threads of this process. At the end what is at work
    ends in order; what does not in time is left to the next process, which loses nothing by it."""
    clockwork.enter()
    # A look that finds its job still at work is nothing to warn of: a send may take hours.
    logging.getLogger("apscheduler.scheduler").setLevel(logging.ERROR)
    scheduler = BackgroundScheduler(
        timezone=UTC,
        executors={"default": ThreadPoolExecutor(len(JOBS), {"thread_name_prefix": _THREADS})},
    )
    for job in JOBS:
        scheduler.add_job(
            _looked_at,
            IntervalTrigger(seconds=int(look.total_seconds()), timezone=UTC),
            args=(clockwork, job),
            id=job.name,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=int(LOOK.total_seconds()),
            next_run_time=datetime.now(UTC),
        )
    scheduler.start()
    try:
        yield
    finally:
        clockwork.asked.set()
        scheduler.pause()
        last = threading.Thread(target=partial(scheduler.shutdown, wait=True), daemon=True)
        last.start()
        last.join(_LAST_S)


def threads_left() -> bool:
    """Whether a job is still at work that did not end in time."""
    return any(one.name.startswith(_THREADS) for one in threading.enumerate())


def _looked_at(clockwork: Clockwork, job: Job) -> None:
    """A look whether a job is due; a database that cannot be asked now is asked again soon."""
    try:
        if not clockwork.asked.is_set() and job.name in clockwork.due():
            clockwork.turn(job)
    except DigestError as error:
        log.warning("no database", extra={"job": job.name, "reason": str(error)})
