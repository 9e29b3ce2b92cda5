"""DKIM: the signatures that let a mailbox provider trust the From of our mail.

Relaxed forms, the whole body, no expiry. What a message must not have twice is signed once more
than it is there, so that one added on the way breaks the signature.
Source: RFC 6376 (3.4.2, 3.4.4, 3.5, 3.7, 8.15); RFC 8058, 4 (List-Unsubscribe); RFC 8463.
"""

from base64 import b64encode
from email.utils import mktime_tz, parsedate_tz
from functools import lru_cache
from hashlib import sha256

import numpy as np

from digest.mail.dkim_key import Key

OVERSIGNED = (
    b"from", b"to", b"subject", b"date", b"reply-to", b"list-unsubscribe", b"list-unsubscribe-post",
)  # fmt: skip
SIGNED = (*OVERSIGNED, b"message-id", b"mime-version", b"content-type", b"list-id", b"feedback-id")
_NAME = b"DKIM-Signature: "
_LINE = 72  # octets of a folded line without its name


class Signer:
    """Signs for one domain: with an RSA key and, where given, an Ed25519 key beside it.

    It never changes, so threads may share it.
    """

    def __init__(self, domain: str, rsa: Key, ed25519: Key | None = None) -> None:
        self.domain = domain
        self.keys = tuple(key for key in (rsa, ed25519) if key)
        self._keys = [(key, _start(key, domain)) for key in self.keys]

    def sign(self, data: bytes) -> bytes:
        """The message with its signatures on top, the same bytes for the same message.

        `data` has CRLF line ends only, and dots not stuffed yet. The signature's time is the
        message's Date; it has none where the Date is missing or cannot be read.
        """
        head, _, body = data.partition(b"\r\n\r\n")
        fields = _fields(head)
        names, signed = _chosen(fields)
        proof = b64encode(sha256(relaxed_body(body)).digest())
        end = b"%s\r\n h=%s;\r\n bh=%s;\r\n b=" % (_time(fields), _listed(names), proof)
        hashed = sha256(signed)
        made: list[bytes] = []
        for key, start in self._keys:
            header = start + end
            one = hashed.copy()
            one.update(b"dkim-signature:" + header.replace(b"\r\n ", b" "))
            made += (_NAME, header, _folded(b64encode(key.sign(one.digest()))), b"\r\n")
        return b"".join((*made, data))


def _start(key: Key, domain: str) -> bytes:
    """All of a signature that does not change with the message."""
    return (
        f"v=1; a={key.algorithm}; c=relaxed/relaxed;\r\n d={domain};\r\n s={key.selector};".encode()
    )


def relaxed_body(body: bytes) -> bytes:
    """The relaxed form of a body: no white space at line ends, elsewhere one space for any run
    of it, no empty lines at the end."""
    if body and not body.endswith(b"\r\n"):
        body += b"\r\n"
    if b"\t" in body or _has_loose_space(body):
        body = _single_spaced(body.replace(b"\t", b" ")).replace(b" \r\n", b"\r\n")
    if body.endswith(b"\r\n\r\n") or body == b"\r\n":
        body = body.rstrip(b"\r\n")
        body += b"\r\n" if body else b""
    return body


def _has_loose_space(body: bytes) -> bool:
    """Whether a space comes before another one or a line end.

    Quoted-printable has none, so this is what a message costs; searching for pairs of octets
    takes six times as long.
    """
    octets = np.frombuffer(body, np.uint8)
    return bool(((octets[:-1] == 32) & (octets[1:] <= 32)).any())


def _single_spaced(text: bytes) -> bytes:
    while b"  " in text:
        text = text.replace(b"  ", b" ")
    return text


def _fields(head: bytes) -> dict[bytes, list[bytes]]:
    """The relaxed values of every header, from the top, by its name in lower case."""
    found: dict[bytes, list[bytes]] = {}
    unfolded = _single_spaced(head.replace(b"\t", b" ").replace(b"\r\n ", b" "))
    for line in unfolded.split(b"\r\n"):
        name, _, value = line.partition(b":")
        found.setdefault(name.rstrip(b" ").lower(), []).append(value.strip(b" "))
    return found


def _chosen(fields: dict[bytes, list[bytes]]) -> tuple[tuple[bytes, ...], bytes]:
    """The names to list, and the headers they stand for; of one name, the last header first."""
    names: list[bytes] = []
    lines: list[bytes] = []
    for name in SIGNED:
        for value in reversed(fields.get(name, ())):
            names.append(name)
            lines += (name, b":", value, b"\r\n")
        if name in OVERSIGNED:
            names.append(name)
    return tuple(names), b"".join(lines)


def _time(fields: dict[bytes, list[bytes]]) -> bytes:
    dates = fields.get(b"date")
    return _instant(dates[-1]) if dates else b""


@lru_cache(64)  # all messages of a run have one date
def _instant(date: bytes) -> bytes:
    read = parsedate_tz(date.decode("ascii", "replace"))
    return b" t=%d;" % mktime_tz(read) if read else b""


@lru_cache(64)  # and one set of headers
def _listed(names: tuple[bytes, ...]) -> bytes:
    """The names joined by colons, in lines."""
    lines, line = [], b""
    for name in names:
        if len(line) + len(name) >= _LINE:
            lines.append(line)
            line = b""
        line += name + b":"
    return b"\r\n ".join([*lines, line])[:-1]


def _folded(signature: bytes) -> bytes:
    pieces = [signature[at : at + _LINE] for at in range(0, len(signature), _LINE)]
    return b"\r\n ".join(pieces)
