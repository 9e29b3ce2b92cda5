"""What becomes of a message, whatever the server does, and how far it came (standards.md 13-15)."""

import asyncio
from dataclasses import replace

import pytest

from digest.core.delivery import Outcome, Phase, State
from digest.core.message import Message
from digest.mail.options import Options, Patience
from digest.mail.transport import open_transport
from tests.mail.faults import BOUNCED, DATA, DEFERRED, FAULTS, PATIENT, QUICK, C, D, message
from tests.smtpd import CLOSE, DEAF, DROP, Smtpd


def send(
    server: Smtpd, *messages: Message, url: str = "", options: Options = QUICK
) -> list[Outcome]:
    async def talk() -> list[Outcome]:
        async with server:
            address = url or "smtp://127.0.0.1:{port}"
            async with open_transport(address.format(port=server.port), options) as transport:
                return [await transport.hand_over(each) for each in messages or (message(),)]

    return asyncio.run(talk())


def test_a_taken_message_is_sent_and_its_reply_kept() -> None:
    server = Smtpd()
    [outcome] = send(server)
    assert outcome == Outcome(State.SENT, "2.0.0 queued as 1", 250, Phase.DOT)
    [received] = server.messages
    assert received.data == DATA
    assert received.mail == f"MAIL FROM:<papers@example.org> SIZE={len(DATA)}"
    assert received.rcpt == "RCPT TO:<reader1@example.net>"


@pytest.mark.parametrize(("step", "what", "state", "phase", "ours"), FAULTS)
def test_each_fault_at_each_step_has_its_outcome(
    step: str, what: str, state: State, phase: Phase, ours: bool
) -> None:
    server = Smtpd({step: what})
    [outcome] = send(server)
    assert (outcome.state, outcome.phase, outcome.ours) == (state, phase, ours), outcome
    assert outcome.reply
    assert server.messages == []
    if what[:3].isdigit():
        assert outcome.code == int(what[:3])


@pytest.mark.parametrize(("step", "what", "state", "phase", "ours"), FAULTS)
def test_after_any_fault_the_next_message_is_sent(
    step: str, what: str, state: State, phase: Phase, ours: bool
) -> None:
    server = Smtpd({step: [what]})
    outcomes = send(server, message(1), message(2))
    assert outcomes[0].state is state
    assert outcomes[1].state is State.SENT
    assert len(server.messages) == 1


def test_a_server_that_knows_no_ehlo_is_greeted_the_old_way() -> None:
    server = Smtpd({"EHLO": "502 5.5.1 what?"})
    [outcome] = send(server)
    assert outcome.state is State.SENT
    assert "HELO client.example.org" in server.commands


def test_a_connection_lost_before_the_final_dot_left_is_safe_to_try_again() -> None:
    big = DATA + b"x" * 60 + b"\r\n"
    big += (b"y" * 70 + b"\r\n") * 400_000
    [outcome] = send(Smtpd({"DATA": DEAF}), message(data=big), options=PATIENT)
    assert (outcome.state, outcome.phase, outcome.ours) == (DEFERRED, D, False), outcome


def test_nobody_listening_is_our_fault_and_one_line() -> None:
    async def talk() -> Outcome:
        async with open_transport("smtp://127.0.0.1:1", QUICK) as transport:
            return await transport.hand_over(message())

    outcome = asyncio.run(talk())
    assert (outcome.state, outcome.phase, outcome.ours) == (DEFERRED, C, True)
    assert "127.0.0.1:1" in outcome.reply
    assert "\n" not in outcome.reply


def test_several_messages_share_one_connection() -> None:
    server = Smtpd()
    outcomes = send(server, *map(message, range(5)))
    assert [outcome.state for outcome in outcomes] == [State.SENT] * 5
    assert server.connections == 1
    assert server.commands[-1] == "QUIT"


def test_a_refused_recipient_is_forgotten_by_rset_before_the_next_message() -> None:
    server = Smtpd({"RCPT": ["550 5.1.1 no such user"]})
    outcomes = send(server, message(1), message(2))
    assert [outcome.state for outcome in outcomes] == [BOUNCED, State.SENT]
    assert server.connections == 1
    assert "RSET" in server.commands


