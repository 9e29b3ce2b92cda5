"""Bytes to text and to JSON, within bounds: a hostile body is refused, never a traceback."""

import json
import zlib

from digest.errors import SourceFormatError
from digest.sources.fields import excerpt

LARGEST = 64 * 1024 * 1024  # bytes, unpacked
_GZIP = b"\x1f\x8b"
_DIGITS = 18  # of a number that can mean anything here


def unpacked(body: bytes, name: str) -> bytes:
    """`body` without gzip, if it has it; SourceFormatError where it is damaged or too large."""
    if not body.startswith(_GZIP):
        return _bounded(body, name)
    unpacker = zlib.decompressobj(wbits=31)
    try:
        plain = unpacker.decompress(body, LARGEST + 1)
    except zlib.error as error:
        raise SourceFormatError(f"{name}: damaged gzip data; compress it again") from error
    if not unpacker.eof and len(plain) <= LARGEST:
        raise SourceFormatError(f"{name}: the gzip data ends too early; copy the file again")
    return _bounded(plain, name)


def _bounded(body: bytes, name: str) -> bytes:
    if len(body) > LARGEST:
        raise SourceFormatError(f"{name}: larger than {LARGEST >> 20} MB; split it by day")
    return body


def decoded(body: bytes, name: str) -> str:
    """UTF-8 (with or without a mark), or UTF-16 with one; SourceFormatError naming the first
    byte that is neither."""
    codec = "utf-16" if body[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return body.decode(codec)
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        message = f"{name}: line {line} is not UTF-8 text; save it as UTF-8"
        raise SourceFormatError(message) from error


def from_json(body: bytes | str, name: str) -> object:
    """The JSON value of a body; NaN, infinities and endless numbers in it are null.

    SourceFormatError names the line where reading stopped, and quotes a short foreign body.
    """
    shown = body if isinstance(body, str) else decoded(body, name)
    try:
        return json.loads(shown, parse_constant=lambda _: None, parse_int=_whole)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        message = f"{name}: no JSON: {error.msg} at {where}; it begins: {excerpt(shown)}"
        raise SourceFormatError(message) from error
    except RecursionError as error:
        raise SourceFormatError(f"{name}: the JSON is nested too deeply") from error


def _whole(digits: str) -> int | None:
    return int(digits) if len(digits) <= _DIGITS else None
