"""digest doctor dkim: a key is made once, what it says to publish verifies (standards.md 26)."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from digest.mail.signing import signer_of
from digest.settings import load
from tests.cli.conftest import Digest
from tests.given import needs
from tests.mail.signed import tags, verified

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
