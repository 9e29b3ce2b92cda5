"""RSS, Atom and RDF bytes to feedparser's entries, guarded against what XML can do to a reader."""

import codecs
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from xml.parsers import expat

import feedparser
from feedparser.encodings import lazy_chardet_encoding

from digest.core.paper import Problem
from digest.errors import SourceFormatError
from digest.sources.fields import excerpt

LARGEST = 16 * 1024 * 1024  # bytes of XML; arXiv's largest day has about 5 MB
DEEPEST = 100  # open elements
MOST_ATTRIBUTES = 100  # of one element
# Well-formed XML is read fast; what is not goes to a reader that takes 30 us for each of these.
MOST_LOOSE_MARKS = 200_000
_BOMS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_UNMARKED = {b"<\0?\0": "utf-16-le", b"\0<\0?": "utf-16-be"}
_DECLARATION = re.compile(r"^\s*<\?xml[^>]{0,300}\?>")
_CHARSET = re.compile(rb"^\s*<\?xml[^>]{0,200}?encoding=['\"]([A-Za-z][\w.:-]{1,30})['\"]")
# Codecs of Python that are no character sets, some of them slow on purpose.
_NO_CHARSET = re.compile(r"idna|punycode|undefined|.*escape", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Feed:
    """The entries of one feed in its order, and where its XML broke, if it did."""

    entries: tuple[Mapping[str, Any], ...]
    title: str
    problems: tuple[Problem, ...]


class _RefusedError(Exception):
    """The XML uses what no feed needs; raised out of expat's handlers."""


def read(body: bytes, label: str) -> Feed:
    """The feed in `body`; SourceFormatError if it is none, or defines entities, or is too large
    or too deep. Ill-formed XML is read as far as it goes, with a problem naming the line."""
    if len(body) > LARGEST:
        raise SourceFormatError(f"{label}: larger than {LARGEST >> 20} MB, so not read")
    text = _decoded(body)
    bare = _DECLARATION.sub("", text, count=1)
    utf8 = f"<?xml version='1.0' encoding='utf-8'?>\n{bare}".encode("utf-8", "replace")
    problem = _check(utf8, label)
    found = _parsed(utf8, label)
    if not found.get("version") and not found["entries"]:
        raise SourceFormatError(f"{label}: no feed (RSS, Atom or RDF): {_quoted(body)}")
    title = found["feed"].get("title", "")
    entries = tuple(found["entries"])
    return Feed(entries, title if isinstance(title, str) else "", (problem,) if problem else ())


def value(entry: Mapping[str, Any], key: str) -> Any:
    """A raw value of an entry; feedparser's own get() answers some absent keys with others."""
    return dict.get(entry, key) if isinstance(entry, dict) else entry.get(key)


def _parsed(utf8: bytes, label: str) -> Any:
    try:
        return feedparser.parse(io.BytesIO(utf8), sanitize_html=False, resolve_relative_uris=False)
    except Exception as error:  # hostile bytes, and a lenient parser of many moods
        reason = excerpt(str(error) or type(error).__name__)
        raise SourceFormatError(f"{label}: no feed that can be read: {reason}") from error


def _check(utf8: bytes, label: str) -> Problem | None:
    """Read the XML once for its shape alone; the problem is where it stops being well-formed."""
    try:
        _walk(utf8)
    except _RefusedError as error:
        raise SourceFormatError(f"{label}: {error}") from error
    except expat.ExpatError as error:
        if re.search(rb"<!ENTITY", utf8, re.IGNORECASE):
            raise SourceFormatError(f"{label}: defines XML entities, so not read") from error
        if sum(map(utf8.count, (b"<", b"&", b"="))) > MOST_LOOSE_MARKS:
            raise SourceFormatError(f"{label}: too much ill-formed XML to read") from error
        return _problem(error)
    return None


def _problem(error: expat.ExpatError) -> Problem | None:
    # Feeds write &nbsp; without defining it every day; the text is read all the same.
    if error.code == expat.errors.codes[expat.errors.XML_ERROR_UNDEFINED_ENTITY]:
        return None
    place = f"line {max(error.lineno - 1, 1)}"  # the first line is ours
    return Problem(place, f"XML breaks off here: {expat.ErrorString(error.code)}")


def _walk(utf8: bytes) -> None:
    parser, depth = expat.ParserCreate(), 0

    def start(_name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if len(attributes) > MOST_ATTRIBUTES:
            raise _RefusedError(f"an element with more than {MOST_ATTRIBUTES} attributes")
        if depth > DEEPEST:
            raise _RefusedError(f"more than {DEEPEST} elements inside one another, so not read")

    def end(_name: str) -> None:
        nonlocal depth
        depth -= 1

    def entity(*_declaration: object) -> None:
        raise _RefusedError("defines XML entities, so not read")

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.EntityDeclHandler = entity
    parser.Parse(utf8, True)


def _decoded(body: bytes) -> str:
    """The body in the first character set that fits: that of its byte order mark, of its XML
    declaration, UTF-8, the one that it looks like, Windows-1252."""
    for charset in _charsets(body):
        try:
            return body.decode(charset).removeprefix("\ufeff")
        except (UnicodeError, LookupError):
            continue
    return body.decode("windows-1252", "replace")


def _charsets(body: bytes) -> Iterator[str]:
    yield from (charset for mark, charset in _BOMS.items() if body.startswith(mark))
    yield from (charset for start, charset in _UNMARKED.items() if body.startswith(start))
    if (match := _CHARSET.match(body)) and not _NO_CHARSET.match(name := match[1].decode()):
        yield "gb18030" if name.lower() == "gb2312" else name  # its superset, and what is meant
    yield "utf-8"
    if lazy_chardet_encoding is not None:
        yield lazy_chardet_encoding(body[:65_536]) or "utf-8"


def _quoted(body: bytes) -> str:
    """What came instead: "Rate exceeded." says more than any message of ours."""
    said = re.sub(r"<[^>]*>", " ", body[:2000].decode("utf-8", "replace"))
    return f"it says: {excerpt(said, 120)}" if said.strip() else "it is empty"
