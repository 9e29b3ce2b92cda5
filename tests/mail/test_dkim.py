"""What dkimpy says of our signatures (standards.md 23, 26-29)."""

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from digest.core.message import Message
from digest.mail import headers
from digest.mail.compose import compose
from digest.mail.dkim import OVERSIGNED, SIGNED, relaxed_body
from digest.mail.language import ENGLISH
from digest.mail.letter import Letters
from digest.mail.quoted import quoted
from digest.mail.transport import Options, Patience, open_transport
from tests.given import needs
from tests.mail import given as build
from tests.mail.signed import BOTH, ONE, lines_of, tags, verified, with_lines
from tests.smtpd import Smtpd

ALL = sorted(name.decode() for name in SIGNED)
TWICE = sorted(name.decode() for name in OVERSIGNED)


def digest(**site: str) -> Message:
    return compose(build.parts(**site), build.digest(), build.reader(), build.NOW)


DIGEST = digest()
SIGNED_DIGEST = ONE.sign(DIGEST.data)


def letter(folder: Path, to: str) -> Message:
    """A letter of a template of its own, with what hurts: a long subject, dots, runs of spaces."""
    note = folder / "note"
    note.mkdir()
    (note / "subject.txt").write_text("Please say yes, für alle Fälle, " * 6)
    (note / "body.txt").write_text(".\n..\nTwo  spaces,\ta tab, an end \n\n\n")
    (note / "body.html").write_text("<html><body><p>Ja   bitte\n.</p></body></html>\n\n")
    letters = Letters(folder, build.site())
    return letters.compose("note", ENGLISH, key="note.7", to=to, values={}, at=build.NOW)


def test_a_digest_and_the_message_under_its_signature_are_as_they_should_be() -> None:
    assert verified(SIGNED_DIGEST) == [True]
    assert SIGNED_DIGEST.endswith(b"\r\n" + DIGEST.data)
    told = tags(SIGNED_DIGEST)
    assert list(told) == ["v", "a", "c", "d", "s", "t", "h", "bh", "b"]  # no l=, no x=
    assert (told["a"], told["c"]) == ("rsa-sha256", "relaxed/relaxed")
    assert (told["d"], told["s"]) == ("example.org", "digest")


def test_the_listed_headers_are_those_to_sign_and_once_more_those_not_to_be_added() -> None:
    listed = tags(SIGNED_DIGEST)["h"].split(":")
    assert sorted(listed) == sorted(ALL + TWICE)
    assert {"feedback-id", "list-unsubscribe", "list-unsubscribe-post"} <= set(listed)


def test_no_line_of_a_signature_is_longer_than_78() -> None:
    signature = BOTH.sign(DIGEST.data).removesuffix(DIGEST.data)
    assert max(map(len, signature.split(b"\r\n"))) <= 78


@pytest.mark.parametrize("name", ALL)
def test_a_changed_header_is_seen(name: str) -> None:
    lines = lines_of(SIGNED_DIGEST)
    [place] = [n for n, line in enumerate(lines) if line.lower().startswith(f"{name}:".encode())]
    lines[place] = re.sub(rb": (.)", rb": x\1", lines[place], count=1)
    assert verified(with_lines(lines, SIGNED_DIGEST)) == [False]


@pytest.mark.parametrize("name", ALL)
def test_a_header_taken_away_is_seen(name: str) -> None:
    left = [x for x in lines_of(SIGNED_DIGEST) if not x.lower().startswith(f"{name}:".encode())]
    assert len(left) == len(lines_of(SIGNED_DIGEST)) - 1
    assert verified(with_lines(left, SIGNED_DIGEST)) == [False]


@pytest.mark.parametrize("name", TWICE)
@pytest.mark.parametrize("has_it", [True, False], ids=["there", "absent"])
@pytest.mark.parametrize("at_the_end", [True, False], ids=["last", "first"])
def test_an_added_header_is_seen(name: str, has_it: bool, at_the_end: bool) -> None:
    starts = f"{name}:".encode()
    own = lines_of(DIGEST.data)
    before = [line for line in own if has_it or not line.lower().startswith(starts)]
    signed = ONE.sign(with_lines(before, DIGEST.data))
    assert verified(signed) == [True]
    lines, added = lines_of(signed), starts + b" added"
    lines = [*lines, added] if at_the_end else [added, *lines]
    assert verified(with_lines(lines, signed)) == [False]


def test_of_a_header_that_is_there_twice_both_are_signed_in_their_order() -> None:
    twice = [b"From: a@example.org", b"Feedback-ID: one", b"Feedback-ID: two", b"Subject: Hello"]
    signed = ONE.sign(with_lines(twice, b"\r\n\r\nHello\r\n"))
    assert verified(signed) == [True]
    swapped = signed.replace(b"one", b"tmp").replace(b"two", b"one").replace(b"tmp", b"two")
    assert verified(swapped) == [False]


def test_what_relays_may_do_breaks_nothing() -> None:
    lines = lines_of(SIGNED_DIGEST)
    loose = [re.sub(rb": (?=\S)", b":   \t", line, count=1) + b" " for line in lines]
    around = [b"Received: from a by b; Sat, 21 Nov 2026 07:00:06 +0000", *loose, b"X-Seen: yes"]
    assert verified(with_lines(around, SIGNED_DIGEST + b"\r\n\r\n")) == [True]


@pytest.mark.parametrize("change", [(b"Daily", b"daily"), (b"--\r\n", b"--\r\nmore\r\n")])
def test_a_changed_or_longer_body_is_seen(change: tuple[bytes, bytes]) -> None:
    head, _, body = SIGNED_DIGEST.partition(b"\r\n\r\n")
    changed = body.replace(*change)
    assert changed != body
    assert verified(head + b"\r\n\r\n" + changed) == [False]


