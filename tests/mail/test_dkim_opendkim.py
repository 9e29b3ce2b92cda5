"""What OpenDKIM, a program in another language, says of our signatures (standards.md 26-29)."""

from pathlib import Path

from digest.mail.compose import compose
from tests.mail import given as build
from tests.mail.signed import BOTH, ONE, by_opendkim, lines_of, with_lines

DIGEST = compose(build.parts(), build.digest(), build.reader(), build.NOW).data
HEAD = DIGEST.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"


def test_one_signature_and_two_hold(tmp_path: Path) -> None:
    told = by_opendkim(tmp_path, ONE.sign(DIGEST), BOTH.sign(DIGEST))
    assert told == [["pass"], ["pass", "pass"]]


def test_odd_bodies_and_headers_hold(tmp_path: Path) -> None:
    plain = compose(build.parts(), build.digest(), build.reader(plain_only=True), build.NOW)
    folded = HEAD.replace(b"Subject: ", b"Subject:  \t Two\r\n \t lines  and\r\n\tthree ")
    odd = [
        HEAD,
        HEAD + b"\r\n\r\n",
        HEAD + b" \t\r\n\r\n",
        HEAD + b"a  b\t\tc \t\r\n.\r\n..\r\n \r\n\r\n",
        HEAD + "é → 漢\r\n".encode(),
        folded + b"Hello\r\n",
        plain.data,
    ]
    assert by_opendkim(tmp_path, *map(BOTH.sign, odd)) == [["pass", "pass"]] * len(odd)


def test_what_was_changed_or_added_fails(tmp_path: Path) -> None:
    signed = ONE.sign(DIGEST)
    lines = lines_of(signed)
    spoilt = [
        signed.replace(b"\r\nList-Unsubscribe: <", b"\r\nList-Unsubscribe: <x"),
        signed.replace(b"\r\nFeedback-ID: ", b"\r\nFeedback-ID: x"),
        with_lines([*lines, b"Subject: Another"], signed),
        with_lines([b"Reply-To: thief@example.net", *lines], signed),
        with_lines([b"List-Unsubscribe-Post: other", *lines], signed),
        signed.replace(b"\r\nFOR YOU", b"\r\nFor you"),
        signed + b"more\r\n",
    ]
    assert all(data != signed for data in spoilt)
    assert by_opendkim(tmp_path, *spoilt) == [["fail"]] * len(spoilt)
