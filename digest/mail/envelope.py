"""The envelope: MAIL and RCPT as this server may be told them.

Source: RFC 5321, 4.1.1; RFC 1870 (SIZE); RFC 6152 (8BITMIME); RFC 6531 (SMTPUTF8); RFC 3461, 4 and
5 (RET, ENVID, NOTIFY, ORCPT); RFC 6533, 3 (ORCPT in UTF-8).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from digest.core.message import Message

_LONGEST_ENVID, _LONGEST_ORCPT = 100, 500  # RFC 3461, 4.2 and 4.4, as encoded
_SIMPLE = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+")
_ODD = re.compile(
    r"""(?:"[^"\\\x00-\x1f\x7f]*"|[^\s<>@,;:"\\\x00-\x1f\x7f]+)@[^\s<>@,;\x00-\x1f\x7f]+"""
)
_XCHARS = re.compile(r"[!-*,-<>-~]*")
_NOT_XCHAR = re.compile(rb"[^!-*,-<>-~]")
_NOT_QCHAR = re.compile(r"[^!-*,-<>-\[\]-~]")


class Unsendable(ValueError):
    """No command can carry this address; `ours` where it is the sender's."""

    def __init__(self, reason: str, *, ours: bool = False) -> None:
        super().__init__(f"unsupported: {reason}")
        self.ours = ours


@dataclass(frozen=True, slots=True)
class Offers:
    """The extensions that a server offers, as far as they concern an envelope."""

    size: bool = False
    eight_bit: bool = False
    utf8: bool = False
    dsn: bool = False
    pipelining: bool = False

    @classmethod
    def of(cls, extensions: Mapping[str, str]) -> Self:
        """From the keywords of EHLO's answer, in lower case."""
        names = ("size", "8bitmime", "smtputf8", "dsn", "pipelining")
        return cls(*(name in extensions for name in names))


@dataclass(frozen=True, slots=True)
class Envelope:
    """MAIL and RCPT, each a whole line."""

    mail: bytes
    rcpt: bytes


def envelope(message: Message, offers: Offers) -> Envelope:
    """The envelope of `message`; Unsendable if this server cannot be told it."""
    utf8 = not message.to.isascii()
    if utf8 and not offers.utf8:
        raise Unsendable("the server offers no SMTPUTF8, which this address needs")
    if not message.sender.isascii() or not _is_address(message.sender or "a@b"):
        raise Unsendable("the sender's address is none that a server could be told", ours=True)
    if not _is_address(message.to):
        raise Unsendable("the address is none that a server could be told")
    mail = f"MAIL FROM:<{message.sender}>"
    if offers.size:
        mail += f" SIZE={len(message.data)}"
    if offers.eight_bit and not message.data.isascii():
        mail += " BODY=8BITMIME"
    if utf8:
        mail += " SMTPUTF8"
    rcpt = f"RCPT TO:<{message.to}>"
    if offers.dsn:
        mail += " RET=HDRS" + _envid(message.message_id)
        rcpt += " NOTIFY=FAILURE,DELAY" + _orcpt(message.to)
    return Envelope(f"{mail}\r\n".encode(), f"{rcpt}\r\n".encode())


def _is_address(address: str) -> bool:
    """Whether a server would understand this address, and no other, from what we would say."""
    if _SIMPLE.fullmatch(address):
        return True
    return bool(_ODD.fullmatch(address)) and _is_unicode(address)


def _is_unicode(address: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in address)


def _envid(message_id: str) -> str:
    """The name that bounces will carry: the Message-ID, or its left half where that is long."""
    name = message_id.strip("<>")
    for part in (name, name.partition("@")[0]):
        if part and len(found := xtext(part)) <= _LONGEST_ENVID:
            return f" ENVID={found}"
    return ""


def _orcpt(address: str) -> str:
    told = f"rfc822;{xtext(address)}" if address.isascii() else f"utf-8;{_utf8_xtext(address)}"
    return f" ORCPT={told}" if len(told) <= _LONGEST_ORCPT else ""


def xtext(text: str) -> str:
    """`text` as a value of an ESMTP parameter. Source: RFC 3461, 4."""
    if _XCHARS.fullmatch(text):
        return text
    return _NOT_XCHAR.sub(lambda found: b"+%02X" % ord(found[0]), text.encode()).decode()


def _utf8_xtext(address: str) -> str:
    return _NOT_QCHAR.sub(lambda found: f"\\x{{{ord(found[0]):02X}}}", address)