def test_a_connection_is_given_up_after_its_share_of_messages() -> None:
    server = Smtpd()
    options = replace(QUICK, per_connection=2)
    outcomes = send(server, *map(message, range(5)), options=options)
    assert [outcome.state for outcome in outcomes] == [State.SENT] * 5
    assert server.connections == 3


@pytest.mark.parametrize("dot", ["250 2.0.0 ok" + CLOSE, "250 2.0.0 ok\r\n421 4.4.2 idle too long"])
def test_a_goodbye_after_the_last_message_costs_the_next_nothing(dot: str) -> None:
    server = Smtpd({"DOT": [dot]})
    outcomes = send(server, message(1), message(2))
    assert [outcome.state for outcome in outcomes] == [State.SENT] * 2
    assert server.connections == 2


@pytest.mark.parametrize("what", ["x" * 200_000, "250-a\r\n" * 3_000, "25", "2x0 ok"])
def test_what_is_no_reply_ends_the_connection_and_not_the_memory(what: str) -> None:
    [outcome, after] = send(Smtpd({"RCPT": [what]}), message(1), message(2), options=PATIENT)
    assert (outcome.state, outcome.phase, outcome.code) == (DEFERRED, Phase.MAIL, None)
    assert len(outcome.reply) < 300
    assert after.state is State.SENT


def test_a_reply_of_many_lines_is_one_clean_line() -> None:
    reply = "550-5.1.1 no such\x00 user\r\n550-5.1.1\r\n550 5.1.1 here\x1b[31m"
    [outcome] = send(Smtpd({"RCPT": reply}))
    assert outcome == Outcome(BOUNCED, "5.1.1 no such user 5.1.1 5.1.1 here [31m", 550, Phase.MAIL)


@pytest.mark.parametrize("what", [DROP, "421 4.4.2 idle too long"])
def test_a_kept_connection_that_died_is_replaced_without_a_word(what: str) -> None:
    server = Smtpd({"MAIL": ["250 ok", what]})
    outcomes = send(server, message(1), message(2))
    assert [outcome.state for outcome in outcomes] == [State.SENT] * 2
    assert server.connections == 2


def test_lines_that_begin_with_a_dot_or_end_in_bare_lf_arrive_stuffed_and_whole() -> None:
    """standards.md 1 and 3: for messages that others composed."""
    server = Smtpd()
    send(server, message(data=b"Subject: x\n\n.\r\n..dots\rend"))
    assert server.messages[0].data == b"Subject: x\r\n\r\n..\r\n...dots\r\nend\r\n"


def test_an_address_in_utf8_needs_a_server_that_offers_it() -> None:
    """standards.md 11."""
    [plain] = send(Smtpd(), message(to="δοκιμή@example.net"))
    assert plain.state is BOUNCED
    assert plain.reply.startswith("unsupported")
    server = Smtpd(extensions=("SMTPUTF8",))
    [offered] = send(server, message(to="δοκιμή@example.net"))
    assert offered.state is State.SENT
    assert server.messages[0].mail.endswith("SMTPUTF8")
    assert server.messages[0].rcpt == "RCPT TO:<δοκιμή@example.net>"


def test_an_address_that_no_command_can_carry_is_refused_and_the_next_is_sent() -> None:
    server = Smtpd()
    outcomes = send(server, message(to="a@b\r\nRCPT TO:<c@d>"), message())
    assert [outcome.state for outcome in outcomes] == [BOUNCED, State.SENT]
    assert not any("c@d" in command for command in server.commands)


def test_the_reply_to_the_final_dot_is_awaited_for_ten_minutes() -> None:
    """standards.md 14."""
    assert Patience().dot_s >= 600


def test_callers_at_once_wait_for_one_another() -> None:
    async def talk(server: Smtpd) -> list[Outcome]:
        async with server, open_transport(f"smtp://127.0.0.1:{server.port}", QUICK) as transport:
            return await asyncio.gather(*(transport.hand_over(message(n)) for n in range(8)))

    server = Smtpd()
    outcomes = asyncio.run(talk(server))
    assert {outcome.state for outcome in outcomes} == {State.SENT}
    assert server.connections == 1
