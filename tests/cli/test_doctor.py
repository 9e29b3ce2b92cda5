"""digest doctor: what is wrong is told; a key is made once and verifies (standards.md 26)."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from digest.mail.signing import signer_of
from digest.settings import load
from digest.shipped import shipped
from tests.cli.conftest import Digest
from tests.given import needs
from tests.mail.signed import tags, verified
from tests.mail.test_smtp_tls import certificate, server_side
from tests.named import named, txt
from tests.smtpd import Smtpd
from tests.stories.test_together import feed

assert certificate  # a fixture

FROM = "Papers <papers@news.example.org>"
DATA = b"From: papers@news.example.org\r\nSubject: Hello\r\n\r\nHello\r\n"


def doctor(digest: Digest, *options: str, **given: str) -> dict[str, Any]:
    """The answer in JSON."""
    done = digest("doctor", "dkim", *options, "--json", **{"DIGEST_FROM": FROM, **given})
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def pem(bits: int) -> str:
    key = rsa.generate_private_key(65537, bits)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.mark.parametrize("domain", ["", "example.org"])
def test_mail_signed_with_its_settings_verifies_against_its_records(
    digest: Digest, monkeypatch: pytest.MonkeyPatch, domain: str
) -> None:
    told = doctor(digest, "--ed25519", DIGEST_DKIM_DOMAIN=domain)
    monkeypatch.setenv("DIGEST_FROM", FROM)
    for name, value in told["settings"].items():
        monkeypatch.setenv(name, value)
    signer = signer_of(load(), "papers@news.example.org")
    assert signer is not None
    signed = signer.sign(DATA)
    records = [key["record"] for key in told["keys"]]
    assert verified(signed, {each["name"]: each["value"] for each in records}) == [True, True]
    assert tags(signed)["d"] == told["domain"] == (domain or "news.example.org")


def test_a_zone_file_with_its_line_holds_the_record(digest: Digest) -> None:
    needs("dns")
    from dns.rdatatype import TXT
    from dns.zone import from_text

    record = doctor(digest)["keys"][0]["record"]
    zone = from_text(f"$TTL 3600\n{record['zone_line']}", "example.org.", check_origin=False)
    found = zone.get_rdataset("digest._domainkey.news", TXT)
    [read] = found if found is not None else []
    assert [each.decode() for each in read.strings] == record["strings"]
    assert "".join(record["strings"]) == record["value"]


def test_a_key_is_made_once_and_for_its_owner_only(digest: Digest, tmp_path: Path) -> None:
    mask = os.umask(0)
    try:
        first = doctor(digest, "--ed25519")
    finally:
        os.umask(mask)
    files = [tmp_path / "dkim.pem", tmp_path / "dkim-ed25519.pem"]
    assert [key["file"] for key in first["keys"]] == [str(file) for file in files]
    assert [file.stat().st_mode & 0o777 for file in files] == [0o600, 0o600]
    before = [file.read_bytes() for file in files]
    again = doctor(digest, "--ed25519")
    assert [file.read_bytes() for file in files] == before
    assert [key["record"] for key in again["keys"]] == [key["record"] for key in first["keys"]]
    assert [key["made"] for key in first["keys"] + again["keys"]] == [True, True, False, False]
    assert again["warnings"] == []


def test_options_name_another_key_beside_the_old(digest: Digest, tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    old = doctor(digest)
    named = ("--selector", "next", "--key", "keys/next.pem")
    new = doctor(digest, *named, "--ed25519", DIGEST_DKIM_KEY="dkim.pem")
    assert [key["record"]["name"] for key in new["keys"]] == [
        "next._domainkey.news.example.org",
        "next-ed25519._domainkey.news.example.org",
    ]
    assert [Path(key["file"]).name for key in new["keys"]] == ["next.pem", "next-ed25519.pem"]
    assert new["keys"][0]["record"]["value"] != old["keys"][0]["record"]["value"]
    assert new["settings"]["DIGEST_DKIM_SELECTOR"] == "next"


def test_a_key_whose_text_is_the_setting_is_shown_and_nothing_is_written(
    digest: Digest, tmp_path: Path
) -> None:
    told = doctor(digest, DIGEST_DKIM_KEY=pem(2048))
    assert (told["keys"][0]["file"], told["keys"][0]["made"]) == (None, False)
    assert "DIGEST_DKIM_KEY" not in told["settings"]
    assert list(tmp_path.iterdir()) == []


def test_what_can_be_used_but_should_not_be_is_a_warning(digest: Digest, tmp_path: Path) -> None:
    file = tmp_path / "old.pem"
    file.write_text(pem(1024))
    file.chmod(0o644)
    weak, open_to_all = doctor(digest, "--key", str(file))["warnings"]
    assert "1024 bits" in weak
    assert f"chmod 600 {file}" in open_to_all
    file.chmod(0o640)
    assert len(doctor(digest, "--key", str(file))["warnings"]) == 1
    [default] = doctor(digest, DIGEST_FROM="")["warnings"]
    assert "DIGEST_FROM" in default


def test_for_people_it_says_what_to_publish_and_to_set(digest: Digest, tmp_path: Path) -> None:
    done = digest("doctor", "dkim", DIGEST_FROM=FROM)
    record = doctor(digest)["keys"][0]["record"]
    lines = done.stdout.splitlines()
    assert f"Name   {record['name']}" in lines
    assert f"Value  {record['value']}" in lines
    assert record["zone_line"] in lines
    assert f'DIGEST_DKIM_KEY="{tmp_path}/dkim.pem"' in lines
    assert 'DIGEST_DKIM_SELECTOR="digest"' in lines
    assert "PRIVATE" not in done.stdout


@pytest.mark.parametrize(
    ("options", "setting", "line"),
    [
        (["--key", "notes.txt"], {}, "--key: notes.txt is no private key in PEM form"),
        ([], {"DIGEST_DKIM_KEY": "notes.txt"}, "DIGEST_DKIM_KEY: notes.txt is no private key"),
        (["--key", "no/dkim.pem"], {}, "no/dkim.pem: the key cannot be kept"),
        (["--selector", "a b"], {}, "--selector: 'a b' is no selector"),
        ([], {"DIGEST_DKIM_DOMAIN": "example.net"}, "DIGEST_DKIM_DOMAIN: example.net cannot sign"),
    ],
)
def test_what_is_wrong_is_one_line_and_nothing_is_written(
    digest: Digest, tmp_path: Path, options: list[str], setting: dict[str, str], line: str
) -> None:
    (tmp_path / "notes.txt").write_text("my notes")
    done = digest("doctor", "dkim", *options, status=1, **{"DIGEST_FROM": FROM, **setting})
    assert done.stderr.startswith(line)
    assert len(done.stderr.splitlines()) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["notes.txt"]
    assert (tmp_path / "notes.txt").read_text() == "my notes"


def test_its_help_names_what_it_looks_at(digest: Digest) -> None:
    assert "dkim" in digest("doctor", "--help").stdout


LOCAL = {
    "DIGEST_FROM": FROM,
    "DIGEST_BASE_URL": "https://papers.example.org",
    "DIGEST_POSTAL_ADDRESS": "1 Sample Road, Sampletown",
    "DIGEST_OPERATOR": "operator@example.org",
}


def levels(digest: Digest, *options: str, status: int = 0, **given: str) -> dict[str, str]:
    """Each finding's level by its name."""
    told = json.loads(digest("doctor", *options, "--json", status=status, **LOCAL | given).stdout)
    assert told["ok"] is (status == 0)
    return {each["name"]: each["level"] for each in told["findings"]}


