"""One tortured run: senders of one day, killed at random moments, until one comes to the end."""

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.torture.ground import SECRET, Ran, Sending, app_on, group
from tests.torture.sink import Sink
from tests.torture.stem import Stem
from tests.torture.verdict import Verdict, judge

# Who is killed: all processes of a send, one worker of it, or the parent alone.
WHO = ("all", "all", "worker", "worker", "parent")
# When: a message's DATA has come; it is written down and not answered; a moment later; or at some
# moment from the start on, before so many messages.
WHEN = ("DATA", "DOT", "DOT", "later", "later", "start")
_LATER_S, _START_S = 0.05, 1.5
_NOT_DONE_S = 300.0
_ORPHANS_S = 30.0


@dataclass(slots=True)
class Tortured:
    """What was done to a run, and the verdict. `senders` counts the killed processes that may have
    had something under way."""

    database: str
    kills: Counter[str] = field(default_factory=Counter)
    senders: int = 0
    sends: int = 0
    took_s: float = 0.0
    verdict: Verdict = field(default_factory=Verdict)


def torture(
    database_url: str,
    home: Path,
    dice: random.Random,
    *,
    most: int,
    widest: int = 150,
    crew_from: int | None = None,
    stem: Stem | None = None,
) -> Tortured:
    """Send DAY from a prepared database, with at most `most` kills, each after 1 to `widest` more
    messages; then judge."""
    told, begun = Tortured(database_url.partition(":")[0].partition("+")[0]), time.monotonic()
    log = home / "sink.log"
    sends: list[Sending] = []
    with Sink(log) as sink, ExitStack() as stack:
        environment = {
            "DIGEST_DATABASE_URL": database_url, "DIGEST_SECRET": SECRET,
            "DIGEST_SMTP_URL": sink.url, "DIGEST_WORKERS": "2", "DIGEST_LEASE_S": "20",
        }  # fmt: skip
        is_over = False
        while not is_over:
            sends.append(Sending(home, environment, crew_from=crew_from, stem=stem))
            stack.enter_context(sends[-1])
            while told.kills.total() < most and sends[-1].is_alive:
                _kill_once(sends[-1], sink, dice, told, widest)
            sends[-1].process.wait(_NOT_DONE_S)
            was_killed = sends[-1].process.returncode < 0
            is_over = not was_killed and not _orphans(sends)
        words = [one.end() for one in sends]
    told.sends, told.took_s = len(sends), time.monotonic() - begun
    app = app_on(database_url)
    told.verdict = judge(app, log, told.senders)
    app.database.close()
    told.verdict.mind("said", [one.err for one in words if _is_bad(one)])
    return told


def _orphans(sends: list[Sending]) -> bool:
    """Whether workers had outlived their parents; they stop by themselves, which is waited for."""
    found, until = False, time.monotonic() + _ORPHANS_S
    while any(group(one.pid) for one in sends):
        found = True
        assert time.monotonic() < until, "workers go on without their parent"
        time.sleep(0.1)
    return found


def _is_bad(ran: Ran) -> bool:
    """Whether a send showed its inner parts."""
    return "Traceback" in ran.err or "unexpected" in ran.err


def _kill_once(
    sending: Sending, sink: Sink, dice: random.Random, told: Tortured, widest: int
) -> None:
    """Wait for the moment, kill, and count it; nothing if the send ends before."""
    who, when, done = dice.choice(WHO), dice.choice(WHEN), threading.Event()

    def strike() -> None:
        _count(_kill(sending, who, dice), when, told)
        done.set()

    if when == "start":
        enough = threading.Event()  # however fast the send is, it does not come to its end
        sink.at("DOT", widest, enough.set)
        enough.wait(dice.uniform(0, _START_S))
        strike()
    elif when == "later":
        sink.at("DOT", dice.randint(1, widest), _after(dice.uniform(0, _LATER_S), strike))
    else:
        sink.at(when, dice.randint(1, widest), strike)
    while not done.wait(0.05) and sending.is_alive:
        pass
    sink.calm()
    if who != "worker" and done.is_set():
        with suppress(Exception):
            sending.process.wait(10)


def _after(delay_s: float, strike: Callable[[], None]) -> Callable[[], None]:
    """Strike so much later, while the server goes on."""
    return threading.Timer(delay_s, strike).start


def _kill(sending: Sending, who: str, dice: random.Random) -> tuple[str, int]:
    """SIGKILL; who was hit, and how many processes that may send."""
    if not sending.is_alive:
        return "", 0
    workers = sending.workers()
    if who == "worker" and workers:
        with suppress(ProcessLookupError):
            os.kill(dice.choice(workers), signal.SIGKILL)
            return "worker", 1
        return "", 0
    if who == "parent" and workers:
        os.kill(sending.pid, signal.SIGKILL)
        return "parent", 0
    sending.signal_all(signal.SIGKILL)
    return "all" if workers else "alone", max(1, len(workers))


def _count(hit: tuple[str, int], when: str, told: Tortured) -> None:
    who, senders = hit
    if who:
        told.kills[f"{who} at {when}"] += 1
        told.senders += senders
