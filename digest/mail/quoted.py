"""Quoted-printable in closed pieces: each begins and ends at a line's start, so pieces may be
joined in any order and no line grows beyond 76; no line begins with a dot.

Nearly all text is printable ASCII, of which only "=" changes: it is broken here by slices, since
b2a_qp and str.isprintable look at each character, some 10 ns each.

Source: RFC 2045, 6.7; RFC 5321, 4.5.2 (the dot).
"""

from binascii import b2a_qp

LONGEST = 76
SOFT = b"=\r\n"

_EQUALS = ord("=")
_NOT_PRINTABLE = bytes((*range(10), *range(11, 32), 127))  # but "\n", the end of a line


def quoted(text: str) -> bytes:
    """`text` with "\\n" line ends as one closed piece; b"" for ""."""
    if text.isascii():
        data = text.encode("ascii")
        if len(data.translate(None, _NOT_PRINTABLE)) == len(data):
            return _printable(data)
    return _by_octets(text.replace("\n", "\r\n").encode())


def _printable(data: bytes) -> bytes:
    coded = data.replace(b"=", b"=3D")
    if b"\n" in coded:
        if b" \n" in coded or coded.endswith(b" "):
            return _by_octets(data.replace(b"\n", b"\r\n"))
        coded = b"\r\n".join([_broken(line) for line in coded.split(b"\n")])
    else:
        coded = _broken(coded[:-1] + b"=20" if coded.endswith(b" ") else coded)
    if coded.startswith(b".") or b"\n." in coded:
        return _spelled(data.replace(b"\n", b"\r\n"))
    return coded + SOFT if coded and not coded.endswith(b"\n") else coded


def _broken(coded: bytes) -> bytes:
    """One line in quoted-printable, broken before column 76 and never within a "=3D"."""
    if len(coded) < LONGEST:
        return coded
    lines, start, last = [], 0, len(coded) - LONGEST
    while start <= last:
        end = start + LONGEST - 1
        if coded[end - 1] == _EQUALS:
            end -= 1
        elif coded[end - 2] == _EQUALS:
            end -= 2
        lines.append(coded[start:end])
        start = end
    return SOFT.join((*lines, coded[start:]))


def _by_octets(data: bytes) -> bytes:
    """Any text with CRLF line ends."""
    coded = b2a_qp(data, istext=True)
    if b"\r\n" not in data:
        coded = coded.replace(b"=\n", SOFT)
    if coded.startswith(b".") or b"\n." in coded:
        return _spelled(data)
    if coded.endswith(b"\r\n"):
        return coded
    last_line = len(coded) - coded.rfind(b"\n") - 1
    return coded + SOFT if last_line < LONGEST else _spelled(data)


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
