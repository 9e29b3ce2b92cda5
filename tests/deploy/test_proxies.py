"""The examples of proxies, as nginx and Caddy read them, and as they behave before a program."""

import http.client
import json
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.given import ROOT, lacking

NAME = "papers.example.org"
DEPLOY = ROOT / "deploy"
HIDDEN = (
    "/metrics",
    "/readyz",
    "/metrics/",
    "//metrics",
    "/%6detrics",
    "/x/../readyz",
    "/readyz?a=b",
)
SOON_S = 20.0
Proxy = Callable[[Path, tuple[Path, Path], int], tuple[list[str], int]]


class Echo(BaseHTTPRequestHandler):
    """Stands where the program would: tells the path and the headers that reached it."""

    def do_GET(self) -> None:
        body = json.dumps({"path": self.path, **dict(self.headers)}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keeps the output of the tests clean."""


def tool(name: str) -> str:
    """The path of a program; those in sbin are not on every user's."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    return found or lacking(name, "not installed (deploy/install-tools)")


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        return int(listening.getsockname()[1])


@pytest.fixture
def upstream() -> Iterator[int]:
    """The port of a program that tells what it was asked."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as serving:
        thread = threading.Thread(target=serving.serve_forever)
        thread.start()
        yield serving.server_port
        serving.shutdown()
        thread.join()


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate of NAME for a day, and its key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    made = (
        x509.CertificateBuilder().subject_name(who).issuer_name(who).public_key(key.public_key())
        .serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .sign(key, SHA256())
    )  # fmt: skip
    chain, secret = tmp_path / "fullchain.pem", tmp_path / "privkey.pem"
    chain.write_bytes(made.public_bytes(Encoding.PEM))
    secret.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return chain, secret


def nginx(folder: Path, certificate: tuple[Path, Path], upstream: int) -> tuple[list[str], int]:
    """The command of an nginx with our example on a free port, and the port."""
    port, plain = free_port(), free_port()
    site = (DEPLOY / "nginx.conf").read_text("utf-8")
    for line in ("    listen [::]:80;\n", "    listen [::]:443 ssl;\n"):
        assert line in site
        site = site.replace(line, "")  # not every machine has IPv6
    for example, here in {
        f"/etc/letsencrypt/live/{NAME}/fullchain.pem": str(certificate[0]),
        f"/etc/letsencrypt/live/{NAME}/privkey.pem": str(certificate[1]),
        "listen 80;": f"listen 127.0.0.1:{plain};",
        "listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;",
        "127.0.0.1:8000": f"127.0.0.1:{upstream}",
    }.items():
        assert example in site
        site = site.replace(example, here)
    (folder / "site.conf").write_text(site)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    paths = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    (folder / "main.conf").write_text(
        f"daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;"
        f"events {{}} http {{ {paths} access_log off; include {folder}/site.conf; }}"
    )
    return [tool("nginx"), "-p", str(folder), "-c", str(folder / "main.conf")], port


def caddy(folder: Path, certificate: tuple[Path, Path], upstream: int) -> tuple[list[str], int]:
    """The command of a Caddy with our example on a free port, and the port."""
    port = free_port()
    site = (DEPLOY / "Caddyfile").read_text("utf-8")
    for example, here in {
        "{$SITE:papers.example.org} {": f"https://{NAME}:{port} {{\n"
        f"\tbind 127.0.0.1\n\ttls {certificate[0]} {certificate[1]}",
        "{$UPSTREAM:127.0.0.1:8000}": f"127.0.0.1:{upstream}",
    }.items():
        assert example in site
        site = site.replace(example, here)
    start = f"admin off\n\tauto_https disable_redirects\n\tstorage file_system {folder}/kept"
    (folder / "Caddyfile").write_text(f"{{\n\t{start}\n}}\n{site}")
    file = str(folder / "Caddyfile")
    return [tool("caddy"), "run", "--adapter", "caddyfile", "--config", file], port


@contextmanager
def running(command: list[str], port: int, folder: Path) -> Iterator[None]:
    """A proxy that takes connections, until the end of the block."""
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(
            command, stdout=said, stderr=said, env={"HOME": str(folder), "PATH": "/usr/bin:/bin"}
        )
    try:
        end = time.monotonic() + SOON_S
        while not _answers(port):
            assert process.poll() is None, (folder / "said").read_text()
            assert time.monotonic() < end, (folder / "said").read_text()
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(SOON_S)


def _answers(port: int) -> bool:
    with closing(socket.socket()) as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


def ask(port: int, path: str, headers: dict[str, str], trusted: Path) -> tuple[int, bytes, str]:
    """Status, body and HSTS of one page, by https, under its right name."""
    context = ssl.create_default_context(cafile=str(trusted))
    raw = socket.create_connection(("127.0.0.1", port), timeout=SOON_S)
    connection = http.client.HTTPSConnection(NAME, port)
    connection.sock = context.wrap_socket(raw, server_hostname=NAME)
    with closing(connection):
        connection.request("GET", path, headers={"Host": NAME, **headers})
        answer = connection.getresponse()
        return answer.status, answer.read(), answer.headers.get("Strict-Transport-Security", "")


def checked(*command: str) -> None:
    """Run a program's own check of its file; it must have no objection."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_nginx_takes_the_example(certificate: tuple[Path, Path], tmp_path: Path) -> None:
    command, _ = nginx(tmp_path, certificate, 8000)
    checked(*command, "-t")


def test_caddy_takes_the_example() -> None:
    checked(tool("caddy"), "validate", "--adapter", "caddyfile", "--config",
            str(DEPLOY / "Caddyfile"))  # fmt: skip


@pytest.mark.parametrize("proxy", [nginx, caddy])
def test_strangers_reach_the_pages_and_not_the_numbers(
    proxy: Proxy, upstream: int, certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    command, port = proxy(tmp_path, certificate, upstream)
    forged = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "http"}
    with running(command, port, tmp_path):
        status, body, hsts = ask(port, "/subscribe?a=b", forged, certificate[0])
        hidden = {path: ask(port, path, forged, certificate[0])[0] for path in HIDDEN}
    told = {name.lower(): value for name, value in json.loads(body).items()}
    assert (status, told["path"], hsts) == (200, "/subscribe?a=b", "max-age=31536000")
    assert (told["host"], told["x-forwarded-proto"]) == (NAME, "https")
    assert told["x-forwarded-for"] == "127.0.0.1"
    assert set(hidden.values()) == {404}, hidden
