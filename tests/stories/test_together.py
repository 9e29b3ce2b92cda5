"""Several processes on one database, each as it really runs: nothing is done twice."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import select, update

from digest import apart, manual, pipeline, sender
from digest.app import App, build
from digest.core.delivery import State
from digest.core.wish import Wish
from digest.scheduler import JOBS
from digest.settings import load
from digest.store import jobs, runs
from digest.store.tables import JobRow
from subscribers.profile import InterestProfile
from subscribers.schedule import Schedule
from subscribers.tables import SubscriberRow
from tests import given
from tests.stories.test_send import listing, mails

TITLES = ["Robots that fold towels", "Whale song decoded", "A tea ceremony"]
SECRET = "s" * 32
LONG_S = 90.0
_FEED = """<?xml version="1.0"?><rss version="2.0"><channel><title>One</title>
<item><title>A paper of the feed</title><link>https://example.org/1</link><guid>1</guid></item>
</channel></rss>"""


@pytest.fixture
def app(home: Path, database_url: str) -> Iterator[App]:
    """An App with the papers of today, sending into home/outbox."""
    made = build(load(database_url=database_url, secret=SecretStr(SECRET)))
    pipeline.collect(made, [listing(home, now().date(), TITLES)])
    yield made
    made.database.engine.dispose()


def now() -> datetime:
    return datetime.now(UTC)


def came(home: Path) -> list[str]:
    """To whom mails came, one for each."""
    there = (home / "outbox" / "new").exists()
    return sorted(mail["To"] for mail in mails(home)) if there else []


def readers(app: App, count: int) -> None:
    robots = InterestProfile(interests=("robots that fold",))
    with app.begin() as session:
        for number in range(count):
            typed = f"r{number}@example.org"
            given.subscriber(session, typed, profile=robots, schedule=Schedule(zone="UTC"))


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + LONG_S
    while not holds():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.2)


@contextmanager
def feed() -> Iterator[tuple[str, Counter[str]]]:
    """A feed on loopback, and how often which of its pages was asked for."""
    asked: Counter[str] = Counter()

    class Feed(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked[self.path] += 1
            body = _FEED.encode() if self.path == "/feed.xml" else b""
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", "application/rss+xml")
            self.send_header("Content-Length", f"{len(body)}")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Tests are quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Feed) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/feed.xml", asked
        server.shutdown()


@contextmanager
def running(count: int, home: Path, **settings: str) -> Iterator[list[subprocess.Popen[str]]]:
    """So many `digest run` at once; at the end each is asked to stop, and does in order."""
    clean = {name: v for name, v in os.environ.items() if not name.startswith("DIGEST_")}
    given_to = {f"DIGEST_{name.upper()}": value for name, value in settings.items()}
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "digest", "run", "--port", "0"],
            cwd=home, env=clean | given_to, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )
        for _ in range(count)
    ]  # fmt: skip
    try:
        yield started
        for one in started:
            one.send_signal(signal.SIGTERM)
        said = [one.communicate(timeout=60)[1] for one in started]
        assert [one.returncode for one in started] == [0] * count, said
        assert "Traceback" not in "".join(said)
    finally:
        for one in started:
            one.kill()


@pytest.mark.timeout(240)
def test_two_that_run_on_one_database_never_do_a_job_twice(app: App, home: Path) -> None:
    readers(app, 3)
    with app.begin() as session:
        passed = now() - timedelta(minutes=5)
        session.execute(update(SubscriberRow).values(due_at=passed, due_day=passed.date()))
    begun = time.monotonic()
    with feed() as (url, asked):
        settings = {
            "database_url": app.settings.database_url, "secret": SECRET, "sources": url,
            "allow_private": "1",
        }  # fmt: skip
        with running(2, home, **settings):
            until(lambda: len(came(home)) == 3 and asked["/feed.xml"] > 0)
            time.sleep(8)  # each has looked at every job since
        took = timedelta(seconds=time.monotonic() - begun)
    assert asked["/feed.xml"] == 1
    assert came(home) == [f"r{n}@example.org" for n in range(3)]
    every = {job.name: job.every for job in JOBS} | {
        f"collect {url}": timedelta(minutes=30),
        "look up": timedelta(minutes=5),
    }
    with app.read() as session:
        turns = dict(session.execute(select(JobRow.name, JobRow.epoch)).all())
        failed = {job.name: job.error for job in jobs.every(session) if job.failures}
    assert failed == {}
    assert turns.keys() == every.keys()
    too_often = {name for name, count in turns.items() if count > 1 + took // every[name]}
    assert too_often == set()
    assert all(turns.values())


@pytest.mark.timeout(240)
def test_the_clock_and_the_desk_drain_one_run_at_once_and_nobody_gets_it_twice(
    app: App, home: Path
) -> None:
    readers(app, 410)
    send, _ = manual.order(app, Wish(now().date()), key="k", by="ada", hold=timedelta(0))
    [run_id] = manual.release(app)
    hands = [
        apart.start(manual.carry_out, app.settings, send.id),
        apart.start(sender.resume, app.settings, run_id),
    ]
    for hand in hands:
        hand.join(LONG_S)
    assert [hand.exitcode for hand in hands] == [0, 0]
    with app.read() as session:
        run = runs.get(session, run_id)
    assert run is not None
    assert (run.state, run.outcomes) == ("done", {State.SENT: 410})
    got = Counter(came(home))
    assert len(got) == 410
    assert set(got.values()) == {1}
