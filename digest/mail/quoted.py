"""Quoted-printable in closed pieces: each begins and ends at a line's start, so pieces may be
joined in any order and no line grows beyond 76; no line begins with a dot.

Source: RFC 2045, 6.7; RFC 5321, 4.5.2 (the dot).
"""

from binascii import b2a_qp

LONGEST = 76
SOFT = b"=\r\n"


def quoted(text: str) -> bytes:
    """`text` with "\\n" line ends as one closed piece; b"" for ""."""
    if len(text) < LONGEST and text.isascii() and text.isprintable() and _is_plain(text):
        return text.encode("ascii") + SOFT if text else b""
    data = text.replace("\n", "\r\n").encode()
    coded = b2a_qp(data, istext=True)
    if b"\r\n" not in data:
        coded = coded.replace(b"=\n", SOFT)
    if coded.startswith(b".") or b"\n." in coded:
        return _spelled(data)
    if coded.endswith(b"\r\n"):
        return coded
    last_line = len(coded) - coded.rfind(b"\n") - 1
    return coded + SOFT if last_line < LONGEST else _spelled(data)


def _is_plain(text: str) -> bool:
    return "=" not in text and text[:1] != "." and text[-1:] != " "


def _spelled(data: bytes) -> bytes:
    """The slow way, for what b2a_qp gets wrong here: a dot first, or a full last line."""
    lines = data.split(b"\r\n")
    whole = [b"".join(_folded(line)) + b"\r\n" for line in lines[:-1]]
    last = b"".join(_folded(lines[-1])) + SOFT if lines[-1] else b""
    return b"".join(whole) + last


def _folded(line: bytes) -> list[bytes]:
    signs, width = [], 0
    for place, byte in enumerate(line):
        sign = _sign(byte, last=place == len(line) - 1)
        if width + len(sign) >= LONGEST:
            signs.append(SOFT)
            width = 0
        if width == 0 and sign == b".":
            sign = b"=2E"
        signs.append(sign)
        width += len(sign)
    return signs


def _sign(byte: int, *, last: bool) -> bytes:
    literal = (33 <= byte <= 126 and byte != 61) or (byte == 32 and not last)
    return bytes([byte]) if literal else b"=%02X" % byte