def test_an_installation_that_is_in_order_is_told_so(digest: Digest) -> None:
    digest("init")
    assert set(levels(digest).values()) == {"ok"}
    lines = digest("doctor", **LOCAL).stdout.splitlines()
    assert all(line.startswith("ok   ") for line in lines)


def test_nothing_is_made_where_nothing_is(digest: Digest, tmp_path: Path) -> None:
    found = levels(digest, status=1)
    assert (found["database"], found["secret"], found["templates"]) == ("fail", "fail", "ok")
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_database_and_an_open_secret_are_seen(digest: Digest, tmp_path: Path) -> None:
    digest("init")
    (tmp_path / "digest.secret").chmod(0o644)
    assert levels(digest)["secret"] == "warn"
    for behind in tmp_path.glob("digest.db*"):
        behind.unlink()  # with its log, which would mend it
    (tmp_path / "digest.db").write_bytes(b"this is no database, and it is long enough " * 50)
    assert levels(digest, status=1)["database"] == "fail"


def test_what_the_settings_name_wrongly_is_a_finding(digest: Digest, tmp_path: Path) -> None:
    digest("init")
    templates = tmp_path / "ours"
    shutil.copytree(shipped("templates"), templates)
    (templates / "mail" / "digest" / "card.html").write_text("{{ nobody }}")
    wrong = {"DIGEST_SOURCES": "huggingface nowhere", "DIGEST_TEMPLATES": str(templates)}
    found = levels(digest, status=1, DIGEST_PACE="fast", **wrong)
    failed = {name for name, level in found.items() if level == "fail"}
    assert failed == {"source nowhere", "templates", "DIGEST_PACE"}


