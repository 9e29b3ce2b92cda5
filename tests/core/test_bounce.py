"""What a mail that came back says: kind, whose, why; and that no bytes can do harm."""

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from digest.core.bounce import Kind, fingerprint, of_reply, read_report
from tests import reports

POLICY = [
    ("5.7.26", "smtp; 550-5.7.26 This mail is unauthenticated, which poses a security risk"),
    (
        "5.7.1",
        "smtp; 550 5.7.1 Service unavailable, Client host [192.0.2.1] blocked using Spamhaus",
    ),
    ("5.7.515", "smtp; 550 5.7.515 Access denied, sending domain does not meet the level"),
    ("4.7.28", "smtp; 421-4.7.28 Gmail has detected an unusual rate of unsolicited mail"),
    (
        "5.0.0",
        "smtp; 550-5.7.1 [192.0.2.1] Our system has detected that this message is likely spam",
    ),
    ("5.0.0", "smtp; 554 Message not allowed - [PH01] Email not accepted for policy reasons."),
    ("5.2.3", "smtp; 552 5.2.3 Message exceeds maximum fixed size"),
    ("5.1.8", "smtp; 553 5.1.8 Domain of sender address does not exist"),
    ("5.0.0", "smtp; 554 5.6.0 Message contains invalid content"),
    ("", "smtp; 550 SPF check failed for example.org"),
]
HARD = [
    ("5.1.1", "smtp; 550 5.1.1 The email account that you tried to reach does not exist."),
    ("5.1.10", "smtp; 550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found"),
    ("5.1.2", "X-Postfix; Host or domain name not found. Name service error"),
    ("5.4.1", "smtp; 550 5.4.1 Recipient address rejected: Access denied."),
    ("5.0.0", "smtp; 550 No such user here"),
    ("5.0.0", ""),
    ("5.5.0", "smtp; 550 5.5.0 Requested action not taken: mailbox unavailable: no such user"),
    ("", "smtp; 554 delivery error: dd This user doesn't have a yahoo.com account"),
    ("5.2.1", "smtp; 550 5.2.1 The email account that you tried to reach is disabled."),
    ("5.1.1", "smtp; host mx1.proofpoint.example said: 550 5.1.1 User unknown"),
]
SOFT = [
    ("4.2.2", "smtp; 452 4.2.2 The email account that you tried to reach is over quota."),
    ("5.2.2", "smtp; 552 5.2.2 Mailbox full"),
    ("4.4.7", "X-Postfix; delivery temporarily suspended: connection timed out"),
    ("5.4.7", "smtp; delivery expired"),
    ("5.0.0", "smtp; 552 Quota exceeded"),
    ("5.3.2", "smtp; 521 5.3.2 system not accepting network messages"),
    (
        "5.2.1",
        "smtp; 550 5.2.1 The user you are trying to contact is receiving mail at a rate that",
    ),
    ("", ""),
]


@pytest.mark.parametrize(
    ("kind", "status", "words"),
    [(kind, *case) for kind, cases in
     ((Kind.POLICY, POLICY), (Kind.HARD, HARD), (Kind.SOFT, SOFT)) for case in cases],
)  # fmt: skip
def test_code_and_words_say_whose_fault_it_is(kind: Kind, status: str, words: str) -> None:
    """standards.md 35, 37: policy is ours, whatever else the words say."""
    found = read_report(reports.dsn(status=status, diagnostic=words))
    assert found.kind is kind
    assert found.recipients == ("ada@example.net",)
    assert found.final


def test_a_delay_is_a_warning_and_no_failure() -> None:
    found = read_report(reports.dsn(action="delayed", status="4.4.1", diagnostic=""))
    assert (found.kind, found.final) == (Kind.SOFT, False)


def test_a_report_of_success_is_no_bounce() -> None:
    found = read_report(reports.dsn(action="delivered", status="2.0.0", diagnostic=""))
    assert found.kind is Kind.AUTO_REPLY


def test_the_address_as_we_wrote_it_outranks_where_it_was_forwarded() -> None:
    data = reports.dsn(recipient="elsewhere@example.com").replace(
        b"Final-Recipient", b"Original-Recipient: rfc822;ada@example.net\nFinal-Recipient"
    )
    assert read_report(data).recipients == ("ada@example.net",)


def test_the_gravest_of_several_recipients_decides() -> None:
    data = reports.dsn().replace(
        b"Diagnostic-Code: smtp; 550 5.1.1 user unknown\n",
        b"\nFinal-Recipient: rfc822; b@example.net\nAction: failed\nStatus: 4.2.2\n",
    )
    found = read_report(data)
    assert (found.kind, found.recipients) == (Kind.HARD, ("ada@example.net",))


