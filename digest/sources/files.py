"""A listing in a file, recognised by what it holds, whatever its name.

JSON of Hugging Face (one day or many), of arXiv as collectors store it, of bioRxiv, or with the
fields of table.py; JSON lines; CSV; feeds of any kind; captures of the papers page; all of these
in gzip. The name is asked for dates only.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import PurePath

from digest.core.paper import Listing, Paper, Problem
from digest.errors import SourceFormatError
from digest.sources import arxiv, biorxiv, feed, fields, huggingface, page, syndication, table
from digest.sources.body import decoded, from_json, unpacked
from digest.sources.fields import Record, RecordError

EXPECTED = (
    "JSON or JSON lines (Hugging Face, arXiv, bioRxiv), CSV with a title column, RSS or Atom, "
    "or a saved papers page"
)
_DAY_IN_NAME = re.compile(r"(?<!\d)(\d{4}-\d{2}-\d{2})(?!\d)")
_INSTANT_IN_NAME = re.compile(r"(?<!\d)(\d{8}T\d{6})Z")
_STAMPS = re.compile(r"(?:_*captured_)?_*\d{8}T\d{6}Z(?:__[0-9a-f]{6,64})?|\d{4}-\d{2}-\d{2}")
_FEED_STARTS = (b"<", b"\xff\xfe<", b"\xfe\xff\x00<", b"<\x00", b"\x00<")


@dataclass(frozen=True, slots=True)
class FileListing:
    """What a file holds: the listing and the name of the source it belongs to.

    `source` is "huggingface", "arxiv", "biorxiv", "medrxiv", "page", or "file:NAME" with the file's
    name without its dates, so that the next day's file is the same source. `day` is the listing's
    own day where the file as a whole says it, else the one in its name; a paper's `listed_on`
    goes before it. `observed_at` is when it was captured, where the name says so.
    """

    source: str
    listing: Listing
    day: date | None = None
    observed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Shape:
    """One kind of JSON record: how to know it, how to read it, whose it is."""

    fits: Callable[[Record], bool]
    read: Callable[[Record], Paper]
    source: str


_SHAPES = (
    _Shape(huggingface.is_record, huggingface.paper_of, "huggingface"),
    _Shape(arxiv.is_stored, arxiv.stored_paper, "arxiv"),
    _Shape(biorxiv.is_record, biorxiv.paper_of, "biorxiv"),
    _Shape(lambda record: "title" in record, table.paper_of, ""),
)


def recognise(body: bytes, name: str) -> FileListing:
    """The listing in a file's bytes; SourceFormatError if it is none of the known kinds.

    Records that cannot be read are problems of the listing ("record 3: ..."), and when none can,
    the listing has problems only.
    """
    name = PurePath(name).name
    body = unpacked(body, name)
    if not body.strip():
        raise SourceFormatError(f"{name}: is empty; expected {EXPECTED}")
    found = _in_feed(body, name) if _starts_a_feed(body) else _in_text(decoded(body, name), name)
    return replace(
        found,
        source=found.source or _own_source(name),
        day=found.day or _day_in(name),
        observed_at=_instant_in(name),
    )


def _starts_a_feed(body: bytes) -> bool:
    return body[:4096].removeprefix(b"\xef\xbb\xbf").lstrip().startswith(_FEED_STARTS)


def _in_feed(body: bytes, name: str) -> FileListing:
    found = syndication.read(body, name)
    if arxiv.is_feed(found.title):
        papers = fields.listing(found.entries, arxiv.paper_of_entry, "entry")
        return FileListing("arxiv", replace(papers, problems=found.problems + papers.problems))
    listing = feed.listing_of(found)
    server = re.match(r"\s*(biorxiv|medrxiv)\b", found.title, re.IGNORECASE)
    if server:
        return FileListing(server[1].lower(), biorxiv.posted(listing))
    return FileListing("", listing)


def _in_text(text: str, name: str) -> FileListing:
    if page.is_page(text):
        return FileListing("page", page.listing_of(text))
    if _is_json_lines(text):
        return _in_records([_line(line) for line in text.splitlines() if line.strip()])
    if text.lstrip()[:1] in ("[", "{") or re.fullmatch(r"[\w.\"+-]+", text.strip()):
        return _in_json(from_json(text, name), name)
    if table.is_table(text):
        return FileListing("", table.listing_of(text, name))
    shown = fields.excerpt(text)
    raise SourceFormatError(f"{name}: no listing; expected {EXPECTED}; it begins: {shown}")


def _is_json_lines(text: str) -> bool:
    """Whether two of the first lines are whole JSON objects; a damaged one does not decide."""
    first = [line for line in text[:1_000_000].splitlines()[:20] if line.strip()][:3]
    whole = [line for line in first if line.strip()[0] == "{" and line.strip()[-1] == "}"]
    return len(whole) >= 2


def _line(line: str) -> object:
    """The value of one line; a line that is no JSON stays text, which no reader takes."""
    try:
        return from_json(line, "line")
    except SourceFormatError:
        return line


def _in_json(document: object, name: str) -> FileListing:
    if biorxiv.is_answer(document):
        assert isinstance(document, Mapping)  # noqa: S101 -- is_answer has said so
        return replace(
            _in_records(document["collection"]), listing=biorxiv.listing_of(document, name)
        )
    if isinstance(document, Mapping) and "papers" in document:
        found = _in_records(document["papers"], fields.day(document.get("date")))
        quiet = "arxiv" if document.get("status") == "empty_feed" else ""
        return replace(found, source=found.source or quiet)
    if isinstance(document, Mapping) and document and all(map(_is_day, document)):
        return _in_days(document)
    return _in_records(document if isinstance(document, list) else [document])


def _is_day(key: object) -> bool:
    return isinstance(key, str) and len(key) <= 10 and fields.day(key) is not None


def _in_days(document: Mapping[str, object]) -> FileListing:
    """Many days in one object, the day of each as its key."""
    found = [_in_records(records, fields.day(key), f"{key} ") for key, records in document.items()]
    papers = tuple(paper for each in found for paper in each.listing.papers)
    problems = tuple(problem for each in found for problem in each.listing.problems)
    source = next((each.source for each in found if each.source), "")
    only = found[0].day if len(found) == 1 else None
    return FileListing(source, Listing(papers, problems), only)


def _in_records(records: object, day: date | None = None, where: str = "") -> FileListing:
    """A list of records of any shape; the first that has one says whose they are."""
    if not isinstance(records, list):
        problem = Problem(f"{where}papers", f"is no list: {fields.excerpt(records)}")
        return FileListing("", Listing(problems=(problem,)), day)
    listing = fields.listing(records, lambda record: _on(_read(record), day), f"{where}record")
    sources = (_source_of(each) for each in records if isinstance(each, Mapping))
    return FileListing(next((source for source in sources if source), ""), listing, day)


def _read(record: Record) -> Paper:
    for shape in _SHAPES:
        if shape.fits(record):
            return shape.read(record)
    raise RecordError(f"has no title: {fields.excerpt(dict(record))}")


def _on(paper: Paper, day: date | None) -> Paper:
    return replace(paper, listed_on=paper.listed_on or day)


def _source_of(record: Record) -> str:
    server = str(record.get("server") or record.get("preprint_platform") or "").lower()
    source = next((shape.source for shape in _SHAPES if shape.fits(record)), "")
    return server if source == "biorxiv" and server in biorxiv.LABELS else source


def _own_source(name: str) -> str:
    bare = _STAMPS.sub("", name.removesuffix(".gz"))
    bare = re.sub(r"[ _-]+(?=\.|$)", "", bare).strip(" _-.")
    return f"file:{bare or name}"


def _day_in(name: str) -> date | None:
    match = _DAY_IN_NAME.search(name)
    return fields.day(match[1]) if match else None


def _instant_in(name: str) -> datetime | None:
    match = _INSTANT_IN_NAME.search(name)
    try:
        found = datetime.strptime(match[1], "%Y%m%dT%H%M%S") if match else None  # noqa: DTZ007
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found else None
