"""Signed links: who a link is for and what it may do, proven by an HMAC; nothing is stored.

A token is 33 bytes as 44 URL-safe characters: format, subscriber id, token version, second of
issue, and 144 bits of HMAC-SHA256 over these, the purpose and what it is about. The purpose is
not inside: a link of one purpose is simply a forgery for another.
"""

import hmac
import re
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from subscribers.errors import BadToken
from subscribers.macs import mac

CONFIRM_WITHIN = timedelta(hours=48)

_FORMAT = 1
_HEAD = struct.Struct(">BQHI")
_MAC_BYTES = 18
_SHAPE = re.compile(r"[A-Za-z0-9_-]{44}", re.ASCII)
_DOMAIN = b"papers-digest link\0"


class Purpose(StrEnum):
    """What a link may do."""

    CONFIRM = "confirm"
    UNSUBSCRIBE = "unsubscribe"
    SETTINGS = "settings"
    FEEDBACK = "feedback"
    ADDRESS = "address"  # a change of address, confirmed at the new one
    VIEW = "view"  # one digest as a web page


@dataclass(frozen=True, slots=True)
class Link:
    """What a genuine token says. The caller refuses it when `version` is not the subscriber's
    own (links were revoked), save for unsubscribing, which always works."""

    subscriber_id: int
    version: int
    issued_at: datetime


def make(
    purpose: Purpose,
    subscriber_id: int,
    *,
    key: bytes,
    version: int,
    now: datetime,
    about: str = "",
) -> str:
    """A token for one purpose and one subscriber.

    `about` (a paper, a new address) is bound into the signature and not contained: whoever
    reads the token must name the same. `version` is taken modulo 65,536.
    """
    head = _HEAD.pack(_FORMAT, subscriber_id, version & 0xFFFF, int(now.timestamp()))
    return urlsafe_b64encode(head + _mac(key, purpose, about, head)).decode()


def read(
    token: str,
    purpose: Purpose,
    *,
    key: bytes,
    now: datetime,
    max_age: timedelta | None = None,
    about: str = "",
) -> Link:
    """What the token says; BadToken if it is forged, of another purpose, or older than `max_age`.

    An unsubscribe link never expires, whatever `max_age` is. Source: CASL (a link must work for
    60 days at least), RFC 8058. Compared in constant time.
    """
    if not _SHAPE.fullmatch(token):
        raise BadToken("this link is incomplete: copy all of it from the mail")
    body = urlsafe_b64decode(token)
    head, proof = body[:-_MAC_BYTES], body[-_MAC_BYTES:]
    if not hmac.compare_digest(proof, _mac(key, purpose, about, head)):
        raise BadToken("this link is not one of ours, or was made for something else")
    return _opened(head, purpose, now, max_age)


def _opened(head: bytes, purpose: Purpose, now: datetime, max_age: timedelta | None) -> Link:
    token_format, subscriber_id, version, second = _HEAD.unpack(head)
    if token_format != _FORMAT:
        raise BadToken("this link was made by another version of this program")
    issued_at = datetime.fromtimestamp(second, UTC)
    expires = max_age is not None and purpose is not Purpose.UNSUBSCRIBE
    if expires and max_age is not None and now - issued_at > max_age:
        raise BadToken("this link has expired: ask for a new one")
    return Link(subscriber_id, version, issued_at)


def _mac(key: bytes, purpose: Purpose, about: str, head: bytes) -> bytes:
    if not key:
        raise ValueError("an empty key signs nothing: set the secret")
    text = b"\0".join((_DOMAIN + purpose.encode(), head, about.encode()))
    return mac(key, text)[:_MAC_BYTES]