def test_what_is_returned_of_our_message_is_found() -> None:
    ours = (
        b"Return-Path: <bounces+" + b"a" * 32 + b"@example.org>\nTo: ada@example.net\n"
        b"Message-ID: <abc@example.org>\nDate: Thu, 07 May 2026 06:00:00 +0000\n"
        b"Feedback-ID: 20260507:digest:daily:example.org\n"
        b"List-Unsubscribe: <https://example.org/unsubscribe/" + b"T" * 44 + b">\n\nHello\n"
    )
    for headers_only in (True, False):
        found = read_report(reports.dsn(returned=ours, headers_only=headers_only))
        assert found.original.message_id == "<abc@example.org>"
        assert found.original.feedback_id.startswith("20260507:")
        assert found.original.to == "ada@example.net"
        assert str(found.original.sent_on) == "2026-05-07"
        assert found.tags == ("a" * 32,)
        assert found.tokens == ("T" * 44,)


@pytest.mark.parametrize("where", ["To", "Delivered-To", "X-Original-To", "Received"])
def test_the_tag_is_found_in_the_address_the_bounce_came_in_by(where: str) -> None:
    tag = "b2" * 16
    address = f"bounces+{tag.upper()}@example.org"  # some servers fold case
    value = f"from a by b for <{address}>; Thu" if where == "Received" else address
    assert read_report(reports.dsn(**{where.replace("-", "_"): value})).tags == (tag,)


def test_the_envelope_id_may_carry_the_tag_too() -> None:
    assert read_report(reports.dsn(envelope_id="c3" * 16)).tags == ("c3" * 16,)


def test_a_status_report_in_base64_is_read() -> None:
    from base64 import encodebytes

    data = reports.dsn().decode()
    start = data.index("Reporting-MTA")
    end = data.index("\n--=_report", start)
    coded = encodebytes(data[start:end].encode()).decode()
    head = "Content-Type: message/delivery-status\n"
    data = data[:start] + coded + data[end:]
    data = data.replace(head, head + "Content-Transfer-Encoding: base64\n")
    assert read_report(data.encode()).kind is Kind.HARD


@pytest.mark.parametrize(
    ("feedback", "kind"),
    [("abuse", Kind.COMPLAINT), ("fraud", Kind.COMPLAINT), ("other", Kind.COMPLAINT),
     ("opt-out", Kind.COMPLAINT), ("not-spam", Kind.AUTO_REPLY), ("auth-failure", Kind.POLICY)],
)  # fmt: skip
def test_a_feedback_report_is_a_complaint_unless_it_says_otherwise(
    feedback: str, kind: Kind
) -> None:
    """standards.md 36; RFC 6430 (not-spam) and RFC 6591 (auth-failure) are none."""
    found = read_report(reports.arf(b"Message-ID: <x@y>\n\nHi\n", kind=feedback))
    assert found.kind is kind
    assert found.original.message_id == "<x@y>"


def test_leaving_by_mail_needs_the_links_token_in_the_subject_or_the_address() -> None:
    token = "Ab_-" * 11
    by_subject = reports.notice("", sender="ada@example.net", subject=f"unsubscribe {token}")
    by_address = reports.notice("", sender="a@b.example", to=f"leave+{token}@example.org")
    without = reports.notice("please", sender="ada@example.net", subject="Unsubscribe")
    assert (read_report(by_subject).kind, read_report(by_subject).tokens) == (
        "unsubscribe",
        (token,),
    )
    assert (read_report(by_address).kind, read_report(by_address).tokens) == (
        "unsubscribe",
        (token,),
    )
    assert (read_report(without).kind, read_report(without).tokens) == ("unsubscribe", ())
    assert token not in read_report(by_subject).diagnostic


def test_a_token_in_an_encoded_and_folded_subject_is_found() -> None:
    token = "Ab_-" * 11
    data = (f"From: a@b.example\nSubject: =?utf-8?q?unsubscribe?=\n {token}\n\n\n").encode()
    assert read_report(data).tokens == (token,)


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"X_Autoreply": "yes"},
        {"Precedence": "auto_reply"},
        {"subject": "Automatic reply: Today's papers"},
        {"subject": "Abwesenheitsnotiz: Papers"},
        {"subject": "Out of Office: back on Monday"},
    ],
)
def test_vacation_notices_are_no_bounces(headers: dict[str, str]) -> None:
    """standards.md 20: whoever is away loses nothing."""
    known = {"subject": "Re: papers", **headers}
    data = reports.notice(
        "I am away and will not receive mail until Monday; write to bob@example.net. My inbox "
        "may be full. Mail delivery to me is fine.",
        sender="Ada <ada@example.net>",
        Return_Path="<>",
        **known,
    )
    assert read_report(data).kind is Kind.AUTO_REPLY


