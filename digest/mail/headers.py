"""The headers of a digest: their values, and how a value goes over the wire.

Source: RFC 5322 (form), 2047 (other than ASCII), 2919 (List-Id), 2369 and 8058 (unsubscribing),
3834 (automatic mail); Gmail's feedback loop (Feedback-ID).
"""

import re
from base64 import b64encode
from datetime import date, datetime, timedelta
from email.utils import format_datetime
from functools import lru_cache

import idna

from digest.core import verp
from digest.core.message import Recipient
from digest.mail.site import Site
from digest.mail.wording import clean

LONGEST_NAME = 64
_WORD = 42  # octets in one encoded word: "Subject: " and the word end before column 78
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")


def wire_address(address: str) -> str:
    """`address` with its domain in A-labels; the local part is kept as it was typed.

    A domain that has none (not valid under IDNA) is left as it is, for the server to judge.
    Source: RFC 5891; RFC 5321, 2.4.
    """
    if address.isascii():
        return address
    local, _, domain = address.rpartition("@")
    try:
        return f"{local}@{idna.encode(domain, uts46=True).decode()}"
    except idna.IDNAError:
        return address


def sender_name(site: Site) -> str:
    """The display name of From, capped so that the line stays short."""
    return clean(site.from_name or site.name, LONGEST_NAME).replace("=?", "= ?")


def envelope_sender(site: Site, delivery_key: str) -> str:
    """MAIL FROM of a delivery: the bounce mailbox with the delivery's signed tag, if there is one.

    Source: RFC 5321, 4.4 (it becomes Return-Path).
    """
    if not site.bounce_address:
        return site.address
    return verp.sender(wire_address(site.bounce_address), delivery_key, site.secret)


def fixed(site: Site) -> list[tuple[str, str]]:
    """The headers that all readers share, but From and the MIME ones."""
    found = [
        ("List-Id", list_id(site)),
        ("Auto-Submitted", "auto-generated"),
        ("Precedence", "list"),
        ("X-Auto-Response-Suppress", "OOF, AutoReply"),
    ]
    return [("Reply-To", wire_address(site.reply_to)), *found] if site.reply_to else found


def personal(site: Site, recipient: Recipient, day: date) -> list[tuple[str, str]]:
    """The headers made for one reader, but To, Date, Message-ID and Subject."""
    ways, *one_click = unsubscribing(recipient.unsubscribe_url, recipient.unsubscribe_mailto)
    return [ways, ("Feedback-ID", feedback_id(site, recipient, day)), *one_click]


def unsubscribing(url: str, mailto: str) -> list[tuple[str, str]]:
    """The ways to leave: by a URL and, unless it is "", by a mail.

    One-click needs https (RFC 8058, 3.1): a site on plain http has no List-Unsubscribe-Post.
    """
    ways = [("List-Unsubscribe", f"<{url}>, <mailto:{mailto}>" if mailto else f"<{url}>")]
    if url.startswith("https://"):
        ways.append(("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))
    return ways


def list_id(site: Site) -> str:
    """The list's name and its id, which never changes with the day or the reader."""
    return f"{sender_name(site)} <digest.{site.domain}>"


def feedback_id(site: Site, recipient: Recipient, day: date) -> str:
    """edition:kind:cadence:sender, for a mailbox provider's complaint counts."""
    return _feedback_id(day, recipient.cadence, site.domain)


@lru_cache(256)
def _feedback_id(day: date, cadence: str, domain: str) -> str:
    kept = re.sub(r"[^a-z]", "", cadence.lower())
    return f"{day:%Y%m%d}:digest:{kept}:{domain}"


def dated(now: datetime) -> str:
    """The value of Date."""
    return _dated(now, now.utcoffset())


@lru_cache(16)  # a run has one instant; two may be equal and differ in their zones
def _dated(now: datetime, _offset: timedelta | None) -> str:
    return format_datetime(now)


def wire(name: str, value: str) -> bytes:
    """One header line or lines of free text, with CRLF; what is not ASCII in encoded words.

    `value` is clean text; a value of ASCII is folded at its first comma only where it is long,
    since a URL must not be broken.
    """
    if value.isascii():
        line = f"{name}: {value}\r\n"
        return (line if len(line) <= 80 else line.replace(", ", ",\r\n ", 1)).encode("ascii")
    return f"{name}: {_encoded(value)}\r\n".encode("ascii")


def wire_mailbox(name: str, display: str, address: str) -> bytes:
    """A header of one mailbox with a display name."""
    if not display.isascii():
        phrase = _encoded(display) + "\r\n "
    elif _ATOMS.fullmatch(display):
        phrase = f"{display} " if display else ""
    else:
        phrase = '"' + re.sub(r'(["\\])', r"\\\1", display) + '" '
    return f"{name}: {phrase}<{address}>\r\n".encode("ascii")


@lru_cache(4096)  # a day's subjects are few, its readers many
def _encoded(text: str) -> str:
    """`text` in encoded words of at most 75 octets, none of which splits a character."""
    words, word = [], b""
    for char in text:
        octets = char.encode()
        if len(word) + len(octets) > _WORD:
            words.append(word)
            word = b""
        word += octets
    return "\r\n ".join(f"=?utf-8?b?{b64encode(w).decode()}?=" for w in [*words, word])
