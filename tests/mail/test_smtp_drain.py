"""A queue drained over one connection, with PIPELINING and without: the same outcomes, whatever
the server does to the first message or to the second (standards.md 13 and 15; RFC 2920)."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from digest.core.delivery import Outcome, Phase, State
from digest.core.message import Message
from digest.mail.options import Options
from digest.mail.relays import relays
from digest.mail.transport import Transport
from tests.mail.faults import (
    BOUNCED,
    DATA,
    DEFERRED,
    FAULTS,
    IN_DOUBT,
    LOSSES,
    PATIENT,
    QUICK,
    C,
    D,
    M,
    P,
    message,
    second,
)
from tests.smtpd import ABORT, CLOSE, DEAF, DROP, SILENCE, Smtpd

Told = list[tuple[int, State, Phase]]
SENT, PLANNED = State.SENT, State.PLANNED
OFFERS = ("SIZE 1000000", "8BITMIME", "PIPELINING")


def offering(script: dict[str, str | list[str]] | None = None, **told: object) -> Smtpd:
    return Smtpd(script or {}, extensions=OFFERS, **told)  # type: ignore[arg-type]


class Work:
    """A queue for a drain, and what it heard."""

    def __init__(self, *messages: Message, still: Callable[[Message], bool] = lambda _: True):
        self.queue, self.still = list(messages), still
        self.heard: list[tuple[Message, Outcome]] = []

    def take(self) -> Message | None:
        return self.queue.pop(0) if self.queue else None

    def ended(self, message: Message, outcome: Outcome) -> None:
        self.heard.append((message, outcome))

    async def through(self, lane: Transport) -> None:
        await lane.drain(self.take, self.ended, self.still)

    @property
    def told(self) -> Told:
        return [(number(m), outcome.state, outcome.phase) for m, outcome in self.heard]


def number(message: Message) -> int:
    return int(message.message_id.strip("<>").partition("@")[0])


def lane(server: Smtpd, options: Options) -> Transport:
    return relays(f"smtp://127.0.0.1:{server.port}", options)[0].make()


def drained(server: Smtpd, work: Work, options: Options = QUICK) -> Told:
    """Drain until the queue is empty: after our own fault the lane is asked again."""

    async def talk() -> None:
        async with server, lane(server, options) as one:
            await work.through(one)
            while work.queue:
                await work.through(one)

    asyncio.run(talk())
    accepted = sorted(received.rcpt for received in server.messages)
    sent = sorted(f"RCPT TO:<{m.to}>" for m, outcome in work.heard if outcome.state is SENT)
    assert accepted == sent  # never one more, never one twice
    return work.told


WAYS = ["pipelined", "together", "in pieces", "step by step", "not offered"]


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> tuple[Callable[..., Smtpd], Options]:
    """How the server answers and whether commands are pipelined."""
    offers = OFFERS if request.param != "not offered" else ("SIZE 1000000",)
    replies = request.param if request.param in ("together", "in pieces") else "one by one"

    def server(script: dict[str, str | list[str]]) -> Smtpd:
        return Smtpd(script, extensions=offers, replies=replies)

    return server, replace(QUICK, pipelining=request.param != "step by step")


Way = tuple[Callable[..., Smtpd], Options]


@pytest.mark.parametrize(("step", "what", "state", "phase", "ours"), FAULTS)
def test_a_fault_at_the_first_message_is_its_alone(
    step: str, what: str, state: State, phase: Phase, ours: bool, way: Way
) -> None:
    make, options = way
    work = Work(message(1), message(2), message(3))
    told = drained(make({step: [what]}), work, options)
    handed_back = (2, PLANNED, C)
    assert told[0] == (1, state, phase)
    assert work.heard[0][1].ours is ours
    assert [each for each in told if each != handed_back][-1] == (3, SENT, P)
    assert (2, SENT, P) in told or (handed_back in told and ours)


@pytest.mark.parametrize(
    ("step", "what", "state", "phase", "ours"),
    [fault for fault in FAULTS if fault[0] not in ("CONNECT", "EHLO")],
)
def test_a_fault_at_the_second_message_is_its_alone(
    step: str, what: str, state: State, phase: Phase, ours: bool, way: Way
) -> None:
    make, options = way
    work = Work(message(1), message(2), message(3))
    told = drained(make(second(step, what)), work, options)
    lost = what in LOSSES or (step, what[:1]) == ("DATA", "2")
    told_ahead = options.pipelining and "PIPELINING" in make({}).extensions
    if lost and (step == "MAIL" or (step != "DOT" and told_ahead)):  # tried again at once
        state, phase, ours = SENT, P, False
    assert told[:2] == [(1, SENT, P), (2, state, phase)]
    assert work.heard[1][1].ours is ours
    assert told[2:] == [(3, SENT, P)] or (told[2:] == [(3, PLANNED, C)] and ours)


@pytest.mark.parametrize("what", LOSSES)
def test_a_server_that_stays_away_is_our_fault_after_one_more_try(what: str) -> None:
    server = offering({"MAIL": ["250 ok", what, what, what]})
    work = Work(message(1), message(2))
    assert drained(server, work) == [(1, SENT, P), (2, DEFERRED, C)]
    assert work.heard[1][1].ours
    assert server.connections == 2


def test_pipelined_a_message_costs_one_round_trip() -> None:
    turns = {}
    for pipelining in (True, False):
        server = offering(replies="together")
        work = Work(*map(message, range(10)))
        drained(server, work, replace(QUICK, pipelining=pipelining))
        turns[pipelining] = server.turns
    around = 3  # greeting, EHLO, QUIT
    assert turns == {True: around + 1 + 10, False: around + 4 * 10}


def test_a_lone_message_is_handed_over_in_two_round_trips() -> None:
    server = offering(replies="together")
    assert drained(server, Work(message())) == [(1, SENT, P)]
    assert server.turns == 3 + 2


@pytest.mark.parametrize("lenient", [False, True])
@pytest.mark.parametrize("place", [0, 1])
def test_where_no_recipient_was_taken_data_is_ended_at_once(lenient: bool, place: int) -> None:
    """RFC 2920, 3.1: a lone dot where the server allows DATA all the same."""
    script = {"RCPT": ["250 ok"] * place + ["550 5.1.1 no such user"]}
    server = offering(script, lenient=lenient)
    told = drained(server, Work(*map(message, range(3))))
    assert told == [(n, BOUNCED, M) if n == place else (n, SENT, P) for n in range(3)]
    assert server.connections == 1
    assert server.empty == lenient
    assert server.commands.count("RSET") == 1


def test_a_server_that_closes_after_each_message_gets_all_of_them() -> None:
    server = offering({"DOT": "250 2.0.0 queued" + CLOSE})
    told = drained(server, Work(*map(message, range(4))))
    assert told == [(n, SENT, P) for n in range(4)]
    assert server.connections == 4


def test_a_server_that_has_had_enough_gets_the_rest_over_a_new_connection() -> None:
    server = offering(
        {"DOT": ["250 1", "250 2.0.0 queued\r\n421 4.7.0 enough"]}, replies="together"
    )
    told = drained(server, Work(*map(message, range(4))))
    assert told == [(n, SENT, P) for n in range(4)]
    assert server.connections == 2


def test_an_envelope_told_ahead_is_not_counted_where_the_dot_stays_unanswered() -> None:
    server = offering({"DOT": [DROP]})
    assert drained(server, Work(message(1), message(2))) == [(1, IN_DOUBT, P), (2, SENT, P)]
    assert [c for c in server.commands if c.startswith("RCPT")] == [
        "RCPT TO:<reader1@example.net>",
        "RCPT TO:<reader2@example.net>",
    ]


def test_a_connection_is_renewed_with_a_goodbye() -> None:
    server = offering()
    work = Work(*map(message, range(5)))
    told = drained(server, work, replace(QUICK, per_connection=2))
    assert told == [(n, SENT, P) for n in range(5)]
    assert (server.connections, server.commands.count("QUIT")) == (3, 3)


def test_a_message_lost_before_its_dot_is_safe_and_so_is_the_envelope_behind_it() -> None:
    big = DATA + (b"y" * 70 + b"\r\n") * 400_000
    server = offering({"DATA": [DEAF]})
    told = drained(server, Work(message(1, data=big), message(2)), PATIENT)
    assert told == [(1, DEFERRED, D), (2, SENT, P)]


@pytest.mark.parametrize("place", [0, 1])
def test_of_a_message_no_longer_wanted_nothing_is_said(place: int) -> None:
    server = offering()
    work = Work(*map(message, range(3)), still=lambda m: number(m) != place)
    told = drained(server, work)
    assert told == [(n, PLANNED, C) if n == place else (n, SENT, P) for n in range(3)]
    assert not any(f"reader{place}@" in command for command in server.commands)
    assert server.connections == 1


@pytest.mark.parametrize("place", [0, 1])
def test_a_message_called_back_before_its_content_is_none_to_the_server(place: int) -> None:
    """RFC 5321, 4.1.1.4: without the final dot the server has nothing."""
    asked: list[int] = []

    def still(message: Message) -> bool:
        asked.append(number(message))
        return not (number(message) == place and f"reader{place}@" in " ".join(server.commands))

    server = offering()
    told = drained(server, Work(*map(message, range(3)), still=still))
    assert told[place][1] is PLANNED
    assert [each for each in told if each[0] != place] == [
        (n, SENT, P) for n in {0, 1, 2} - {place}
    ]
    assert server.connections == 2


def test_after_our_own_fault_nothing_more_is_taken() -> None:
    async def talk() -> None:
        async with server, lane(server, QUICK) as one:
            await work.through(one)

    server = offering({"RCPT": ["250 ok", "550 5.7.1 not from you"]})
    work = Work(*map(message, range(1, 6)))
    asyncio.run(talk())
    assert work.told == [(1, SENT, P), (2, DEFERRED, M)]
    assert [number(left) for left in work.queue] == [3, 4, 5]
    server = offering({"DOT": ["250 ok", "550 5.7.1 not from you"]})
    work = Work(*map(message, range(1, 6)))
    asyncio.run(talk())
    assert work.told == [(1, SENT, P), (2, DEFERRED, P), (3, PLANNED, C)]


@pytest.mark.parametrize(
    ("step", "state"), [("CONNECT", PLANNED), ("RCPT", PLANNED), ("DOT", IN_DOUBT)]
)
def test_what_a_cancelled_drain_had_in_hand_ends(step: str, state: State) -> None:
    async def talk() -> None:
        async with server, lane(server, PATIENT) as one:
            task = asyncio.create_task(work.through(one))
            while not server.silent:
                await asyncio.sleep(0.01)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    server = offering({step: SILENCE})
    work = Work(message(1), message(2), message(3))
    asyncio.run(talk())
    assert work.told[0][:2] == (1, state)
    assert work.told[1:] == ([(2, PLANNED, C)] if step == "DOT" else [])
    assert len(work.heard) + len(work.queue) == 3


def test_who_cannot_hear_an_outcome_is_told_no_more_and_sent_no_more() -> None:
    class Full(Exception):
        pass

    def ended(message: Message, outcome: Outcome) -> None:
        heard.append(number(message))
        raise Full

    async def talk() -> None:
        async with server, lane(server, QUICK) as one:
            with pytest.raises(Full):
                await one.drain(work.take, ended, work.still)

    server, work, heard = offering(), Work(*map(message, range(5))), list[int]()
    asyncio.run(talk())
    assert heard == [0]
    assert [received.rcpt for received in server.messages] == ["RCPT TO:<reader0@example.net>"]


@pytest.mark.parametrize("what", [ABORT, DROP])
def test_a_thousand_messages_over_a_line_that_breaks_now_and_then(what: str) -> None:
    """Each ends once; what is in doubt was never accepted twice."""
    faults = {
        "MAIL": (["250 ok"] * 36 + [what]) * 8,
        "RCPT": (["250 ok"] * 52 + ["550 5.1.1 no such user"]) * 8,
        "DATA": (["354 go"] * 70 + ["451 4.3.0 later"]) * 8,
        "DOT": (["250 ok"] * 110 + [what]) * 4,
    }
    server = offering(dict(faults), replies="together")
    work = Work(*map(message, range(1_000)))
    told = drained(server, work, PATIENT)
    assert [n for n, *_ in told] == list(range(1_000))
    states = [state for _, state, _ in told]
    assert states.count(IN_DOUBT) == 4
    assert set(states) == {SENT, BOUNCED, DEFERRED, IN_DOUBT}