def test_a_persons_mail_is_left_to_people() -> None:
    data = reports.notice("I love your papers!", sender="ada@example.net", subject="Thanks")
    assert read_report(data).kind is Kind.UNKNOWN


def test_the_diagnostic_is_one_short_line() -> None:
    found = read_report(reports.dsn(diagnostic="smtp; 550 5.1.1 " + "x\r\n " * 3000))
    assert "\n" not in found.diagnostic
    assert len(found.diagnostic) <= 300


@pytest.mark.parametrize(
    ("reply", "code", "kind"),
    [
        ("5.1.1 <a@b.example>: user unknown", 550, Kind.HARD),
        ("5.2.2 mailbox full", 552, Kind.SOFT),
        ("No such user", 550, Kind.HARD),
        ("5.7.1 spam", 550, Kind.POLICY),
        ("unsupported: mx offers no SMTPUTF8, which this address needs", None, Kind.POLICY),
        ("Transaction failed", 554, Kind.SOFT),
    ],
)
def test_what_a_relay_says_at_once_is_judged_alike(
    reply: str, code: int | None, kind: Kind
) -> None:
    assert of_reply(reply, code) is kind


def test_line_ends_and_the_mbox_line_do_not_change_a_mails_name() -> None:
    data = reports.dsn()
    assert fingerprint(data) == fingerprint(data.replace(b"\n", b"\r\n"))
    assert fingerprint(data) == fingerprint(b"From x@y Thu May  7 06:00:00 2026\n" + data)
    assert fingerprint(data) != fingerprint(reports.dsn(status="5.1.2"))


MIME = st.sampled_from(
    [b"Content-Type: multipart/report; boundary=x\n", b"Content-Type: message/rfc822\n",
     b"Content-Type: message/delivery-status\n", b"Content-Type: message/feedback-report\n",
     b"Content-Type: text/html; charset=\xff\n", b"Content-Transfer-Encoding: base64\n",
     b"Content-Type: text/plain; charset*0*=utf-8''%ff%fe; charset*1=\n", b"\n\n", b"--x\n",
     b"--x--\n", b"Final-Recipient: rfc822;a@b\n", b"Action: failed\n", b"Status: 5.1.1\n",
     b"Subject: =?utf-8?b?\xff?= =?bogus?q?=ff?=\n", b"From: mailer-daemon\n", b"\x00",
     b"<a@b.c>\n",
     b"Date: Fri, 99 Foo 99999999999 99:99:99 +9999\n", b"Feedback-Type: abuse\n", b"=\n", b"\r"]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(MIME | st.binary(max_size=30), max_size=30).map(b"".join))
@example(b"")
@example(b"Content-Type: multipart/mixed; boundary=\n\n--\n")
@example(b"Content-Type: message/delivery-status\n\n\n")
@example(b"Content-Type: message/feedback-report\n\n\n")
def test_no_bytes_make_it_fail(data: bytes) -> None:
    found = read_report(data)
    assert found.kind in Kind
    assert len(found.diagnostic) <= 300


HOSTILE = {
    "nested multiparts": b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(5000)
    ),
    "nested messages": b"Content-Type: message/rfc822\n\n" * 30000,
    "one line": b"From: mailer-daemon@x\n\n" + b"a" * 5_000_000,
    "addresses": b"From: mailer-daemon@x\n\nundeliverable " + b"<a@b.example> " * 100_000,
    "open tags": b"From: mailer-daemon@x\nContent-Type: text/html\n\n" + b"<style" * 200_000,
    "headers": b"To: " + b"x@y.example, " * 200_000 + b"\n\nundeliverable",
    "many headers": b"Received: for <a@b>\n" * 100_000 + b"\n\n",
    "spaces": b"From: mailer-daemon@x\nSubject: undeliverable\n\n" + b"user " * 200_000,
    "quotes": b"Content-Type: text/plain; " + b'a="' * 100_000 + b"\n\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_mail_costs_little(name: str) -> None:
    start = time.process_time()
    assert read_report(HOSTILE[name]).kind in Kind
    assert time.process_time() - start < 5
