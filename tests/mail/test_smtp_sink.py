"""Postfix's own test server does wrong what it is told to (standards.md 13-15 and 34)."""

import asyncio
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from digest.core.delivery import Outcome, Phase, State
from digest.mail.options import Options, Patience
from digest.mail.relays import relays
from tests.mail.faults import BOUNCED, DATA, DEFERRED, IN_DOUBT, C, M, P, R, message
from tests.mail.test_smtp_drain import Told, Work
from tests.sink import smtp_sink

OPTIONS = Options(patience=Patience(10, 10, 10), helo="client.example.org")
SENT = State.SENT


def drained(port: int, count: int = 1, options: Options = OPTIONS, ask: str = "") -> Told:
    work = Work(*map(message, range(count)))

    async def talk() -> None:
        async with relays(f"smtp://127.0.0.1:{port}{ask}", options)[0].make() as one:
            await work.through(one)

    asyncio.run(talk())
    return work.told


@pytest.mark.parametrize(
    ("command", "state", "phase"),
    [
        ("CONNECT", DEFERRED, C),
        ("EHLO", DEFERRED, C),
        ("MAIL", DEFERRED, C),
        ("RCPT", DEFERRED, M),
        ("DATA", DEFERRED, R),
        (".", IN_DOUBT, P),
        ("QUIT", SENT, P),
    ],
)
@pytest.mark.parametrize("option", ["-q", "-Q"])
@pytest.mark.parametrize("pipelining", ["yes", "no"])
def test_a_sink_that_hangs_up(
    command: str, option: str, state: State, phase: Phase, pipelining: str
) -> None:
    if command == "." and option == "-Q":
        state = DEFERRED  # 421 is an answer
    with smtp_sink(option, command) as port:
        assert drained(port, ask=f"?pipelining={pipelining}") == [(0, state, phase)]


@pytest.mark.parametrize(
    ("command", "soft", "hard", "phase"),
    [
        ("CONNECT", DEFERRED, DEFERRED, C),
        ("EHLO", DEFERRED, SENT, C),  # 5xx: it knows HELO only
        ("MAIL", DEFERRED, DEFERRED, C),
        ("RCPT", DEFERRED, BOUNCED, M),
        ("DATA", DEFERRED, BOUNCED, R),
        (".", DEFERRED, BOUNCED, P),
    ],
)
def test_a_sink_that_refuses(command: str, soft: State, hard: State, phase: Phase) -> None:
    with smtp_sink("-r", command) as port:
        assert drained(port) == [(0, soft, phase)]
    with smtp_sink("-f", command, "-B", "554 5.3.0 no") as port:
        assert drained(port) == [(0, hard, P if hard is SENT else phase)]


def test_the_reply_to_the_final_dot_has_longer_than_others() -> None:
    """standards.md 14."""
    slow = replace(OPTIONS, patience=Patience(10, 1.0, 10))
    with smtp_sink("-W", ".:2") as port:
        assert drained(port, options=slow) == [(0, SENT, P)]
    with smtp_sink("-W", "RCPT:3") as port:
        assert drained(port, options=slow) == [(0, DEFERRED, M)]


@pytest.mark.parametrize("way", [("-p",), ("-e",), ("-8", "-N"), ()])
def test_a_sink_takes_a_queue_whatever_it_offers(way: tuple[str, ...]) -> None:
    with smtp_sink(*way) as port:
        assert drained(port, 300) == [(n, SENT, P) for n in range(300)]


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that a server without our rights can write to."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        yield Path(folder)


def test_a_sink_sees_what_bounces_are_asked_for(open_folder: Path) -> None:
    """standards.md 34."""
    with smtp_sink("-d", f"{open_folder}/m.") as port:
        assert drained(port, 2) == [(n, SENT, P) for n in range(2)]
    dumps = sorted(file.read_text() for file in open_folder.iterdir())
    for number, dump in enumerate(sorted(dumps, key=lambda dump: dump.partition("ENVID=")[2])):
        assert f"RET=HDRS ENVID={number}@example.org\n" in dump
        assert f"NOTIFY=FAILURE,DELAY ORCPT=rfc822;reader{number}@example.net\n" in dump
        assert dump.endswith(DATA.decode().replace("\r\n", "\n") + "\n")


def test_a_sink_that_offers_no_dsn_is_not_asked(open_folder: Path) -> None:
    with smtp_sink("-N", "-d", f"{open_folder}/m.") as port:
        assert drained(port) == [(0, SENT, P)]
    [dump] = [file.read_text() for file in open_folder.iterdir()]
    assert "X-Mail-Args: <papers@example.org>\n" in dump


def test_a_sink_that_aborts_in_the_middle_has_no_message() -> None:
    """-A: 550 instead of reading on."""

    async def talk(port: int) -> Outcome:
        async with relays(f"smtp://127.0.0.1:{port}", OPTIONS)[0].make() as one:
            return await one.hand_over(message(data=DATA + (b"y" * 70 + b"\r\n") * 400_000))

    with smtp_sink("-A", "0", "-T", "4096") as port:
        outcome = asyncio.run(talk(port))
    assert (outcome.state, outcome.phase) in ((BOUNCED, Phase.DATA), (DEFERRED, Phase.DATA))
