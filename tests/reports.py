"""Builds the mails that come back: status reports, complaints, notices in words."""

from email.message import EmailMessage

SENDER = "papers@example.org"


def dsn(
    *,
    to: str = "bounces@example.org",
    recipient: str = "ada@example.net",
    action: str = "failed",
    status: str = "5.1.1",
    diagnostic: str = "smtp; 550 5.1.1 user unknown",
    returned: bytes = b"",
    headers_only: bool = True,
    envelope_id: str = "",
    **headers: str,
) -> bytes:
    """A multipart/report of RFC 3464 about one recipient, returning a message or its headers."""
    fields = ["Reporting-MTA: dns; mx.example.net"]
    fields += [f"Original-Envelope-Id: {envelope_id}"] if envelope_id else []
    fields += ["", f"Final-Recipient: rfc822; {recipient}", f"Action: {action}"]
    fields += [f"Status: {status}"] if status else []
    fields += [f"Diagnostic-Code: {diagnostic}"] if diagnostic else []
    parts = [
        part("text/plain", "Your message could not be delivered."),
        part("message/delivery-status", "\n".join(fields) + "\n"),
    ]
    if returned:
        head = returned.replace(b"\r\n", b"\n")
        kind = "text/rfc822-headers" if headers_only else "message/rfc822"
        body = head.partition(b"\n\n")[0] + b"\n" if headers_only else head
        parts.append(part(kind, body.decode()))
    top = {
        "From": "Mail Delivery System <MAILER-DAEMON@mx.example.net>",
        "To": to,
        "Subject": "Undelivered Mail Returned to Sender",
        "Auto-Submitted": "auto-replied",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    return report("delivery-status", top, parts)


def arf(
    returned: bytes,
    *,
    to: str = "fbl@example.org",
    kind: str = "abuse",
    mail_from: str = "",
    rcpt_to: str = "",
) -> bytes:
    """A feedback report of RFC 5965 about a message of ours."""
    fields = [f"Feedback-Type: {kind}", "User-Agent: SomeFBL/1.0", "Version: 1"]
    fields += [f"Original-Mail-From: <{mail_from}>"] if mail_from else []
    fields += [f"Original-Rcpt-To: <{rcpt_to}>"] if rcpt_to else []
    parts = [
        part("text/plain", "This is an email abuse report."),
        part("message/feedback-report", "\n".join(fields) + "\n"),
        part("message/rfc822", returned.replace(b"\r\n", b"\n").decode()),
    ]
    top = {"From": "feedback@provider.example", "To": to, "Subject": "FW: your papers"}
    return report("feedback-report", top, parts)


def part(kind: str, body: str) -> str:
    return f"Content-Type: {kind}\n\n{body}"


def report(kind: str, headers: dict[str, str], parts: list[str]) -> bytes:
    top = "".join(f"{name}: {value}\n" for name, value in headers.items())
    body = "".join(f"--=_report\n{one}\n" for one in parts)
    return (
        f"{top}MIME-Version: 1.0\nContent-Type: multipart/report; report-type={kind};\n"
        f' boundary="=_report"\n\n{body}--=_report--\n'
    ).encode()


def notice(
    text: str,
    *,
    sender: str = "MAILER-DAEMON@mx.example.net",
    to: str = "bounces@example.org",
    subject: str = "failure notice",
    **headers: str,
) -> bytes:
    """A mail in words."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, to, subject
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return mail.as_bytes()