def test_both_signatures_hold_and_the_first_is_rsa() -> None:
    signed = BOTH.sign(DIGEST.data)
    assert verified(signed) == [True, True]
    assert [tags(signed, place)["a"] for place in (0, 1)] == ["rsa-sha256", "ed25519-sha256"]
    assert tags(signed, 1)["s"] == "digest-ed25519"
    assert verified(signed.replace(b"\r\nSubject: ", b"\r\nSubject: x")) == [False, False]


def test_the_time_is_that_of_the_message_so_a_retry_has_the_same_bytes() -> None:
    elsewhere = build.NOW.astimezone(timezone(timedelta(hours=-5)))
    there = compose(build.parts(), build.digest(), build.reader(), elsewhere)
    assert tags(ONE.sign(there.data))["t"] == str(int(build.NOW.timestamp()))
    assert BOTH.sign(DIGEST.data) == BOTH.sign(DIGEST.data)


def test_without_a_date_that_can_be_read_there_is_no_time() -> None:
    data = b"From: a@example.org\r\nDate: some day\r\n\r\nHello\r\n"
    assert "t" not in tags(ONE.sign(data))
    assert verified(ONE.sign(data)) == [True]


@pytest.mark.parametrize("to", ["reader@example.net", "διάβασε@example.net"])
def test_a_letter_verifies(tmp_path: Path, to: str) -> None:
    assert verified(BOTH.sign(letter(tmp_path, to).data)) == [True, True]


def test_plain_text_and_a_name_that_is_not_ascii_verify() -> None:
    parts = build.parts(from_name="Tägliche Papers — für alle, die früh lesen", name="Papers")
    plain = compose(parts, build.digest(), build.reader(plain_only=True), build.NOW)
    assert b"Content-Type: text/plain" in plain.data
    assert verified(ONE.sign(plain.data)) == [True]


def test_threads_may_share_a_signer() -> None:
    messages = [DIGEST.data.replace(b"reader@", b"reader%d@" % number) for number in range(40)]
    with ThreadPoolExecutor(8) as threads:
        at_once = list(threads.map(BOTH.sign, messages))
    assert at_once == [BOTH.sign(data) for data in messages]
    assert len(set(at_once)) == 40


def test_what_an_smtp_server_got_verifies(tmp_path: Path) -> None:
    head = DIGEST.data.partition(b"\r\n\r\n")[0]
    body = b"\r\n.\r\n..\r\n.dot  \t here \r\n\r\nend \r\n\r\n\r\n"
    data = BOTH.sign(head + b"\r\n\r\n" + body)
    message = replace(DIGEST, data=data, is_wired=False)
    server = Smtpd()

    async def talk() -> None:
        async with server:
            options = Options(patience=Patience(2, 2, 2), helo="client.example.org")
            async with open_transport(f"smtp://127.0.0.1:{server.port}", options) as transport:
                await transport.hand_over(message)

    asyncio.run(talk())
    got = server.messages[0].data.replace(b"\r\n..", b"\r\n.")  # as a receiver unstuffs dots
    assert got == message.data
    assert verified(got) == [True, True]


def test_the_relaxed_body_is_that_of_the_standard() -> None:
    """RFC 6376, 3.4.5 and 3.4.4: an empty body stays empty."""
    assert relaxed_body(b" C \r\nD \t E\r\n\r\n\r\n") == b" C\r\nD E\r\n"
    assert relaxed_body(b"") == relaxed_body(b"\r\n") == relaxed_body(b" \t\r\n\r\n") == b""
    assert relaxed_body(b"no end") == b"no end\r\n"


LINES = st.lists(st.text(" \t.a=é", max_size=12), max_size=8).map("\r\n".join)


@given(text=LINES)
@example(text="\t")
@example(text="a \t\r\n \r\n")
def test_the_relaxed_body_is_that_of_another_implementation(text: str) -> None:
    needs("dkim")
    from dkim.canonicalization import Relaxed

    body = text.encode() + b"\r\n"
    expected = Relaxed.canonicalize_body(body)
    assert relaxed_body(body) == (expected if expected != b"\r\n" else b"")


WORDS = st.text(st.sampled_from('aZ9 ,.:;"<>()=?_éß→漢🎉'), max_size=300).map(str.strip)


@settings(deadline=None, max_examples=60)
@given(
    subject=WORDS,
    name=WORDS,
    link=st.text("abc/?=&-_%", min_size=1, max_size=600),
    text=LINES,
    coded=st.booleans(),
    ended=st.booleans(),
)
@example(subject="", name="", link="a", text="", coded=False, ended=False)
@example(subject="é" * 90, name="é" * 90, link="a", text=".\r\n..\r\n\r\n", coded=False, ended=True)
def test_whatever_our_composers_may_make_verifies(
    subject: str, name: str, link: str, text: str, coded: bool, ended: bool
) -> None:
    plain = text.encode() + (b"\r\n" if ended or text else b"")
    body = quoted(text.replace("\r\n", "\n")) if coded else plain
    head = (
        headers.wire_mailbox("From", name, "papers@example.org"),
        b"To: reader@example.net\r\nDate: Sat, 21 Nov 2026 07:00:05 +0000\r\n",
        headers.wire("Subject", subject),
        headers.wire("List-Unsubscribe", f"<https://example.org/{link}>, <mailto:x@example.org>"),
    )
    assert verified(BOTH.sign(b"".join((*head, b"\r\n", body)))) == [True, True]
