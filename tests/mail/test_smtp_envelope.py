"""MAIL and RCPT as a server may be told them (standards.md 11 and 34; RFC 3461, 4 and 5)."""

import pytest

from digest.core.message import Message, message_id
from digest.mail.envelope import Offers, Unsendable, envelope, xtext
from tests.mail.faults import DATA, message
from tests.mail.test_smtp import send
from tests.smtpd import Smtpd

ALL = Offers(size=True, eight_bit=True, utf8=True, dsn=True, pipelining=True)


def told(message: Message, offers: Offers = ALL) -> tuple[str, str]:
    found = envelope(message, offers)
    return found.mail.decode(), found.rcpt.decode()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain-1.2@example.org", "plain-1.2@example.org"),
        ("a+b=c", "a+2Bb+3Dc"),
        ("with space", "with+20space"),
        ("tab\tand\x7f", "tab+09and+7F"),
        ("~!*,-<>", "~!*,-<>"),
        ("é", "+C3+A9"),
        ("", ""),
    ],
)
def test_xtext_lets_through_what_may_stand_and_codes_the_rest(text: str, expected: str) -> None:
    assert xtext(text) == expected


def test_bounces_are_asked_for_by_the_name_of_the_message() -> None:
    server = Smtpd(extensions=("DSN", "SIZE 1000000"))
    key = message_id("digest.2026-03-02.7", b"secret", "example.org")
    one = Message(key, "papers@example.org", "ada+papers@example.net", "x", DATA)
    again = [send(server, one)[0].code, send(server, one)[0].code]
    assert again == [250, 250]
    name = key.strip("<>")
    assert [received.mail for received in server.messages] == [
        f"MAIL FROM:<papers@example.org> SIZE={len(DATA)} RET=HDRS ENVID={name}"
    ] * 2
    assert server.messages[0].rcpt == (
        "RCPT TO:<ada+papers@example.net> NOTIFY=FAILURE,DELAY"
        " ORCPT=rfc822;ada+2Bpapers@example.net"
    )


def test_a_server_without_dsn_is_told_nothing_of_it() -> None:
    mail, rcpt = told(message(), Offers())
    assert mail == "MAIL FROM:<papers@example.org>\r\n"
    assert rcpt == "RCPT TO:<reader1@example.net>\r\n"


def test_a_long_name_is_cut_to_its_left_half_and_a_longer_one_left_out() -> None:
    def envid(key: str) -> str:
        mail, _ = told(Message(key, "a@example.org", "b@example.net", "x", DATA))
        return mail.partition("RET=HDRS")[2].strip()

    assert envid(f"<{'k' * 32}@{'d' * 50}.example>") == f"ENVID={'k' * 32}@{'d' * 50}.example"
    assert envid(f"<{'k' * 32}@{'d' * 200}.example>") == f"ENVID={'k' * 32}"
    assert envid(f"<{'k' * 101}@example.org>") == ""
    assert envid("<>") == ""


def test_an_orcpt_too_long_to_be_said_is_left_out() -> None:
    _, rcpt = told(message(to=f"{'=' * 200}@example.org"))
    assert "ORCPT" not in rcpt
    assert "NOTIFY=FAILURE,DELAY" in rcpt


def test_an_original_recipient_in_utf8_is_named_in_ascii() -> None:
    """RFC 6533, 3: utf-8-addr-xtext."""
    mail, rcpt = told(message(to="δ+a@example.net"))
    assert mail.rstrip().endswith("ENVID=1@example.org")
    assert " SMTPUTF8 " in mail
    assert rcpt == (
        "RCPT TO:<δ+a@example.net> NOTIFY=FAILURE,DELAY"
        " ORCPT=utf-8;\\x{3B4}\\x{2B}a@example.net\r\n"
    )


@pytest.mark.parametrize(
    ("data", "offered", "asked"),
    [(DATA, True, False), ("é\r\n".encode(), True, True), ("é\r\n".encode(), False, False)],
)
def test_eight_bits_are_announced_only_where_there_are_some(
    data: bytes, offered: bool, asked: bool
) -> None:
    mail, _ = told(message(data=data), Offers(eight_bit=offered))
    assert ("BODY=8BITMIME" in mail) is asked


def test_extensions_are_known_by_their_keywords() -> None:
    every = {"size": "1000", "8bitmime": "", "smtputf8": "", "dsn": "", "pipelining": ""}
    assert Offers.of(every) == ALL
    assert Offers.of({"auth": "PLAIN", "sizes": ""}) == Offers()


@pytest.mark.parametrize(
    "to", ['"quoted name"@example.org', "a@[192.0.2.1]", "a/b{c}@example.org", "o'neil@example.org"]
)
def test_an_odd_address_is_told_as_it_is(to: str) -> None:
    assert told(message(to=to))[1].startswith(f"RCPT TO:<{to}> ")


@pytest.mark.parametrize(
    "to",
    ["a@b\r\nRCPT TO:<c@d>", "a@b> SIZE=1", "a b@example.org", "a,b@example.org", "a@b\x00",
     "A <a@example.org>", "a@b\ud800", "δ@b\n", "no-at-sign", '"a"b@c d'],
)  # fmt: skip
def test_an_address_that_says_more_than_itself_is_not_told(to: str) -> None:
    with pytest.raises(Unsendable) as caught:
        envelope(message(to=to), ALL)
    assert not caught.value.ours
    with pytest.raises(Unsendable) as caught:
        envelope(Message("<1@a>", to, "b@example.net", "x", DATA), ALL)
    assert caught.value.ours


def test_the_empty_sender_is_one() -> None:
    assert told(Message("<1@a>", "", "b@example.net", "x", DATA))[0].startswith("MAIL FROM:<> ")
