"""VERP: the envelope sender of each message carries a signed tag that says whose it is.

What bounces comes back to `bounces+TAG@domain`, so the tag names the delivery however little the
bounce itself says; nobody without the key can make one, so nobody is unsubscribed by a forged
bounce. A tag is 20 octets in base32: a digest's day and reader, or another message's row, and 88
bits of HMAC-SHA256. Base32, because some servers fold the case of a local part.
Source: RFC 3834, 3.1; the idea is D. J. Bernstein's (cr.yp.to/proto/verp.txt).
"""

import hmac
import re
from base64 import b32decode, b32encode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from subscribers.macs import mac

_FIRST_DAY = date(2020, 1, 1)
_MAC_OCTETS = 11
_DOMAIN = b"papers-digest envelope\0"
_KEY = re.compile(
    r"(?P<kind>[a-z_-]{1,16})(?:\.(?P<day>\d{4}-\d\d-\d\d))?\.(?P<number>\d{1,18})", re.ASCII
)
# Not only "+TAG@": relays wrap an address (SRS), and mailboxes have other separators.
_SHAPE = re.compile(r"(?<![a-z0-9])[a-z2-7]{32}(?![a-z0-9])", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class Tagged:
    """Whose a message was: a digest of this day for this subscriber, or, without a day, the
    delivery with this row id."""

    number: int
    day: date | None

    @property
    def subscriber_id(self) -> int | None:
        return self.number if self.day else None


def sender(mailbox: str, delivery_key: str, secret: bytes) -> str:
    """The envelope sender for a delivery: `mailbox` with the delivery's tag.

    At most 64 octets stand before the @ (RFC 5321, 4.5.3.1.1); a mailbox too long for that, or a
    key that is no delivery's, is sent from `mailbox` as it is.
    """
    tag = make(delivery_key, secret)
    local, _, domain = mailbox.rpartition("@")
    tagged = f"{local}+{tag}"
    return f"{tagged}@{domain}" if tag and len(tagged) <= 64 else mailbox


def make(delivery_key: str, secret: bytes) -> str:
    """The tag of a delivery, 32 lower-case letters and digits; "" for a key that is none."""
    found = _KEY.fullmatch(delivery_key)
    if found is None:
        return ""
    days = (date.fromisoformat(found["day"]) - _FIRST_DAY).days + 1 if found["day"] else 0
    number = int(found["number"])
    if not 0 <= days < 2**16 or number >= 2**56:
        return ""
    head = days.to_bytes(2, "big") + number.to_bytes(7, "big")
    return b32encode(head + _mac(head, secret)).decode().lower()


def read(tag: str, secret: bytes) -> Tagged | None:
    """What a tag says; None for one that we did not make. Compared in constant time."""
    if not _SHAPE.fullmatch(tag):
        return None
    octets = b32decode(tag.upper())
    head, proof = octets[:-_MAC_OCTETS], octets[-_MAC_OCTETS:]
    if not hmac.compare_digest(proof, _mac(head, secret)):
        return None
    days = int.from_bytes(head[:2], "big")
    day = _FIRST_DAY + timedelta(days=days - 1) if days else None
    return Tagged(int.from_bytes(head[2:], "big"), day)


def candidates(texts: Iterable[str]) -> tuple[str, ...]:
    """What may be a tag in these texts, in their order, each once."""
    found = (tag.lower() for text in texts for tag in _SHAPE.findall(text))
    return tuple(dict.fromkeys(found))


def _mac(head: bytes, secret: bytes) -> bytes:
    if not secret:
        raise ValueError("an empty key signs nothing: set the secret")
    return mac(secret, _DOMAIN + head)[:_MAC_OCTETS]
