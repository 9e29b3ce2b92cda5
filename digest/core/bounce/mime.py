"""A hostile mail taken apart: bounded in octets, parts and depth, and never an exception."""

import re
from base64 import b64decode
from collections.abc import Iterator
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from typing import TYPE_CHECKING, TypeAlias

MOST_OCTETS = 1_000_000
MOST_PARTS = 60
LONGEST_HEADER = 4_000
LONGEST_TEXT = 60_000

if TYPE_CHECKING:
    Mail: TypeAlias = Message[str, str]
else:  # generic to the type checker only
    Mail = Message

# Each part that the parser nests costs it a pass over all that follows.
_NESTING = re.compile(rb"^content-type:|\bboundary\s*=", re.IGNORECASE | re.MULTILINE)
_TAGS = re.compile(r"<[^<>]{0,2000}>")
_BREAKS = re.compile(r"</?(?:p|br|div|tr|td|li|h\d)\b[^<>]{0,2000}>", re.IGNORECASE)
_HIDDEN = re.compile(r"<(style|script|head)\b(?:[^<]|<(?!/\1))*", re.IGNORECASE)


def opened(data: bytes) -> Mail | None:
    """The mail, without what exceeds MOST_OCTETS; None if its parts are too many or too deep."""
    data = _without_envelope_line(data[:MOST_OCTETS])
    if len(_NESTING.findall(data)) > 2 * MOST_PARTS:
        return None
    try:
        return message_from_bytes(data)
    except Exception:  # noqa: BLE001 - the library's parser has no one error for hostile bytes
        return None


def _without_envelope_line(data: bytes) -> bytes:
    """Without the "From " line that mbox files and pipes put first."""
    data = data.lstrip(b"\r\n")
    return data.partition(b"\n")[2] if data.startswith((b"From ", b">From ")) else data


def parts(mail: Mail) -> list[Mail]:
    """All parts in order; a returned message is one part, and not looked into.

    But a whole report inside of another mail, as a virus scanner passes it on, is looked into.
    """
    found: list[Mail] = []
    waiting = [mail]
    while waiting and len(found) < MOST_PARTS:
        part = waiting.pop(0)
        inner = children(part)
        is_carrier = kind(part) == "message/rfc822" and any(map(_is_report, inner))
        if inner and (kind(part).startswith("multipart/") or is_carrier):
            waiting[:0] = inner
        else:
            found.append(part)
    return found


def _is_report(part: Mail) -> bool:
    return kind(part) == "multipart/report"


def children(part: Mail) -> list[Mail]:
    # Asked only of a container: decoding another's text fails on a wrong charset.
    payload = part.get_payload() if part.is_multipart() else []
    return [one for one in payload if isinstance(one, Message)] if isinstance(payload, list) else []


def kind(part: Mail) -> str:
    """The content type, lower case."""
    return part.get_content_type()


def header(part: Mail, name: str) -> str:
    """One header on one line, encoded words decoded; "" where there is none."""
    return next(headers(part, name), "")


def headers(part: Mail, name: str) -> Iterator[str]:
    """Every header of this name, each on one line."""
    for value in part.get_all(name, []):
        yield one_line(_decoded(str(value)[:LONGEST_HEADER]))


def _decoded(value: str) -> str:
    if "=?" not in value:
        return value
    try:
        return str(make_header(decode_header(value)))
    except Exception:  # noqa: BLE001 - wrong encoded words raise whatever their codec raises
        return value


def one_line(text: str) -> str:
    """`text` on one line, what cannot be printed as a space."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def text(part: Mail) -> str:
    """The text of a part that is no container, tags taken out; "" for other kinds."""
    if not kind(part).startswith(("text/", "message/delivery")):
        return ""
    found = _payload(part)
    if kind(part) == "text/html" or found.lstrip()[:6].lower() in ("<html>", "<!doct"):
        found = _TAGS.sub(" ", _BREAKS.sub("\n", _HIDDEN.sub(" ", found)))
        found = found.replace("&lt;", "<").replace("&gt;", ">").replace("&nbsp;", " ")
    return found


def _payload(part: Mail) -> str:
    octets = _octets(part)[:LONGEST_TEXT]
    for charset in (_charset(part), "utf-8"):
        try:
            return octets.decode(charset)
        except (LookupError, ValueError):
            continue
    return octets.decode("latin-1")


def _octets(part: Mail) -> bytes:
    try:
        found = part.get_payload(decode=True)
    except Exception:  # noqa: BLE001 - as above: any codec's error
        return b""
    return found if isinstance(found, bytes) else b""


def _charset(part: Mail) -> str:
    try:
        return part.get_content_charset() or "utf-8"
    except Exception:  # noqa: BLE001 - as above
        return "utf-8"


def blocks(part: Mail) -> list[Mail]:
    """The groups of fields in a message/delivery-status or message/feedback-report part."""
    found = children(part)[:MOST_PARTS]
    if not found:
        return [_fields(text(part))]
    if "base64" in str(part.get("content-transfer-encoding", "")).lower():  # not allowed, and seen
        return _decoded_blocks(found)
    return found


def _decoded_blocks(found: list[Mail]) -> list[Mail]:
    joined = b"".join(_octets(one) for one in found)[:LONGEST_TEXT]
    try:
        plain = b64decode(joined).decode("utf-8", "replace")
    except ValueError:
        return found
    return [_fields(block) for block in re.split(r"\r?\n[ \t]*\r?\n", plain)]


def _fields(block: str) -> Mail:
    return opened(block.strip().encode("utf-8", "replace")) or Message()