def test_a_relay_and_the_dns_are_asked_and_nothing_is_sent(digest: Digest) -> None:
    digest("init")
    record = doctor(digest)["keys"][0]["record"]
    zone = {
        ("news.example.org", "TXT"): [txt("v=spf1 mx -all")],
        ("news.example.org", "MX"): ["10 mx.example.org."],
        ("_dmarc.example.org", "TXT"): [txt("v=DMARC1; p=none")],
        (record["name"], "TXT"): [txt(record["value"])],
    }
    with named(zone) as server, relay() as (port, smtpd):
        given = {"DIGEST_SMTP_URL": f"smtp://127.0.0.1:{port}", "DIGEST_DKIM_KEY": "dkim.pem"}
        found = levels(digest, "--nameserver", server, **given)
    assert set(found.values()) == {"ok"}
    assert {f"SMTP 127.0.0.1:{port}", "SPF of news.example.org", f"DKIM at {record['name']}",
            "DMARC of news.example.org", "MX of news.example.org"} <= found.keys()  # fmt: skip
    assert [command.split()[0] for command in smtpd.commands] == ["EHLO", "QUIT"]


def test_a_relay_that_is_not_there_and_an_empty_zone_fail(digest: Digest) -> None:
    digest("init")
    with named({}) as server:
        given = {"DIGEST_SMTP_URL": "smtp://127.0.0.1:1"}
        found = levels(digest, "--nameserver", server, status=1, **given)
    failed = {name.split()[0] for name, level in found.items() if level == "fail"}
    assert failed == {"SMTP", "SPF", "DMARC", "MX"}
    assert found["DKIM"] == "warn"


LOGIN = ("ada", "a secret")


@pytest.mark.parametrize("scheme", ["smtp+starttls", "smtps"])
def test_a_relay_is_asked_over_tls_and_with_its_log_in(
    digest: Digest, tmp_path: Path, certificate: Path, scheme: str
) -> None:
    digest("init")
    offered = Smtpd(tls=server_side(certificate), implicit=scheme == "smtps", login=LOGIN)
    with named({}) as server, relay(offered) as (port, smtpd):

        def told(password: str, host: str = "127.0.0.1", **environment: str) -> dict[str, str]:
            url = f"{scheme}://ada:{password}@{host}:{port}"
            given = os.environ | LOCAL | {"DIGEST_SMTP_URL": url} | environment
            command = [sys.executable, "-m", "digest", "doctor", "--json", "--nameserver", server]
            # A process of its own: whom a machine trusts is read once.
            done = subprocess.run(
                command, cwd=tmp_path, env=given, capture_output=True, text=True, check=False
            )
            return next(
                one for one in json.loads(done.stdout)["findings"] if f"SMTP {host}" in one["name"]
            )

        untrusted = told("a%20secret")
        trusted = told("a%20secret", SSL_CERT_FILE=str(certificate))
        wrong = told("s3sam3", SSL_CERT_FILE=str(certificate))
        elsewhere = told("a%20secret", "localhost", SSL_CERT_FILE=str(certificate))
    assert untrusted["level"] == wrong["level"] == "fail"
    assert "certificate is refused" in untrusted["what"]
    assert "SSL_CERT_FILE" in untrusted["mend"]
    assert elsewhere["level"] == "fail"
    assert "the host name that the certificate is made out to" in elsewhere["mend"]
    assert trusted["level"] == "ok"
    assert trusted["what"].startswith("TLS, certificate trusted, logged in")
    assert "user and password" in wrong["mend"]
    assert "s3sam3" not in wrong["what"]
    assert smtpd.messages == []


