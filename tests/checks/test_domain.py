"""SPF, DKIM, DMARC and MX as a real server of the DNS answers them (standards.md 26, 30)."""

from collections.abc import Sequence

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from digest.checks import domain
from digest.checks.domain import Domains
from digest.checks.finding import Finding, Level
from digest.errors import DnsError, SettingsError
from digest.mail.dkim_key import Key
from digest.mail.nameserver import Nameserver
from tests.named import BROKEN, Zone, named, txt

HERE = "example.org"
RSA = Key("digest", generate_private_key(65537, 2048))
ED25519 = Key("other", Ed25519PrivateKey.generate())


def spf(*records: str, **others: str) -> Finding:
    """What is found of example.org with these records; `others` are those of name_test."""
    zone = {(HERE, "TXT"): [txt(record) for record in records]}
    zone |= {(f"{name}.test", "TXT"): [txt(record)] for name, record in others.items()}
    with named(zone) as server:
        return domain.spf(Nameserver(server), HERE)


@pytest.mark.parametrize(
    ("records", "level", "what"),
    [
        (["v=spf1 ip4:192.0.2.1 -all"], Level.OK, "0 of 10 lookups, ends in -all"),
        (["something else", "V=SPF1 a mx/24 ~ALL"], Level.OK, "2 of 10 lookups, ends in ~all"),
        (["v=spf1 exists:%{i}.x.test exp=e.test -all"], Level.OK, "1 of 10"),
        (["v=spf10 -all"], Level.FAIL, "there is no record"),
        ([], Level.FAIL, "there is no record"),
        (["v=spf1 -all", "v=spf1 a -all"], Level.FAIL, "2 records"),
        (["v=spf1 +all"], Level.FAIL, "everybody"),
        (["v=spf1 mx all"], Level.FAIL, "everybody"),
        (["v=spf1 ?all"], Level.WARN, "nothing of other senders"),
        (["v=spf1 mx"], Level.WARN, "nothing of other senders"),
        (["v=spf1 ipv4:192.0.2.1 -all"], Level.FAIL, "does not exist: ipv4:192.0.2.1"),
        (["v=spf1 include -all"], Level.FAIL, "does not exist: include"),
        ([f"v=spf1 {' '.join(f'a:h{n}.test' for n in range(11))} -all"], Level.FAIL, "11 lookups"),
        (["v=spf1 include:nobody.test -all"], Level.FAIL, "nobody.test has 0 records"),
        ([f"v=spf1 include:{HERE} -all"], Level.FAIL, "includes itself"),
    ],
)
def test_an_spf_record(records: Sequence[str], level: Level, what: str) -> None:
    found = spf(*records)
    assert (found.level, what in found.what) == (level, True), found
    assert bool(found.mend) == (level is not Level.OK)


def test_included_records_count_and_a_redirect_decides() -> None:
    half = f"v=spf1 {' '.join(f'a:h{n}.test' for n in range(5))} -all"
    assert "6 of 10" in spf("v=spf1 include:one.test -all", one=half).what
    many = spf("v=spf1 include:one.test include:two.test -all", one=half, two=half)
    assert (many.level, "12 lookups" in many.what) == (Level.FAIL, True)
    led = spf("v=spf1 redirect=one.test", one="v=spf1 +all")
    assert (led.level, "everybody" in led.what) == (Level.FAIL, True)
    assert (
        "1 of 10 lookups, ends in -all" in spf("v=spf1 redirect=one.test", one="v=spf1 -all").what
    )
    assert spf("v=spf1 redirect=nobody.test -all").level is Level.OK


def dkim(key: Key, *records: str) -> Finding:
    with named({(key.name(HERE), "TXT"): [txt(record) for record in records]}) as server:
        return domain.dkim(Nameserver(server), HERE, key)


@pytest.mark.parametrize("key", [RSA, ED25519], ids=["RSA", "Ed25519"])
def test_our_own_dkim_record_is_found(key: Key) -> None:
    assert dkim(key, key.record()).level is Level.OK
    public = key.record().rpartition("p=")[2]
    kind = key.record().split()[1]
    spaced = f"v=DKIM1; h=sha1:sha256; {kind} s=email; p={public[:9]} {public[9:]};"
    assert dkim(key, spaced).level is Level.OK
    missing = dkim(key)
    assert (missing.level, key.record()[-40:] in missing.mend) == (Level.FAIL, True)


