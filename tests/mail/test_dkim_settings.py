"""The settings that sign: what they may be, and the one line for what they may not."""

import logging
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from pydantic import SecretStr

from digest.errors import SettingsError
from digest.mail.dkim_key import strings
from digest.mail.keyfile import keep_new
from digest.mail.signing import signer_of
from digest.settings import Settings
from tests.mail.signed import ED25519, RSA, tags, verified

ADDRESS = "papers@news.example.org"
DATA = b"From: papers@news.example.org\r\nSubject: Hello\r\n\r\nHello\r\n"


def pem(key: object, locked: KeySerializationEncryption | None = None) -> str:
    form = PrivateFormat.PKCS8
    return key.private_bytes(Encoding.PEM, form, locked or NoEncryption()).decode()  # type: ignore[attr-defined,no-any-return]


GOOD, SECOND = pem(RSA.private), pem(ED25519.private)


def settings(key: str = GOOD, second: str = "", **given: str) -> Settings:
    secrets = {"dkim_key": SecretStr(key), "dkim_ed25519_key": SecretStr(second)}
    return Settings().model_copy(update=secrets | given)


def test_without_a_key_nothing_signs() -> None:
    assert signer_of(settings(""), ADDRESS) is None
    assert signer_of(settings("", dkim_domain="example.net"), ADDRESS) is None


@pytest.mark.parametrize("second", ["", SECOND])
def test_a_key_is_a_path_its_text_or_its_text_in_one_line(tmp_path: Path, second: str) -> None:
    (tmp_path / "key.pem").write_text(GOOD)
    made = [
        signer_of(settings(given, second), ADDRESS)
        for given in (str(tmp_path / "key.pem"), GOOD, GOOD.replace("\n", "\\n"))
    ]
    signed = {signer.sign(DATA) for signer in made if signer}
    assert len(signed) == 1
    dns = {key.name("news.example.org"): key.record() for key in (RSA, ED25519)}
    assert verified(signed.pop(), dns) == [True] * (2 if second else 1)


@pytest.mark.parametrize(
    ("domain", "signs"),
    [
        ("", "news.example.org"),
        ("news.example.org", "news.example.org"),
        ("Example.ORG", "example.org"),
    ],
)
def test_the_domain_is_that_of_the_address_or_one_above_it(domain: str, signs: str) -> None:
    signer = signer_of(settings(dkim_domain=domain), ADDRESS)
    assert signer is not None
    assert tags(signer.sign(DATA))["d"] == signer.domain == signs


def test_a_domain_beyond_ascii_signs_by_its_a_labels() -> None:
    signer = signer_of(settings(dkim_domain="bücher.example"), "papers@bücher.example")
    assert signer is not None
    assert signer.domain == "xn--bcher-kva.example"


@pytest.mark.parametrize(
    "domain",
    [
        "org",
        "example.net",
        "ample.org",
        "more.news.example.org",
        "x; l=0",
        "a b.org",
        "-a.org",
        ".",
    ],
)
def test_any_other_domain_is_refused(domain: str) -> None:
    assert refused(settings(dkim_domain=domain)).startswith("DIGEST_DKIM_DOMAIN: ")


@pytest.mark.parametrize("selector", ["", "a b", "a;b", "a..b", "-a", "a\r\nX: y", "é", "a" * 64])
def test_a_selector_that_is_none_is_refused(selector: str) -> None:
    line = refused(settings(dkim_selector=selector))
    assert line.startswith("DIGEST_DKIM_SELECTOR: ")
    line = refused(settings(second=SECOND, dkim_ed25519_selector=selector))
    assert line.startswith("DIGEST_DKIM_ED25519_SELECTOR: ")


def test_two_keys_cannot_share_a_selector() -> None:
    assert "digest is the RSA key's" in refused(
        settings(second=SECOND, dkim_ed25519_selector="digest")
    )


def test_an_ed25519_key_never_signs_alone() -> None:
    assert refused(settings("", SECOND)).startswith("DIGEST_DKIM_KEY: missing")


