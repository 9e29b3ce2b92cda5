"""Certificates are checked, log-ins need both halves, and each failure is one clear line."""

import asyncio
import datetime
import ipaddress
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from digest.core.delivery import State
from digest.mail.options import Options, Patience
from digest.mail.relays import relays
from tests.mail.faults import DATA, DEFERRED, IN_DOUBT, C, P, message
from tests.mail.test_smtp import send
from tests.mail.test_smtp_drain import Work
from tests.smtpd import DROP, SILENCE, Smtpd


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


def test_a_certificate_for_another_name_is_refused(certificate: Path) -> None:
    """standards.md 32: the certificate names 127.0.0.1 only."""
    server = Smtpd(tls=server_side(certificate), implicit=True)
    [outcome] = send(server, url="smtps://localhost:{port}", options=trusting(certificate))
    assert (outcome.state, outcome.phase, outcome.ours) == (DEFERRED, C, True)
    assert "'localhost'" in outcome.reply
    assert server.commands == []


def test_tls_with_a_server_that_speaks_none_says_so(certificate: Path) -> None:
    [outcome] = send(Smtpd(), url="smtps://127.0.0.1:{port}", options=trusting(certificate))
    assert (outcome.state, outcome.phase, outcome.ours) == (DEFERRED, C, True)
    assert "is this its TLS port?" in outcome.reply


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("smtp://127.0.0.1:1", "nothing listens there (connection refused)"),
        ("smtp://relay.invalid:25", "no such server is known"),
        ("smtp://user:hunter2@127.0.0.1:{port}", "the log-in was refused: 5.7.8 wrong password"),
        ("smtp+starttls://127.0.0.1:{port}", "STARTTLS"),
    ],
)
def test_each_failure_to_connect_is_one_line_that_names_the_relay(url: str, words: str) -> None:
    server = Smtpd(login=("user", "right"))
    [outcome] = send(server, url=url, options=Options(patience=Patience(5, 5, 5), helo="a.b"))
    assert outcome.reply.startswith(url.rpartition("@")[2].rpartition("/")[2].partition(":")[0])
    assert words in outcome.reply
    assert "hunter2" not in outcome.reply
    assert "\n" not in outcome.reply
    assert (outcome.state, outcome.phase, outcome.ours) == (DEFERRED, C, True)


@pytest.mark.parametrize("scheme", SECURE)
def test_a_queue_drained_through_tls_arrives_whole(scheme: str, certificate: Path) -> None:
    offers = ("PIPELINING", "SIZE 10000000")
    server = Smtpd(
        tls=server_side(certificate), implicit=SECURE[scheme], extensions=offers, replies="together"
    )
    big = DATA + (b"y" * 70 + b"\r\n") * 5_000
    options = Options(patience=Patience(20, 20, 20), tls=trusting(certificate).tls, helo="a.b")
    work = Work(*(message(n, data=big) for n in range(20)))

    async def talk() -> None:
        async with server:
            url = f"{scheme}://127.0.0.1:{server.port}"
            async with relays(url, options)[0].make() as one:
                await work.through(one)

    asyncio.run(talk())
    assert [state for _, state, _ in work.told] == [State.SENT] * 20
    assert {received.data for received in server.messages} == {big}
    assert server.connections == 1