@pytest.mark.parametrize(
    ("record", "level", "what"),
    [
        (RSA.record() + "; t=y", Level.WARN, "test"),
        (RSA.record() + "; h=sha1", Level.FAIL, "sha256"),
        (RSA.record() + "; s=other", Level.FAIL, "email"),
        (RSA.record().replace("DKIM1", "DKIM2"), Level.FAIL, "DKIM2"),
        (Key("x", generate_private_key(65537, 2048)).record(), Level.FAIL, "another key"),
        (ED25519.record(), Level.FAIL, "another key"),
        ("v=DKIM1; k=rsa; p=", Level.FAIL, "revoked"),
        ("hello", Level.FAIL, "cannot be read"),
    ],
    ids=["a test", "sha1", "other mail", "DKIM2", "RSA", "Ed25519", "revoked", "no record"],
)
def test_a_dkim_record_that_does_not_verify_our_mail(record: str, level: Level, what: str) -> None:
    found = dkim(RSA, record)
    assert (found.level, what in found.what) == (level, True), found


def dmarc(domains: Domains, **records: str) -> Finding:
    """What is found with these records: below_org is _dmarc.below.org."""
    zone: Zone = {
        (f"_dmarc.{name.replace('_', '.')}", "TXT"): [txt(record)]
        for name, record in records.items()
    }
    with named(zone) as server:
        return domain.dmarc(Nameserver(server), domains)


ORG, NEWS, BACK = "example.org", "news.example.org", "back.example.org"


@pytest.mark.parametrize(
    ("domains", "records", "level", "what"),
    [
        (Domains(ORG, ORG, ORG), {"example_org": "v=DMARC1; p=none"}, Level.OK, "DKIM and SPF"),
        (Domains(NEWS, BACK, ""), {"example_org": "v=DMARC1; p=reject"}, Level.OK, "by SPF"),
        (
            Domains(NEWS, BACK, ORG),
            {"example_org": "v=DMARC1;p=reject;aspf=s"},
            Level.OK,
            "by DKIM",
        ),
        (Domains(NEWS, BACK, ""), {"example_org": "v=DMARC1; p=reject; aspf=s"}, Level.FAIL, "SPF"),
        (
            Domains(NEWS, BACK, ORG),
            {"news_example_org": "v=DMARC1; p=none; psd=n"},
            Level.FAIL,
            "aligns",
        ),
        (Domains(ORG, "relay.test", ""), {"example_org": "v=DMARC1; p=none"}, Level.FAIL, "no key"),
        (
            Domains(ORG, "example.net", ORG),
            {"example_org": "v=DMARC1; p=none"},
            Level.OK,
            "by DKIM",
        ),
        (Domains(ORG, ORG, ORG), {}, Level.FAIL, "there is no record"),
        (Domains(ORG, ORG, ORG), {"example_org": "v=DMARC1; rua=x"}, Level.FAIL, "no policy"),
        (
            Domains(ORG, ORG, ORG),
            {"example_org": "v=DMARC1; p=none; p=none"},
            Level.FAIL,
            "cannot be read",
        ),
        (Domains("a.b.test", "c.b.test", ""), {"test": "v=DMARC1; p=none; psd=y"}, Level.OK, "SPF"),
        (
            Domains("a.test", "b.test", ""),
            {"test": "v=DMARC1; p=none; psd=y"},
            Level.FAIL,
            "aligns",
        ),
    ],
)
def test_dmarc(domains: Domains, records: dict[str, str], level: Level, what: str) -> None:
    found = dmarc(domains, **records)
    assert (found.level, what in found.what) == (level, True), found


@pytest.mark.parametrize(
    ("zone", "level"),
    [
        ({(HERE, "MX"): ["20 b.example.org.", "10 a.example.org."]}, Level.OK),
        ({(HERE, "MX"): ["0 ."]}, Level.FAIL),
        ({(HERE, "A"): ["192.0.2.1"]}, Level.WARN),
        ({(HERE, "AAAA"): ["2001:db8::1"]}, Level.WARN),
        ({}, Level.FAIL),
    ],
)
def test_bounces_need_a_server_that_takes_them(zone: Zone, level: Level) -> None:
    with named(zone) as server:
        found = domain.bounces(Nameserver(server), HERE)
    assert found.level is level
    assert level is not Level.OK or found.what == "bounces go to a.example.org"


def test_a_server_that_cannot_answer_is_no_empty_answer() -> None:
    with named({(HERE, "TXT"): [BROKEN]}) as server, pytest.raises(DnsError, match="the TXT of"):
        domain.spf(Nameserver(server), HERE)


@pytest.mark.parametrize("given", ["dns.example.org", "127.0.0.1:", "127.0.0.1:99999", "[::1]:x"])
def test_a_name_server_is_given_by_its_address(given: str) -> None:
    with pytest.raises(SettingsError, match="--nameserver"):
        Nameserver(given)