ELLIPTIC = pem(ec.generate_private_key(ec.SECP256R1()))
LOCKED = pem(RSA.private, BestAvailableEncryption(b"password"))
PUBLIC = RSA.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
SHORT = """-----BEGIN PRIVATE KEY-----
MIIBVQIBADANBgkqhkiG9w0BAQEFAASCAT8wggE7AgEAAkEAy0dhg47+zKE0zVYP
C2GWSA/yoFBZ7fF0nrY4fR8TnTvHpKn8LD/c0MievyOyIgmgrgUbqkmmqqtCkwaU
vkky1QIDAQABAkEAp67pPKm/e7NbKCreXCgS3LzzCtVdaY9tAOMVs/jnqCHIhjNi
BBckWFVquz0PbDCfSt5LOaxodbj8B0oPw/0o/QIhAOeoDiwOd5t27DTvmcTM6sTH
oVOOVEy2spjMtzh3anAvAiEA4KPrgPsgvlR37/6P7Hb5QMG5wJSBF5cyvAYHbMPm
KDsCIQDFfkCWzr6pi3lUp/AwF4MOwCKJWY4E2LzqB50sRqI3gQIgbYng64sJQ2YC
+gcCfUbicd5FSo/fhvZWafLyqem4kEMCICKadBMqQ30b26r+J63obDlEjcddJqso
dhTS0qzI00Z8
-----END PRIVATE KEY-----
"""


@pytest.mark.parametrize(
    ("key", "says"),
    [
        (SECOND, "is no RSA key"),
        (ELLIPTIC, "is no RSA key"),
        (LOCKED, "is locked with a password"),
        (PUBLIC.decode(), "is no private key in PEM form"),
        ("-----BEGIN PRIVATE KEY-----\nnothing\n", "is no private key in PEM form"),
        (SHORT, "has 512 bits"),
        ("no such file.pem", "no such file.pem cannot be read: No such file or directory"),
        (".", "cannot be read: Is a directory"),
        ("a\0b", "cannot be read"),
        ("".join(GOOD.splitlines()[1:-1]), "the text cannot be read: "),
    ],
)
def test_a_key_that_cannot_sign_is_one_line(key: str, says: str) -> None:
    line = refused(settings(key))
    assert line.startswith("DIGEST_DKIM_KEY: ")
    assert says in line


def test_an_rsa_key_in_the_second_place_is_refused() -> None:
    line = refused(settings(GOOD, GOOD))
    assert line.startswith("DIGEST_DKIM_ED25519_KEY: the text is no Ed25519 key")


def refused(wrong: Settings) -> str:
    """The line that says so: one line, with nothing of a key in it."""
    with pytest.raises(SettingsError) as caught:
        signer_of(wrong, ADDRESS)
    line = str(caught.value)
    assert "\n" not in line
    assert len(line) < 300
    for key in (GOOD, SECOND, ELLIPTIC, LOCKED):
        assert key.splitlines()[1][:20] not in line
    return line


def test_a_weak_key_signs_and_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    weak = rsa.generate_private_key(65537, 1024)
    with caplog.at_level(logging.WARNING, logger="digest"):
        signer = signer_of(settings(pem(weak)), ADDRESS)
        assert signer_of(settings(), ADDRESS)
    assert signer is not None
    [record] = caplog.records
    assert (record.getMessage(), vars(record)["bits"]) == ("dkim_key_is_weak", 1024)


def test_the_strings_of_a_record_have_at_most_255_octets_and_lose_none() -> None:
    record = RSA.record()
    assert "".join(strings(record)) == record
    assert [len(each) for each in strings(record)] == [255, len(record) - 255]
    assert strings(ED25519.record()) == [ED25519.record()]


def test_a_key_is_made_for_its_owner_only_and_never_in_the_place_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "dkim.pem"
    assert keep_new(file, ed25519=False)
    assert file.stat().st_mode & 0o777 == 0o600
    before = file.read_bytes()
    assert not keep_new(file, ed25519=True)
    assert file.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["dkim.pem"]


def test_a_key_that_cannot_be_kept_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="the key cannot be kept: No such file or directory"):
        keep_new(tmp_path / "nowhere" / "dkim.pem", ed25519=False)
