"""Story: send. freeze the audience -> drain it (here, or in a crew of processes) -> account."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import partial
from itertools import islice
from typing import TypedDict, Unpack

from sqlalchemy.orm import Session

from digest import crew, steering
from digest.app import App
from digest.core import breaker
from digest.core.delivery import State
from digest.drain import Drain
from digest.handover import Handover
from digest.mail import language as languages
from digest.selection import Selector
from digest.store import complaints, freezing, runs
from digest.ways_out import TransportFactory, lanes_of
from subscribers import roster, suppression

log = logging.getLogger(__name__)

CREW_FROM = 1000  # fewer are sent sooner than processes are started


@dataclass(slots=True)
class Tally:
    """How far a send is: the deliveries that ended, by state, of how many."""

    total: int = 0
    ended: Counter[State] = field(default_factory=Counter)

    @property
    def done(self) -> int:
        return self.ended.total()


Progress = Callable[[Tally], None]


@dataclass(slots=True)
class Sent:
    """What one send did: for how many readers it was, how their deliveries stand, how many had
    the day's digest before, why it was paused, and whether it was asked to stop."""

    audience: int = 0
    outcomes: Counter[State] = field(default_factory=Counter)
    already: int = 0
    paused: str = ""
    stopped: bool = False
    run_ids: tuple[int, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left to do, or to be decided by the operator."""
        good = {State.SENT, State.EMPTY, State.SUPPRESSED, State.CANCELLED}
        return not (self.paused or self.stopped) and self.outcomes.keys() <= good


class How(TypedDict, total=False):
    """How to send: who hears how far it is, through what (default: the settings), with how many
    processes (default: as the settings say), whether to stay until nothing is to be tried again;
    `asked` tells whether it is to stop, where no signal does."""

    progress: Progress
    transports: TransportFactory
    workers: int
    waits: bool
    asked: Callable[[], bool]


def plan_of(app: App, day: date, only: Sequence[int] | None = None) -> freezing.Plan:
    """The plan of a manual send of a day, to all active readers or to `only` these."""
    deadline = timedelta(hours=app.settings.deadline_hours)
    return freezing.Plan(day, app.clock(), deadline, subscriber_ids=only)


def audience(app: App, day: date, only: Sequence[int] | None = None) -> int:
    """For how many readers a send of this day would be; writes nothing."""
    with app.read() as session:
        return freezing.count_wanted(session, plan_of(app, day, only))


def rehearse(app: App, day: date, only: Sequence[int] | None = None) -> Sent:
    """What a send of this day would do, as far as it can be known before; writes nothing."""
    lanes_of(app, 1)  # a wrong setting is told here as well as by the send itself
    selector = Selector(day, app.rising)
    with app.read() as session:
        plan = plan_of(app, day, only)
        ids = freezing.wanted(session, plan)
        told = Sent(len(ids), already=freezing.served(session, plan))
        for part in _groups(ids, plan.shard_size):
            readers = list(roster.by_ids(session, part).values())
            refused = suppression.suppressed_ids(session, part, key=app.secret)
            told.outcomes[State.SUPPRESSED] += len(refused)
            for one in selector.choose(session, [r for r in readers if r.id not in refused]):
                told.outcomes[State.PLANNED if one.digest.picks else State.EMPTY] += 1
    told.outcomes += Counter()  # drops what is zero
    return told


def send(app: App, day: date, only: Sequence[int] | None = None, **how: Unpack[How]) -> Sent:
    """Send the day's digest to every active reader (or to `only` these) who has not had it.

    Without `only`, runs that an earlier send of this day left unfinished are finished too.
    Sending a second time finds everybody served.
    """
    languages.load(app.templates).check()  # what is broken is told before anything is promised
    lanes_of(app, 1, how.get("transports"))
    plan = plan_of(app, day, only)
    with app.read() as session:
        cancelled = runs.unaccounted(session, day, runs.CANCELLED)
    for run_id in cancelled:
        steering.wind_up(app, run_id)
    with app.begin() as session:
        already = freezing.served(session, plan)
        new = freezing.freeze(session, plan)
        mind_complaints(app, session, new)
        unfinished = runs.unfinished(session, day) if only is None else [new.id] if new else []
        open_runs, held = _reopened(session, unfinished)
    told = _drain(app, day, open_runs, how, already)
    told.paused = told.paused or "; ".join(held)
    return told


def mind_complaints(app: App, session: Session, new: runs.Run | None) -> None:
    """A new run does not begin while too many complain; who resumes it has decided."""
    if new is None:
        return
    lately = complaints.lately(session, now=app.clock())
    limits = breaker.parse(app.settings.breaker)
    if why := breaker.complained(limits, lately.readers, lately.sent, new.id):
        runs.set_state(session, new.id, "paused", why)


def resume(app: App, run_id: int, **how: Unpack[How]) -> Sent:
    """Go on with a run that is running again."""
    with app.read() as session:
        run = runs.get(session, run_id)
    return _drain(app, run.day, [run], how) if run else Sent()


def _reopened(session: Session, unfinished: Sequence[int]) -> tuple[list[runs.Run], list[str]]:
    """These runs, running (again), and why those stay paused that await a person's word."""
    found, held = [], []
    for run_id in unfinished:
        run = runs.get(session, run_id)
        if run is not None and run.state == "paused" and breaker.awaits_a_person(run.note):
            held.append(f"{run.left:,} wait in run {run_id}: {run.note}")
        elif run is not None:
            runs.set_state(session, run_id, "running")
            found.append(replace(run, state="running", note=""))
    return found, held


def _drain(app: App, day: date, open_runs: Sequence[runs.Run], how: How, already: int = 0) -> Sent:
    told = Sent(already=already, run_ids=tuple(run.id for run in open_runs))
    tally = Tally(sum(run.left for run in open_runs))
    progress = how.get("progress", _silent)
    progress(tally)
    workers = how.get("workers") or app.settings.workers or crew.cores()
    many = tally.total >= CREW_FROM and workers > 1 and crew.can_fork()
    reason = ""
    if many and "transports" not in how:
        job = crew.Job(app, day, tuple(open_runs), how.get("waits", False))
        reason = crew.drain(job, workers, partial(_hear, tally, progress))
    if open_runs and not reason:  # all of it, or what workers that were killed left behind
        reason = crew.run(_alone(app, day, open_runs, how, tally))
    return _account(app, open_runs, told, reason)


def _silent(_tally: Tally) -> None:
    return None


def _hear(tally: Tally, progress: Progress, ended: Counter[State]) -> None:
    tally.ended += ended
    progress(tally)


async def _alone(app: App, day: date, open_runs: Sequence[runs.Run], how: How, tally: Tally) -> str:
    """Drain in this process; why it stopped early, or ""."""

    def hear(state: State) -> None:
        _hear(tally, how.get("progress", _silent), Counter({state: 1}))

    width = max(1, min(tally.total, app.settings.connections))
    lanes = lanes_of(app, width, how.get("transports"))
    async with Handover(app, lanes, hear) as handover:
        drain = Drain(app, day, open_runs, handover, told=hear, waits=how.get("waits", False))
        with crew.stopping(handover):
            heeding = asyncio.create_task(_heed(how.get("asked"), handover))
            try:
                return await drain.drain()
            finally:
                heeding.cancel()


async def _heed(asked: Callable[[], bool] | None, handover: Handover) -> None:
    """Stop when somebody asks for it: what is under way ends, the rest waits."""
    while asked is None or not asked():
        await asyncio.sleep(0.2)
    handover.stop(crew.STOPPED, at_once=False)


def _account(app: App, open_runs: Sequence[runs.Run], told: Sent, reason: str) -> Sent:
    """Close what is accounted for, pause what is not if there is a reason to."""
    told.stopped, told.paused = reason == crew.STOPPED, reason if reason != crew.STOPPED else ""
    with app.begin() as session:
        for before in open_runs:
            if told.paused:
                runs.set_state(session, before.id, "paused", reason)
            runs.finish(session, before.id)
            run = runs.get(session, before.id)
            if run is not None:
                told.audience += run.audience
                told.outcomes.update(run.outcomes)
    if told.paused:
        log.warning("paused", extra={"reason": reason})
    return told


def _groups(ids: Sequence[int], size: int) -> Iterator[list[int]]:
    rest = iter(ids)
    while part := list(islice(rest, size)):
        yield part