def test_a_relay_without_starttls_fails_where_it_was_asked_for(digest: Digest) -> None:
    digest("init")
    with named({}) as server, relay(Smtpd()) as (port, _):
        given = {"DIGEST_SMTP_URL": f"smtp+starttls://127.0.0.1:{port}"}
        found = findings(digest, "--nameserver", server, status=1, **given)
    assert found[f"SMTP 127.0.0.1:{port}"]["level"] == "fail"
    assert "STARTTLS" in found[f"SMTP 127.0.0.1:{port}"]["what"]
    assert "write smtps://" in found[f"SMTP 127.0.0.1:{port}"]["mend"]


def test_a_relay_without_log_ins_says_what_to_leave_out(digest: Digest) -> None:
    digest("init")
    with named({}) as server, relay(Smtpd()) as (port, _):
        given = {"DIGEST_SMTP_URL": f"smtp://ada:secret@127.0.0.1:{port}"}
        found = findings(digest, "--nameserver", server, status=1, **given)
    told = found[f"SMTP 127.0.0.1:{port}"]
    assert "leave user and password out" in told["mend"]
    assert not told["what"].startswith("127.0.0.1"), "the name says it already"


def test_online_each_source_is_asked_once(digest: Digest) -> None:
    digest("init")
    with feed() as (url, asked):
        gone = url.replace("feed.xml", "gone.xml")
        given = {"DIGEST_SOURCES": f"{url} {gone}", "DIGEST_ALLOW_PRIVATE": "1"}
        assert set(levels(digest, **given).values()) == {"ok"}
        assert asked == {}  # without --online nobody is asked
        found = findings(digest, "--online", status=1, **given)
    told = {each["level"]: each["what"] for name, each in found.items() if "source" in name}
    assert told["ok"] == "answers, 1 papers now"
    assert "404" in told["fail"]
    assert asked == {"/feed.xml": 1, "/gone.xml": 1}


def test_postgresql_is_looked_at_too(digest: Digest, postgres_url: str) -> None:
    given = {"DIGEST_DATABASE_URL": postgres_url, "DIGEST_SECRET": "s" * 32}
    found = findings(digest, **given)
    assert (found["database"]["level"], found["secret"]["level"]) == ("ok", "ok")
    nowhere = postgres_url.replace("digest_", "nowhere_")
    wrong = findings(digest, status=1, **given | {"DIGEST_DATABASE_URL": nowhere})
    assert wrong["database"]["level"] == "fail"
    assert "nowhere_" in wrong["database"]["what"]


def findings(
    digest: Digest, *options: str, status: int = 0, **given: str
) -> dict[str, dict[str, str]]:
    """Each finding by its name."""
    told = json.loads(digest("doctor", *options, "--json", status=status, **LOCAL | given).stdout)
    return {each["name"]: each for each in told["findings"]}


@contextmanager
def relay(smtpd: Smtpd | None = None) -> Iterator[tuple[int, Smtpd]]:
    """A relay in a thread of its own, with its port."""
    loop, smtpd = asyncio.new_event_loop(), smtpd or Smtpd()
    serving = threading.Thread(target=loop.run_forever)
    serving.start()
    try:
        asyncio.run_coroutine_threadsafe(smtpd.__aenter__(), loop).result()
        yield smtpd.port, smtpd
    finally:
        asyncio.run_coroutine_threadsafe(smtpd.__aexit__(None, None, None), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        serving.join()
        loop.close()
