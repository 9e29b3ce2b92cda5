"""No fetch goes where it may not, whatever a name or a redirect leads to (standards.md 59)."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpcore2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from digest.errors import FetchError
from digest.fetch import Fetched, Fetcher, Limits
from tests.httpd import Answer, Httpd, serving

LIMITS = Limits(default_pace_s=0, attempts=1, timeout_s=2, connect_s=1)
PUBLIC, OTHER_PUBLIC = "93.184.216.34", "2606:2800:220:1::1"


class Internet(httpcore2.AsyncNetworkBackend):
    """Carries a connection to any address to the one server on loopback, and remembers the
    address; those in `down` cannot be reached."""

    def __init__(self, port: int, down: Sequence[str] = ()) -> None:
        self.reached: list[str] = []
        self._port, self._down = port, down
        self._wire = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        self.reached.append(host)
        if host in self._down:
            raise httpcore2.ConnectError("no route")
        return await self._wire.connect_tcp("127.0.0.1", self._port, timeout)


class Names:
    """A resolver: each look-up of a name takes the next of its answers, the last one for ever."""

    def __init__(self, **answers: Sequence[Sequence[str]]) -> None:
        self._answers = {name.replace("_", "."): list(given) for name, given in answers.items()}
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        answers = self._answers.get(host)
        if answers is None:
            raise OSError(f"{host}: unknown name")
        return answers.pop(0) if len(answers) > 1 else answers[0]


def run(
    story: Callable[[Httpd, Fetcher, Internet], Awaitable[object]],
    names: Names,
    *,
    down: Sequence[str] = (),
    server_tls: ssl.SSLContext | None = None,
    client_tls: ssl.SSLContext | None = None,
) -> None:
    async def whole() -> None:
        async with serving(server_tls) as httpd:
            internet = Internet(httpd.port, down)
            async with Fetcher(LIMITS, resolve=names, network=internet, tls=client_tls) as fetcher:
                await story(httpd, fetcher, internet)

    asyncio.run(whole())


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::ffff:10.0.0.1", "fe80::1%eth0"]
)
def test_a_name_that_leads_to_a_private_address_is_refused(address: str) -> None:
    async def story(httpd: Httpd, fetcher: Fetcher, internet: Internet) -> None:
        with pytest.raises(FetchError, match=r"feeds\.test leads to .*DIGEST_ALLOW_PRIVATE=true"):
            await fetcher.get("http://feeds.test/x")
        assert internet.reached == []

    run(story, Names(feeds_test=[[address]]))


def test_one_private_address_among_public_ones_refuses_the_name() -> None:
    async def story(httpd: Httpd, fetcher: Fetcher, internet: Internet) -> None:
        with pytest.raises(FetchError, match="private"):
            await fetcher.get("http://feeds.test/x")
        assert internet.reached == []

    run(story, Names(feeds_test=[[PUBLIC, "192.168.0.9"]]))


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "2130706433", "0x7f.1", "0177.0.0.1"])
def test_an_address_in_the_url_is_judged_however_it_is_written(host: str) -> None:
    async def story() -> None:
        async with serving() as httpd, Fetcher(LIMITS) as fetcher:
            # Not every system's resolver knows the odd spellings.
            with pytest.raises(FetchError, match=r"leads to|has no address|Invalid IPv4"):
                await fetcher.get(httpd.url("/x", host=host))
            assert httpd.asked == []

    asyncio.run(story())


def test_a_name_that_changes_after_it_was_judged_gains_nothing() -> None:
    names = Names(feeds_test=[[PUBLIC], ["127.0.0.1"]])

    async def story(httpd: Httpd, fetcher: Fetcher, internet: Internet) -> None:
        httpd.answers["/x"] = [Answer(body=b"papers")]
        answer = await fetcher.get("http://feeds.test/x")
        assert isinstance(answer, Fetched)
        assert names.asked == ["feeds.test"]
        assert internet.reached == [PUBLIC]
        assert httpd.asked[0].headers["host"] == "feeds.test"
        with pytest.raises(FetchError, match="loopback"):
            await fetcher.get("http://feeds.test/x")
        assert internet.reached == [PUBLIC]

    run(story, names)


@pytest.mark.parametrize("location", ["http://inside.test/", "http://feeds.test/again"])
def test_every_redirect_is_judged_anew(location: str) -> None:
    async def story(httpd: Httpd, fetcher: Fetcher, internet: Internet) -> None:
        httpd.answers["/x"] = [Answer(302, headers={"Location": location})]
        with pytest.raises(FetchError, match="loopback"):
            await fetcher.get("http://feeds.test/x")
        assert internet.reached == [PUBLIC]

    run(story, Names(feeds_test=[[PUBLIC], ["127.0.0.1"]], inside_test=[["127.0.0.1"]]))


def test_an_address_that_cannot_be_reached_gives_way_to_the_next() -> None:
    async def story(httpd: Httpd, fetcher: Fetcher, internet: Internet) -> None:
        httpd.answers["/x"] = [Answer(body=b"papers")]
        await fetcher.get("http://feeds.test/x")
        assert internet.reached == [OTHER_PUBLIC, PUBLIC]

    run(story, Names(feeds_test=[[OTHER_PUBLIC, PUBLIC]]), down=[OTHER_PUBLIC])


def test_no_connection_stays_open_beside_the_next_one() -> None:
    async def story(httpd: Httpd, fetcher: Fetcher, internet: Internet) -> None:
        httpd.answers["/x"] = [Answer(body=b"papers")]
        for host in ("export.arxiv.test", "rss.arxiv.test", "export.arxiv.test"):
            await fetcher.get(f"http://{host}/x")
            await asyncio.sleep(0.02)  # until the server has seen the end of it
        assert len(httpd.asked) == 3
        assert httpd.most_at_once == 1

    run(story, Names(export_arxiv_test=[[PUBLIC]], rss_arxiv_test=[[PUBLIC]]))


@pytest.mark.parametrize("names", [Names(), Names(feeds_test=[[]])], ids=["unknown", "empty"])
def test_a_name_without_an_address_is_one_clear_line(names: Names) -> None:
    async def story(httpd: Httpd, fetcher: Fetcher, internet: Internet) -> None:
        with pytest.raises(FetchError, match=r"http://feeds\.test/x: .*has no address"):
            await fetcher.get("http://feeds.test/x")

    run(story, names)


def certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context with a fresh certificate for `name`, and a client's that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    today = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    return server, ssl.create_default_context(cafile=str(pem))


def test_the_certificate_is_checked_against_the_name_and_not_the_address(tmp_path: Path) -> None:
    server, client = certificate(tmp_path, "feeds.test")
    greeted: list[str] = []
    server.sni_callback = lambda _socket, name, _context: greeted.append(name)  # type: ignore[assignment]

    async def story(httpd: Httpd, fetcher: Fetcher, internet: Internet) -> None:
        httpd.answers["/x"] = [Answer(body=b"papers")]
        answer = await fetcher.get("https://feeds.test/x")
        assert isinstance(answer, Fetched)
        assert answer.body == b"papers"
        assert greeted == ["feeds.test"]
        with pytest.raises(FetchError, match="certificate verify failed"):
            await fetcher.get("https://other.test/x")

    names = Names(feeds_test=[[PUBLIC]], other_test=[[PUBLIC]])
    run(story, names, server_tls=server, client_tls=client)


def test_a_bad_certificate_is_not_tried_again(tmp_path: Path) -> None:
    server, _ = certificate(tmp_path, "feeds.test")

    async def story() -> None:
        async with serving(server) as httpd:
            internet = Internet(httpd.port)
            limits = Limits(default_pace_s=0, timeout_s=2)
            names = Names(feeds_test=[[PUBLIC]])
            async with Fetcher(limits, resolve=names, network=internet) as fetcher:
                with pytest.raises(FetchError, match="certificate verify failed"):
                    await fetcher.get("https://feeds.test/x")
            assert len(internet.reached) == 1

    asyncio.run(story())
