"""A crew: worker processes that drain the same runs, each with an event loop of its own.

Nothing is shared but the database: who of them dies loses nothing, and the others go on with what
it held. The parent only counts what they tell, and passes on the wish to stop.
"""

import asyncio
import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from digest.app import App
from digest.core.delivery import State
from digest.drain import Drain
from digest.errors import DigestError
from digest.handover import Handover
from digest.store.runs import Run
from digest.ways_out import lanes_of

log = logging.getLogger(__name__)

STOPPED = "stopped"  # on request: the run goes on with the next send
_TELL_S = 0.1
_GRACE_S = 14.0  # for what is under way, once asked to stop; the pool then gives it GRACE_S more
_LAST_S = 28.0  # for the ledger; what still is under way there is found in doubt by the next sender


@dataclass(frozen=True, slots=True)
class Job:
    """What each worker drains: open runs of one day."""

    app: App
    day: date
    runs: tuple[Run, ...]
    waits: bool = False


@dataclass(slots=True)
class _Worker:
    process: BaseProcess
    pipe: Connection
    reason: str | None = None  # None: at work, or killed


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def can_fork() -> bool:
    """Whether worker processes can be had cheaply here."""
    return sys.platform != "win32" and hasattr(os, "fork")


def drain(job: Job, workers: int, hear: Callable[[Counter[State]], None]) -> str:
    """Drain the job's runs with so many processes; why they stopped early, or "".

    `hear` is told what ended since it was told last. What workers that were killed leave behind
    stays waiting, or in doubt: the caller looks.
    """
    job.app.database.close()  # no connection may be taken across a fork
    crew = [_start(job) for _ in range(workers)]
    with _passing_on(crew) as asked:
        while alive := [one for one in crew if not one.pipe.closed]:
            ended: Counter[State] = Counter()
            for ready in wait([one.pipe for one in alive], 0.5):
                ended += _read(next(one for one in alive if one.pipe is ready))
            hear(ended)
    for one in crew:
        one.process.join(5)
    if asked:
        return STOPPED
    return next((one.reason for one in crew if one.reason), "")


def _start(job: Job) -> _Worker:
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(job, there, os.getpid()), daemon=True)
    process.start()
    there.close()
    return _Worker(process, here)


def _read(worker: _Worker) -> Counter[State]:
    """What a worker tells: counts, or how it ended; a closed pipe is the end too."""
    try:
        told: Any = worker.pipe.recv()
    except (EOFError, OSError):
        worker.pipe.close()
        if worker.reason is None:
            worker.process.join(1)
            log.warning("a sender died", extra={"status": worker.process.exitcode})
        return Counter()
    if isinstance(told, str):
        worker.reason = told
        return Counter()
    return Counter(told)


@contextmanager
def _passing_on(crew: list[_Worker]) -> Iterator[list[int]]:
    """Pass SIGTERM and Ctrl-C on to the crew; the list holds what was asked."""
    asked: list[int] = []

    def pass_on(number: int, _frame: object) -> None:
        asked.append(number)
        for one in crew:
            if one.process.is_alive():
                one.process.terminate()

    before = {number: signal.signal(number, pass_on) for number in _signals()}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _signals() -> tuple[signal.Signals, ...]:
    main = threading.current_thread() is threading.main_thread()
    return (signal.SIGTERM, signal.SIGINT) if main else ()


def _work(job: Job, pipe: Connection, parent: int) -> None:
    """The life of a worker process."""
    sys.setswitchinterval(0.001)  # the wire is not to wait for a thread that composes
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent passes it on, as SIGTERM
    teller = _Teller(pipe)
    try:
        reason = run(_drain(job, teller, parent))
    except DigestError as error:
        reason = str(error)
    except Exception as error:
        log.exception("a sender failed")
        reason = f"{type(error).__name__}: {error}"
    teller.end(reason)


async def _drain(job: Job, teller: "_Teller", parent: int) -> str:
    lanes = lanes_of(job.app, job.app.settings.connections)
    async with Handover(job.app, lanes, teller.hear) as handover:
        drain = Drain(job.app, job.day, job.runs, handover, told=teller.hear, waits=job.waits)
        following = asyncio.create_task(_follow(parent, handover))
        try:
            with stopping(handover):
                return await drain.drain()
        finally:
            following.cancel()
            teller.tell()


async def _follow(parent: int, handover: Handover) -> None:
    """Stop when the parent is gone: nobody would hear what this one does."""
    while os.getppid() == parent:
        await asyncio.sleep(1)
    handover.stop(STOPPED, at_once=False)


@contextmanager
def stopping(handover: Handover) -> Iterator[None]:
    """While this lasts, SIGTERM and Ctrl-C drain: what is under way ends, the rest waits."""
    loop = asyncio.get_running_loop()
    timers: list[asyncio.TimerHandle] = []

    def stop() -> None:
        handover.stop(STOPPED, at_once=bool(timers))
        if not timers:
            timers.append(loop.call_later(_GRACE_S, handover.abandon))
            timers.append(loop.call_later(_LAST_S, os._exit, 1))

    for number in _signals():
        with suppress(NotImplementedError):  # no such thing on Windows
            loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for timer in timers:
            timer.cancel()
        for number in _signals():
            with suppress(NotImplementedError):
                loop.remove_signal_handler(number)


def run(main: Any) -> Any:
    """asyncio.run on the fastest event loop there is."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run(main)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)


class _Teller:
    """Tells the parent what ended, a few times a second."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._ended: Counter[State] = Counter()
        self._told_at = 0.0

    def hear(self, state: State) -> None:
        self._ended[state] += 1
        if time.monotonic() - self._told_at > _TELL_S:
            self.tell()

    def tell(self) -> None:
        with suppress(OSError):  # the parent is gone; _follow sees it
            self._pipe.send(dict(self._ended))
        self._ended.clear()
        self._told_at = time.monotonic()

    def end(self, reason: str) -> None:
        with suppress(OSError):
            self._pipe.send(dict(self._ended))
            self._pipe.send(reason)
        self._pipe.close()
