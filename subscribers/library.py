"""A reader's own library: .bib, .ris, CSL-JSON and OPML files, lists of ids, as references.

Pure, with readers of our own: a file comes from a stranger, so each takes time linear in its
size, a broken entry costs itself only, and nothing of it reaches a log. (bibtexparser 2.1 prints
what it cannot read, and took 6 s for 200 kB of "@a{"; rispy 0.10 runs a record without its end
into the next.) What a reference names is for others to say: here an identity is a raw text.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from subscribers import opml
from subscribers.errors import BadImport
from subscribers.opml import Feed
from subscribers.profile import tidy

MOST_BYTES = 5_000_000
MOST_ENTRIES = 5_000
LONGEST_ENTRY = 50_000
LONGEST_TITLE = 500
LONGEST_NAME = 2_000  # of a note or a URL that may hold an identity

_KEYS = ("eprint", "arxiv", "arxivid", "doi", "url", "howpublished", "note", "archive_location",
         "number", "journal")  # fmt: skip
_ENTRY = re.compile(r"^[ \t]*@[ \t]*(?!comment|string|preamble)[a-z]+[ \t]*[{(]", re.I | re.M)
_FIELD = re.compile(r"[,\s]([a-z][\w-]*)\s*=\s*", re.I | re.ASCII)
_BRACES = re.compile(r"[{}]|\\.", re.S)
_QUOTES = re.compile(r'[{}"]|\\.', re.S)
_BARE = re.compile(r"[^\s,#{}\"]+")
# What stands alone on a line of a list: an author's id at arXiv, or an ORCID iD.
_AUTHOR = re.compile(
    r"[a-z][a-z'-]*(?:_[a-z][a-z'-]*)*_\d{1,4}|(?:orcid:\s*)?(?:\d{4}-){3}\d{3}[\dx]",
    re.I | re.ASCII,
)
_REMARKS = ("#", "%", "//")
_JOIN = re.compile(r"\s*#\s*")
_RIS = re.compile(r"([A-Z][A-Z0-9])  -(?: (.*))?")
_RIS_KEYS = ("DO", "UR", "L1", "L2", "LK", "AN", "M1", "M3", "N1", "JO", "JF", "T2", "ID")
_IDENTITY = re.compile(
    r"\b(?:arxiv\.org|doi\.org|orcid\.org|openreview\.net|huggingface\.co|hf\.co)/\S+"
    r"|arxiv[:.]\s*\S+|(?<![\d.])10\.\d{4,9}/\S+|(?<![\d./])\d{4}\.\d{4,5}(?:v\d+)?(?![\d.])",
    re.I | re.ASCII,
)
_OLD_ARXIV = re.compile(r"[a-z]+(?:-[a-z]+)*(?:\.[a-z]{2})?/\d{7}(?:v\d+)?", re.I | re.ASCII)


@dataclass(frozen=True, slots=True)
class Reference:
    """A paper as a library names it: its title, "" for none, and texts that may be an arXiv id, a
    DOI or the URL of one, in no order."""

    title: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Library:
    """What a file held; `broken` entries could not be read, and so many at least were `left_out`
    because there are more than MOST_ENTRIES. `feeds` are those of an OPML file."""

    references: tuple[Reference, ...]
    broken: int = 0
    left_out: int = 0
    feeds: tuple[Feed, ...] = ()


def read(data: bytes) -> Library:
    """The references of a .bib, .ris or CSL-JSON file, of a text with ids or links in its lines,
    or the feeds of an OPML file, told apart by their content, in order.

    BadImport if it is none of them, or too large.
    """
    if len(data) > MOST_BYTES:
        raise BadImport(f"the file is larger than {MOST_BYTES // 1_000_000} MB")
    text = _decoded(data)
    if text.lstrip()[:1] == "<":
        return Library((), feeds=opml.read(text))
    reader = _reader(text)
    found = _capped(reader(text))
    if reader is _listed and not found.references:
        raise BadImport(
            "the file is no BibTeX (.bib), RIS (.ris), CSL-JSON (.json) or OPML file, "
            "nor a list of arXiv ids"
        )
    return found


def _decoded(data: bytes) -> str:
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeError:
        text = data.decode("latin-1")  # every byte is a letter there
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _reader(text: str) -> Callable[[str], Iterator[Reference | None]]:
    if text.lstrip()[:1] in ("[", "{"):
        return _csl
    if re.search(r"^TY  -", text, re.M):
        return _ris
    if _ENTRY.search(text):
        return _bibtex
    return _listed


def _capped(found: Iterable[Reference | None]) -> Library:
    every = list(islice(found, 2 * MOST_ENTRIES))
    kept = [one for one in every if one is not None and (one.title or one.names)]
    broken = len(every) - len(kept)
    return Library(tuple(kept[:MOST_ENTRIES]), broken, max(len(kept) - MOST_ENTRIES, 0))


def pasted(text: str) -> tuple[str, ...]:
    """The ids and URLs of a pasted list, one a line or parted by commas or blanks, in order.

    A line that is neither stays whole: it may be a title.
    """
    found: dict[str, None] = {}
    for line in dict.fromkeys(text[:MOST_BYTES].splitlines()):
        for part in _parts(tidy(line)):
            found.setdefault(part)
        if len(found) >= MOST_ENTRIES:
            break
    return tuple(list(found)[:MOST_ENTRIES])


def _listed(text: str) -> Iterator[Reference | None]:
    """The ids and links of a plain text's lines; a line without one is broken, save a remark."""
    for line in dict.fromkeys(text.split("\n")):
        bare = line[:LONGEST_NAME].strip()
        names = dict.fromkeys([bare] if _AUTHOR.fullmatch(bare) else _names(bare))
        yield from (Reference("", (name,)) for name in names)
        if bare and not names and not bare.startswith(_REMARKS):
            yield None


