"""Complaints: feedback reports of RFC 5965 (ARF), sent when a reader presses "spam"."""

from dataclasses import dataclass

from digest.core.bounce import mime
from digest.core.bounce.mime import Mail
from digest.core.bounce.report import Kind

# not-spam is the opposite (RFC 6430); auth-failure is about our keys (RFC 6591).
_NO_COMPLAINT = {"not-spam": Kind.AUTO_REPLY, "auth-failure": Kind.POLICY, "dmarc": Kind.POLICY}


@dataclass(frozen=True, slots=True)
class Feedback:
    """What a feedback report says; the recipient is often blacked out."""

    kind: Kind
    recipients: tuple[str, ...]
    words: str
    envelope: str


def feedback(part: Mail) -> Feedback:
    """What a message/feedback-report part says."""
    [fields, *_] = mime.blocks(part) or [part]
    name = mime.header(fields, "feedback-type").lower()
    recipients = tuple(
        address.strip("<> ")
        for address in mime.headers(fields, "original-rcpt-to")
        if "@" in address
    )
    agent = mime.header(fields, "user-agent")
    envelope = " ".join(
        mime.header(fields, field) for field in ("original-mail-from", "original-envelope-id")
    )
    kind = _NO_COMPLAINT.get(name, Kind.COMPLAINT)
    return Feedback(kind, recipients[:20], f"{name or 'complaint'} by {agent or '?'}", envelope)
