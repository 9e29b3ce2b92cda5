"""What becomes of a message, whatever the server does, and how far it came (standards.md 13-15)."""

import asyncio
import datetime
import ipaddress
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from digest.core.delivery import Outcome, Phase, State
from digest.core.message import Message
from digest.mail.options import Patience
from digest.mail.transport import Options, open_transport
from tests.smtpd import ABORT, DEAF, DROP, SILENCE, Smtpd

QUICK = Options(patience=Patience(0.25, 0.25, 0.25), helo="client.example.org")
DATA = b"From: a@example.org\r\nSubject: x\r\n\r\nhello\r\n"


def message(number: int = 1, to: str = "reader@example.net", data: bytes = DATA) -> Message:
    return Message(f"<{number}@example.org>", "papers@example.org", to, "x", data)


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
    assert received.rcpt == "RCPT TO:<reader@example.net>"


C, M, R, D, P = Phase.CONNECT, Phase.MAIL, Phase.RCPT, Phase.DATA, Phase.DOT
DEFERRED, BOUNCED, IN_DOUBT = State.DEFERRED, State.BOUNCED, State.IN_DOUBT
FAULTS: list[tuple[str, str, State, Phase, bool]] = [
    *[(step, what, DEFERRED, C, True) for step in ("CONNECT", "EHLO", "MAIL") for what in
      (DROP, ABORT, SILENCE, "421 4.3.2 closing", "451 4.3.0 later", "550 5.1.0 no", "nonsense")
      if not (step == "EHLO" and what == "550 5.1.0 no")],
    ("RCPT", DROP, DEFERRED, M, False),
    ("RCPT", ABORT, DEFERRED, M, False),
    ("RCPT", SILENCE, DEFERRED, M, False),
    ("RCPT", "421 4.3.2 closing", DEFERRED, M, False),
    ("RCPT", "450 4.2.0 greylisted", DEFERRED, M, False),
    ("RCPT", "550 5.1.1 no such user", BOUNCED, M, False),
    ("RCPT", "550 5.7.26 unauthenticated", DEFERRED, M, True),
    ("RCPT", "530 5.7.0 log in first", DEFERRED, M, True),
    ("RCPT", "nonsense", DEFERRED, M, False),
    ("DATA", DROP, DEFERRED, R, False),
    ("DATA", ABORT, DEFERRED, R, False),
    ("DATA", SILENCE, DEFERRED, R, False),
    ("DATA", "421 4.3.2 closing", DEFERRED, R, False),
    ("DATA", "451 4.3.0 later", DEFERRED, R, False),
    ("DATA", "554 5.5.1 no", BOUNCED, R, False),
    ("DATA", "550 5.7.515 access denied", DEFERRED, R, True),
    ("DOT", DROP, IN_DOUBT, P, False),
    ("DOT", ABORT, IN_DOUBT, P, False),
    ("DOT", SILENCE, IN_DOUBT, P, False),
    ("DOT", "nonsense", IN_DOUBT, P, False),
    ("DOT", "421 4.3.2 closing", DEFERRED, P, False),
    ("DOT", "451 4.3.0 later", DEFERRED, P, False),
    ("DOT", "554 5.6.0 no", BOUNCED, P, False),
    ("DOT", "550 5.7.1 policy", DEFERRED, P, True),
]  # fmt: skip


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
    [outcome] = send(
        Smtpd({"DATA": DEAF}), message(data=big), options=Options(patience=Patience(5, 5, 5))
    )
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
    options = Options(patience=QUICK.patience, per_connection=2, helo="client.example.org")
    outcomes = send(server, *map(message, range(5)), options=options)
    assert [outcome.state for outcome in outcomes] == [State.SENT] * 5
    assert server.connections == 3


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


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    start = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=36_500))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + signed.public_bytes(pem))
    return file


def server_side(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def trusting(certificate: Path) -> Options:
    trust = ssl.create_default_context(cafile=str(certificate))
    return Options(patience=Patience(2, 2, 2), tls=trust, helo="client.example.org")


SECURE = {"smtps": True, "smtp+starttls": False}


@pytest.mark.parametrize("scheme", SECURE)
def test_a_message_goes_through_tls_with_a_login(scheme: str, certificate: Path) -> None:
    login = ("us@er", "p:w/d")
    server = Smtpd(tls=server_side(certificate), implicit=SECURE[scheme], login=login)
    url = scheme + "://us%40er:p%3Aw%2Fd@127.0.0.1:{port}"
    outcomes = send(server, message(1), message(2), url=url, options=trusting(certificate))
    assert [outcome.state for outcome in outcomes] == [State.SENT] * 2, outcomes
    assert server.connections == 1
    assert server.messages[0].data == DATA


@pytest.mark.parametrize("scheme", SECURE)
def test_a_certificate_nobody_vouches_for_is_refused(scheme: str, certificate: Path) -> None:
    """standards.md 32."""
    server = Smtpd(tls=server_side(certificate), implicit=SECURE[scheme])
    options = Options(patience=Patience(2, 2, 2), helo="client.example.org")
    [outcome] = send(server, url=scheme + "://127.0.0.1:{port}", options=options)
    assert (outcome.state, outcome.phase, outcome.ours) == (DEFERRED, C, True)
    assert "CERTIFICATE_VERIFY_FAILED" in outcome.reply


def test_starttls_that_is_not_offered_sends_nothing() -> None:
    server = Smtpd()
    [outcome] = send(server, url="smtp+starttls://127.0.0.1:{port}")
    assert (outcome.state, outcome.phase, outcome.ours) == (DEFERRED, C, True)
    assert not any(command.startswith("MAIL") for command in server.commands)


def test_a_wrong_password_is_our_fault() -> None:
    server = Smtpd(login=("user", "right"))
    [outcome] = send(server, url="smtp://user:wrong@127.0.0.1:{port}")
    assert (outcome.state, outcome.code, outcome.phase, outcome.ours) == (DEFERRED, 535, C, True)
    assert "wrong@" not in outcome.reply


@pytest.mark.parametrize("step", ["STARTTLS"])
@pytest.mark.parametrize("what", [DROP, SILENCE, "454 4.7.0 no TLS today"])
def test_a_failed_starttls_is_our_fault(step: str, what: str, certificate: Path) -> None:
    server = Smtpd({step: what}, tls=server_side(certificate))
    [outcome] = send(server, url="smtp+starttls://127.0.0.1:{port}")
    assert (outcome.state, outcome.phase, outcome.ours) == (DEFERRED, C, True)


@pytest.mark.parametrize("step_and_fault", [("DOT", DROP), ("DOT", SILENCE)])
def test_over_tls_too_silence_after_the_dot_is_in_doubt(
    step_and_fault: tuple[str, str], certificate: Path
) -> None:
    step, fault = step_and_fault
    server = Smtpd({step: fault}, tls=server_side(certificate), implicit=True)
    options = Options(patience=Patience(2, 0.3, 0.3), tls=trusting(certificate).tls)
    [outcome] = send(server, url="smtps://127.0.0.1:{port}", options=options)
    assert (outcome.state, outcome.phase) == (IN_DOUBT, P)


def test_callers_at_once_wait_for_one_another() -> None:
    async def talk(server: Smtpd) -> list[Outcome]:
        async with server, open_transport(f"smtp://127.0.0.1:{server.port}", QUICK) as transport:
            return await asyncio.gather(*(transport.hand_over(message(n)) for n in range(8)))

    server = Smtpd()
    outcomes = asyncio.run(talk(server))
    assert {outcome.state for outcome in outcomes} == {State.SENT}
    assert server.connections == 1
