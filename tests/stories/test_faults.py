"""Faults while a run is under way: whatever is killed, stopped, full, locked or unreachable, nobody
is written to twice, nobody is lost, and a person is told in one line."""

import asyncio
import os
import random
import resource
import shutil
import signal
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import cycle
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import event, func, select

from digest import personal, readers, sender, steering
from digest.app import App
from digest.core.delivery import FINAL, State
from digest.errors import DigestError
from digest.handover import GROUP
from digest.store import freezing, runs
from digest.store.tables import DeliveryRow
from subscribers import address as addresses
from subscribers import roster
from subscribers.consent import ConsentKind, Reason
from tests.mail.test_smtp_tls import certificate, server_side  # noqa: F401
from tests.sink import free_port
from tests.smtpd import Smtpd
from tests.torture.ground import DAY, SECRET, Ran, Sending, app_on, group, prepare
from tests.torture.kills import torture
from tests.torture.sink import Sink
from tests.torture.verdict import judge

READERS, CREW_FROM = 300, 50
SENT_ALL = {State.SENT: READERS}


@pytest.fixture(scope="session")
def crowd(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with a day of papers and 300 readers: two shards."""
    home = tmp_path_factory.mktemp("crowd")
    file = Path(shutil.copy(migrated_file, home / "digest.db"))
    prepare(f"sqlite:///{file}", READERS, home)
    return file


@pytest.fixture
def sqlite_crowd(home: Path, crowd: Path) -> str:
    return f"sqlite:///{shutil.copy(crowd, home / 'digest.db')}"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, home: Path) -> str:
    """A database with the crowd, once of each kind."""
    if request.param == "sqlite":
        return str(request.getfixturevalue("sqlite_crowd"))
    made = str(request.getfixturevalue("postgres_url"))
    prepare(made, READERS, home)
    return made


@pytest.fixture
def sink(home: Path) -> Iterator[Sink]:
    with Sink(home / "sink.log") as sink:
        yield sink


@pytest.fixture
def start(home: Path, sink: Sink) -> Iterator[Callable[..., Sending]]:
    """Start `digest send` on a database; what still lives at the end of the test is killed."""
    begun: list[Sending] = []

    def go(
        url: str, *words: str, crew: bool = False, few: int | None = None, **settings: str
    ) -> Sending:
        environment = {
            "DIGEST_DATABASE_URL": url, "DIGEST_SECRET": SECRET, "DIGEST_SMTP_URL": sink.url,
            "DIGEST_WORKERS": "2", **settings,
        }  # fmt: skip
        crew_from = CREW_FROM if crew else few
        begun.append(Sending(home, environment, *words, crew_from=crew_from))
        return begun[-1]

    yield go
    for one in begun:
        one.__exit__(None, None, None)


Start = Callable[..., Sending]


def states(url: str) -> Counter[State]:
    """How many promises stand where."""
    app = app_on(url)
    with app.read() as session:
        rows = session.execute(
            select(DeliveryRow.state, func.count()).group_by(DeliveryRow.state)
        ).all()
    app.database.close()
    return Counter({State(state): count for state, count in rows})


def wait_for_calm(url: str) -> None:
    """Until the senders have all under way that they may, and wait for the relay."""
    before, now = Counter[State](), states(url)
    while before != now:
        time.sleep(0.5)
        before, now = now, states(url)


def settled(url: str, sink: Sink, senders_killed: int = 0) -> Counter[State]:
    """The states of a run that is over, after the ledger was held against the relay's log."""
    app = app_on(url)
    told = judge(app, sink.log, senders_killed)
    app.database.close()
    assert told.wrong == []
    return Counter({State(state): count for state, count in told.states.items()})


def in_words(ran: Ran) -> str:
    """What a command said on standard error: never its inner parts."""
    assert "Traceback" not in ran.err, ran.err
    assert "unexpected" not in ran.err, ran.err
    return ran.err


def nobody_twice(sink: Sink) -> None:
    assert {one: n for one, n in Counter(sink.taken()).items() if n > 1} == {}


# Kills


@pytest.mark.parametrize("kills", [pytest.param(5, id="kills")])
def test_killed_at_any_moment_a_run_reaches_everybody_once(
    url: str, home: Path, kills: int
) -> None:
    dice = random.Random(20260507)
    most = kills if url.startswith("sqlite") else 3
    told = torture(url, home, dice, most=most, widest=READERS // 15, crew_from=CREW_FROM)
    assert told.verdict.wrong == []
    assert told.kills.total() == most
    assert told.verdict.taken >= READERS - GROUP * told.senders


def test_a_worker_that_is_killed_alone_is_made_up_for_by_the_others(
    sqlite_crowd: str, sink: Sink, start: Start
) -> None:
    sending = start(sqlite_crowd, crew=True)
    sink.at("DOT", 20, lambda: os.kill(sending.workers()[0], signal.SIGKILL))
    ran = sending.end()
    in_words(ran)
    found = settled(sqlite_crowd, sink, senders_killed=1)
    assert found[State.SENT] >= READERS - GROUP
    assert ran.status == (1 if found[State.IN_DOUBT] else 0)


def test_workers_whose_parent_was_killed_stop_by_themselves(
    sqlite_crowd: str, sink: Sink, start: Start
) -> None:
    sink.hold(60)
    sending = start(sqlite_crowd, crew=True)
    sink.wait(lambda: sink.held >= 2)
    os.kill(sending.pid, signal.SIGKILL)
    sending.process.wait(10)
    assert group(sending.pid), "no worker had outlived its parent"
    time.sleep(2)
    sink.release()
    until = time.monotonic() + 20
    while group(sending.pid):
        assert time.monotonic() < until, "workers go on without a parent"
        time.sleep(0.1)
    left = states(sqlite_crowd)
    assert left.keys() == {State.SENT, State.PLANNED}, left
    assert start(sqlite_crowd).end().status == 0
    assert settled(sqlite_crowd, sink) == SENT_ALL


def test_workers_whose_parent_dies_as_they_begin_stop_too(
    sqlite_crowd: str, sink: Sink, start: Start
) -> None:
    sending = start(sqlite_crowd, crew=True)
    while len(group(sending.pid)) < 2:
        assert sending.is_alive
        time.sleep(0.001)
    os.kill(sending.pid, signal.SIGKILL)
    sending.process.wait(10)
    sink.hold(60)
    time.sleep(4)
    sink.release()
    until = time.monotonic() + 20
    while group(sending.pid):
        assert time.monotonic() < until, "workers go on without a parent"
        time.sleep(0.1)
    assert states(sqlite_crowd)[State.SENT] < READERS
    assert start(sqlite_crowd).end().status == 0
    assert settled(sqlite_crowd, sink) == SENT_ALL


# Stopped for longer than the lease


@pytest.mark.parametrize("crew", [False, True], ids=["alone", "a worker"])
def test_a_sender_stopped_past_its_lease_sends_nothing_more(
    url: str, sink: Sink, start: Start, crew: bool
) -> None:
    sink.hold(60)
    stopped = start(url, crew=crew, DIGEST_LEASE_S="1.5")
    sink.wait(lambda: sink.held >= 4)
    wait_for_calm(url)  # one that is stopped amid a transaction keeps others out until it goes on
    victim = stopped.workers()[0] if crew else stopped.pid
    os.kill(victim, signal.SIGSTOP)
    sink.release()
    time.sleep(2)
    in_words(start(url, "--wait").end())
    settled_by_then = states(url)
    assert settled_by_then.keys() <= FINAL, settled_by_then
    taken = sink.taken()
    os.kill(victim, signal.SIGCONT)
    in_words(stopped.end())
    assert sink.taken() == taken
    found = settled(url, sink, senders_killed=1)
    assert found == settled_by_then
    assert found[State.IN_DOUBT]


# Asked to stop


@pytest.mark.parametrize("crew", [False, True], ids=["alone", "crew"])
@pytest.mark.parametrize("how", ["SIGTERM", "Ctrl-C"])
def test_asked_to_stop_it_ends_what_is_under_way_and_hands_back_the_rest(
    sqlite_crowd: str, sink: Sink, start: Start, crew: bool, how: str
) -> None:
    sink.hold(60)
    sending = start(sqlite_crowd, crew=crew)
    sink.wait(lambda: sink.held >= 4)
    if how == "SIGTERM":
        os.kill(sending.pid, signal.SIGTERM)
    else:
        sending.signal_all(signal.SIGINT)
    time.sleep(0.5)
    sink.release()
    ran = sending.end(30)
    assert in_words(ran) == "stopped: nothing was lost; the same command goes on\n"
    assert ran.status == 1
    left = states(sqlite_crowd)
    assert left.keys() == {State.SENT, State.PLANNED}, left
    assert left[State.SENT] == len(sink.taken())
    assert start(sqlite_crowd).end().status == 0
    assert settled(sqlite_crowd, sink) == SENT_ALL


@pytest.mark.parametrize("crew", [False, True], ids=["alone", "crew"])
def test_asked_to_stop_it_ends_in_time_even_where_the_relay_is_silent(
    sqlite_crowd: str, sink: Sink, start: Start, crew: bool
) -> None:
    sink.hold(60)
    sending = start(sqlite_crowd, crew=crew)
    sink.wait(lambda: sink.held >= 4)
    os.kill(sending.pid, signal.SIGTERM)
    ran = sending.end(30)  # as the issue of the day has it: systemd and Docker kill after that
    assert "the same command goes on" in in_words(ran)
    assert ran.status == 1
    sink.release()
    again = start(sqlite_crowd).end()
    in_words(again)
    found = settled(sqlite_crowd, sink, senders_killed=2 if crew else 1)
    assert found[State.IN_DOUBT] <= 4 * (2 if crew else 1) + 4


# Two at once


@pytest.mark.parametrize("crew", [False, True], ids=["alone", "crew"])
def test_two_sends_from_two_shells_are_one_run(
    url: str, sink: Sink, start: Start, crew: bool
) -> None:
    one, two = start(url, crew=crew), start(url, crew=crew)
    ends = [one.end(), two.end()]
    for ran in ends:
        words = in_words(ran)
        assert ran.status == 0 or "another send is at work on" in words, ran
        assert f"{DAY}: " in ran.out
    assert settled(url, sink) == SENT_ALL
    again = start(url).end()
    assert (again.status, again.out) == (0, f"{DAY}: nothing to send; {READERS} had it before\n")


# The clock


@pytest.mark.parametrize("jump", [timedelta(days=1), timedelta(days=-1)], ids=["on", "back"])
def test_a_clock_that_jumps_by_a_day_changes_nothing(url: str, sink: Sink, jump: timedelta) -> None:
    shift = [timedelta()]
    sink.at("DOT", 30, lambda: shift.__setitem__(0, jump))
    with jumping(url, sink, shift) as app:
        told = sender.send(app, DAY)
        assert (told.outcomes, told.paused) == (SENT_ALL, "")
        assert settled(url, sink) == SENT_ALL
        assert sender.send(app, DAY).audience == 0


def test_a_clock_that_goes_to_and_fro_changes_nothing(sqlite_crowd: str, sink: Sink) -> None:
    shift = [timedelta()]
    jumps = cycle([timedelta(days=1), timedelta(days=-1), timedelta()])

    def jump() -> None:
        shift[0] = next(jumps)
        sink.at("DOT", 7, jump)

    sink.at("DOT", 7, jump)
    with jumping(sqlite_crowd, sink, shift) as app:
        assert sender.send(app, DAY).outcomes == SENT_ALL
    sink.calm()
    assert settled(sqlite_crowd, sink) == SENT_ALL


@contextmanager
def jumping(url: str, sink: Sink, shift: list[timedelta]) -> Iterator[App]:
    """An App whose clock is off by what `shift` holds at the time."""
    app = app_on(url, smtp_url=SecretStr(sink.url))
    yield replace(app, clock=lambda: datetime.now(UTC) + shift[0])
    app.database.close()


# The database


def test_a_full_disk_pauses_the_run_in_one_line_and_loses_nothing(
    sqlite_crowd: str, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("digest.handover.PATIENCE_S", 1.0)
    app = app_on(sqlite_crowd, smtp_url=SecretStr(sink.url), lease_s=1.0)
    pages = [0]

    def limit(connection: sqlite3.Connection, _: object) -> None:
        connection.execute(f"PRAGMA max_page_count={pages[0] or 2**30}")

    event.listen(app.database.engine, "connect", limit)
    with app.begin() as session:  # promised while there was room
        assert freezing.freeze(session, sender.plan_of(app, DAY))
    app.database.close()
    with sqlite3.connect(app.database.file or "") as plain:
        pages[0] = plain.execute("PRAGMA page_count").fetchone()[0] + 3
    why = stopped_by(partial(sender.send, app, DAY))
    assert "database or disk is full" in why
    pages[0] = 0
    app.database.close()
    time.sleep(1.5)  # what this process could not give back is held until its lease has passed
    nobody_twice(sink)
    begun = states(sqlite_crowd)
    assert begun[State.IN_FLIGHT] + begun[State.IN_DOUBT] <= GROUP, begun
    told = sender.send(app, DAY)
    assert told.paused == ""
    found = settled(sqlite_crowd, sink, senders_killed=1)
    assert found[State.SENT] >= READERS - GROUP


def test_no_file_may_grow_any_more(sqlite_crowd: str, home: Path, sink: Sink, start: Start) -> None:
    sink.at("DOT", 30, lambda: _no_growth(sending.pid))
    sending = start(sqlite_crowd, few=READERS + 1)
    ran = sending.end()
    assert len(in_words(ran).splitlines()) <= 3, ran.err
    assert "the database" in ran.err
    assert ran.status == 1
    nobody_twice(sink)
    in_words(start(sqlite_crowd).end())
    found = settled(sqlite_crowd, sink, senders_killed=1)
    assert found[State.SENT] >= READERS - GROUP


def _no_growth(pid: int) -> None:
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (4096, 4096))


@pytest.mark.parametrize("for_s", [1.5, None], ids=["for a while", "for good"])
def test_a_locked_database_costs_nobody_anything(
    sqlite_crowd: str, sink: Sink, monkeypatch: pytest.MonkeyPatch, for_s: float | None
) -> None:
    monkeypatch.setattr("digest.handover.PATIENCE_S", 1.0 if for_s is None else 30.0)
    app = app_on(sqlite_crowd, smtp_url=SecretStr(sink.url), lease_s=1.0)
    event.listen(app.database.engine, "connect", _impatient)
    app.database.close()
    lock = sqlite3.connect(app.database.file or "", isolation_level=None, check_same_thread=False)

    def hold() -> None:
        threading.Thread(target=lambda: lock.execute("BEGIN EXCLUSIVE")).start()
        if for_s is not None:
            threading.Timer(for_s, lambda: lock.execute("COMMIT")).start()

    lock.execute("PRAGMA busy_timeout=60000")
    sink.at("DOT", 30, hold)
    why = stopped_by(partial(sender.send, app, DAY))
    assert "database is locked" in why
    nobody_twice(sink)
    if for_s is None:
        lock.execute("COMMIT")
    lock.close()
    time.sleep(1.5)  # what this process could not give back is held until its lease has passed
    told = sender.send(app, DAY)
    assert told.paused == ""
    found = settled(sqlite_crowd, sink, senders_killed=0 if for_s else 1)
    assert found[State.SENT] >= READERS - GROUP


def _impatient(connection: sqlite3.Connection, _: object) -> None:
    connection.execute("PRAGMA busy_timeout=300")


def stopped_by(send: Callable[[], sender.Sent]) -> str:
    """Why a send stopped, in one line: a pause, or an error that is ours."""
    try:
        told = send()
    except DigestError as error:
        why = str(error)
    else:
        why = told.paused
    assert why
    assert "\n" not in why
    return why


# A reader who leaves


def _unsubscribe(app: App, email: str) -> None:
    with app.begin() as session:
        reader = roster.find(session, addresses.parse(email))
        assert reader is not None
        readers.step(session, app, reader.id, ConsentKind.UNSUBSCRIBED, source="test")


def _suppress(app: App, email: str) -> None:
    with app.begin() as session:
        readers.suppress(session, app, addresses.parse(email), Reason.COMPLAINED, source="test")


def _erase(app: App, email: str) -> None:
    assert personal.erase(app, addresses.parse(email), source="test")


@pytest.mark.parametrize(
    ("leave", "why"),
    [
        (_unsubscribe, "no longer subscribed"),
        (_suppress, "suppressed: complained"),
        (_erase, "erased"),
    ],
)
def test_who_leaves_while_the_run_is_under_way_gets_nothing_after_that(
    url: str, sink: Sink, start: Start, leave: Callable[[App, str], None], why: str
) -> None:
    sink.hold(10)
    sending = start(url)
    sink.wait(lambda: sink.held >= 4)
    app = app_on(url)
    gone = ["reader120@example.org", "reader299@example.org"]
    for email in gone:
        leave(app, email)
    sink.release()
    assert sending.end().status == 0
    taken = Counter(sink.taken())
    assert taken.keys().isdisjoint(gone)
    assert taken.total() == len(taken) == READERS - len(gone)
    with app.read() as session:
        reasons = session.scalars(
            select(DeliveryRow.reason).where(DeliveryRow.state == State.SUPPRESSED)
        ).all()
    app.database.close()
    assert reasons == [why] * len(gone)
    assert states(url) == {State.SENT: READERS - len(gone), State.SUPPRESSED: len(gone)}


# The relay


def send_to(server: Smtpd, app_of: Callable[[int], App]) -> sender.Sent:
    """Send to a server of the test's own."""

    async def scenario() -> sender.Sent:
        async with server:
            return await asyncio.to_thread(sender.send, app_of(server.port), DAY)

    return asyncio.run(scenario())


@pytest.mark.parametrize("what", ["bad certificate", "wrong credentials", "unreachable"])
def test_a_relay_that_cannot_be_used_pauses_the_run_in_one_line_and_costs_nothing(
    url: str,
    sink: Sink,
    start: Start,
    certificate: Path,  # noqa: F811
    what: str,
) -> None:
    bad = {
        "bad certificate": (
            Smtpd(tls=server_side(certificate), implicit=True), "smtps://127.0.0.1:{}",
            "certificate",
        ),
        "wrong credentials": (
            Smtpd(tls=None, login=("ada", "right")), "smtp://ada:wrong@127.0.0.1:{}", "535",
        ),
        "unreachable": (Smtpd(), f"smtp://127.0.0.1:{free_port()}", "refused"),
    }  # fmt: skip
    server, relay, words = bad[what]

    async def scenario() -> Ran:
        async with server:
            sending = start(url, DIGEST_SMTP_URL=relay.format(server.port))
            return await asyncio.to_thread(sending.end)

    ran = asyncio.run(scenario())
    [line, rest] = in_words(ran).splitlines()
    assert line.startswith("paused: the relay takes nothing from us: ")
    assert words in line.lower()
    assert rest == "nothing was lost"
    assert "wrong" not in line or what == "wrong credentials"
    assert ran.status == 1
    assert states(url) == {State.PLANNED: READERS}
    app = app_on(url)
    with app.read() as session:
        assert set(session.scalars(select(DeliveryRow.attempts))) == {0}
        run = runs.get(session, 1)
    app.database.close()
    assert run is not None
    assert run.state == "paused"
    assert start(url).end().status == 0
    assert settled(url, sink) == SENT_ALL


# Cancelled without its sender


def test_a_cancelled_run_whose_sender_was_killed_is_wound_up(
    url: str, sink: Sink, start: Start
) -> None:
    sink.hold(60)
    sending = start(url)
    sink.wait(lambda: sink.held >= 4)
    app = app_on(url)
    step = steering.cancel(app, 1)
    assert not step.run.is_accounted
    sending.signal_all(signal.SIGKILL)
    sending.process.wait(10)
    sink.release()
    step = steering.cancel(app, 1)
    app.database.close()
    assert step.run.is_accounted
    assert step.run.outcomes.keys() <= FINAL
    assert 0 < step.run.outcomes[State.IN_DOUBT] <= GROUP
    sent = start(url).end()
    in_words(sent)
    nobody_twice(sink)
    assert states(url).keys() <= {State.SENT, State.IN_DOUBT}