def _parts(line: str) -> list[str]:
    parts = [part for part in re.split(r"[,;\s]+", line) if part]
    if parts and all(_IDENTITY.search(one) or _OLD_ARXIV.fullmatch(one) for one in parts):
        return parts
    return [line] if line else []


def _reference(title: str, texts: Iterable[str]) -> Reference:
    names: dict[str, None] = {}
    for text in texts:
        for name in _names(text[:LONGEST_NAME]):
            names.setdefault(name)
    return Reference(tidy(title)[:LONGEST_TITLE], tuple(names))


def _names(text: str) -> Iterator[str]:
    """The parts of a field that look like an identity: a note may hold more than one."""
    if _OLD_ARXIV.fullmatch(text.strip()):
        yield text.strip()
        return
    for match in _IDENTITY.finditer(text):
        yield match[0].rstrip(".,;)}]>\"'")


def _bibtex(text: str) -> Iterator[Reference | None]:
    """Every entry begins on a line of its own; one that is cut off ends before the next."""
    starts = [match.start() for match in _ENTRY.finditer(text)]
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        yield _bib_entry(text[start : min(end, start + LONGEST_ENTRY)])


def _bib_entry(entry: str) -> Reference | None:
    fields: dict[str, str] = {}
    at = 0
    while match := _FIELD.search(entry, at):
        value, at = _bib_value(entry, match.end())
        if value is None:
            break
        fields.setdefault(match[1].lower(), value)
    if not fields:
        return None
    title = fields.get("title", "")
    return _reference(title, [_unwrapped(fields[key]) for key in _KEYS if key in fields])


def _unwrapped(value: str) -> str:
    return value.replace("{", " ").replace("}", " ").replace("\\url", " ").replace("\\", "")


def _bib_value(entry: str, at: int) -> tuple[str | None, int]:
    """The value that begins at `at`, its pieces joined, and its end; None if it is cut off."""
    pieces = []
    while True:
        if entry[at : at + 1] == "{":
            end = _closing(entry, at + 1, _BRACES, "}")
        elif entry[at : at + 1] == '"':
            end = _closing(entry, at + 1, _QUOTES, '"')
        else:
            word = _BARE.match(entry, at)
            pieces.append(word[0] if word else "")
            end = word.end() - 1 if word else -1
        if end < 0:
            return None, at
        if entry[at] in '{"':
            pieces.append(entry[at + 1 : end])
        joined = _JOIN.match(entry, end + 1)
        if joined is None:
            return "".join(pieces), end + 1
        at = joined.end()


def _closing(entry: str, at: int, signs: re.Pattern[str], end: str) -> int:
    """Where the brace or quote that was opened before `at` is closed; -1 if it never is."""
    depth = 0
    for match in signs.finditer(entry, at):
        if match[0] == end and depth == 0:
            return match.start()
        depth += (match[0] == "{") - (match[0] == "}")
        if depth < 0:
            return -1
    return -1


def _ris(text: str) -> Iterator[Reference | None]:
    """A record begins with TY, and ends with ER or where the next begins."""
    record: dict[str, list[str]] = {}
    last: list[str] = []
    for line in text.split("\n"):
        match = _RIS.match(line)
        if match is None:
            if record and last and len(last[-1]) < LONGEST_NAME:
                last[-1] = f"{last[-1]} {line.strip()}".rstrip()
            continue
        if match[1] in ("TY", "ER") and record:
            yield _ris_record(record)
            record = {}
        if match[1] != "ER":
            last = record.setdefault(match[1], [])
            last.append((match[2] or "").strip())
    if record:
        yield _ris_record(record)


def _ris_record(record: dict[str, list[str]]) -> Reference | None:
    title = next((record[key][0] for key in ("TI", "T1", "CT", "BT") if key in record), "")
    names = [text for key in _RIS_KEYS for text in record.get(key, ())]
    return _reference(title, names)


def _csl(text: str) -> Iterator[Reference | None]:
    """A list of items, or Zotero's {"items": [...]}."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadImport("the file is no whole JSON: export it again") from error
    items = found.get("items", [found]) if isinstance(found, dict) else found
    if not isinstance(items, list):
        raise BadImport("the JSON file holds no list of items: export it as CSL-JSON")
    for item in items:
        yield _csl_item(item) if isinstance(item, dict) else None


def _csl_item(item: dict[str, Any]) -> Reference | None:
    title = item.get("title")
    keys = ("DOI", "URL", "note", "number", "archive_location", "extra", "url", "doi")
    names = [text for key in keys if isinstance(text := item.get(key), str)]
    return _reference(title if isinstance(title, str) else "", names)
