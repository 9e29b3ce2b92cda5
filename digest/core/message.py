"""Recipient and Message: to whom, and the very bytes; the identity of a message."""

from base64 import b32encode
from dataclasses import dataclass
from datetime import date

from subscribers.macs import mac


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """One reader as the mail needs them: the address as typed, the links signed for them.

    `hour` and `zone` are the reader's own clock; `unsubscribe_mailto` is what follows "mailto:"
    in the way to leave by mail ("leave@example.org?subject=..."), "" for none. Feedback goes to
    `feedback_url` followed by "/more/", "/less/" or "/mute/" and the number of the paper.
    """

    delivery_key: str
    address: str
    unsubscribe_url: str
    settings_url: str
    feedback_url: str
    unsubscribe_mailto: str = ""
    subscribed_on: date | None = None
    cadence: str = "daily"
    hour: int = 8
    zone: str = "UTC"
    plain_only: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it goes over the wire; `sender` is the envelope's.

    `data` has CRLF line ends only, ends with one, and no line of it begins with a dot (its
    composer writes =2E), so SMTP need not stuff dots. Where its composer makes sure of that,
    `is_wired` says so, and nobody looks again.
    """

    message_id: str
    sender: str
    to: str
    subject: str
    data: bytes
    is_wired: bool = False


def message_id(delivery_key: str, secret: bytes, domain: str) -> str:
    """The Message-ID of a delivery: always the same for one key, and telling nothing about it.

    Source: RFC 5322, 3.6.4; mailboxes that see an id twice keep one message (RFC 7352).
    """
    digest = mac(secret, f"message-id {delivery_key}".encode())
    return f"<{b32encode(digest[:20]).decode().lower()}@{domain}>"
