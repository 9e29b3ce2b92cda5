"""The Hugging Face papers page, saved as text, in both layouts that are known.

The bare one is a title line and an abstract line, again and again, the banner's last word glued
to the first title. The other has a header with the day, then blocks between blank lines: title,
abstract, and "• N authors", "·", a date and sometimes a count, which is of comments, not of votes.
A page has no ids: a paper is known by its title.

The page omits the year of dates of its own year. So that year comes after every year it writes;
without other knowledge it is taken to be the next one.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date

from digest.core.paper import Listing, Paper, Problem
from digest.errors import SourceFormatError
from digest.sources import fields
from digest.sources.body import decoded
from digest.sources.fields import RecordError

_BANNER = re.compile(
    r"\A\s*(?:new\s+)?(?:Get trending papers in your (?:email )?inbox[^\n!]{0,40}!\s*)+"
    r"Subscribe\s*",
    re.IGNORECASE,
)
_HEADER = re.compile(r"\A\s*Daily Papers\s+by[^\n]{0,100}\n\s*", re.IGNORECASE)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DATE = re.compile(
    rf"(?P<month>{'|'.join(_MONTHS)})[a-z]{{0,6}}\.? (?P<day>\d{{1,2}})(?:, (?P<year>\d{{4}}))?"
    r"(?: (?P<comments>\d{1,6}))?"
)
_AUTHORS = re.compile(r"•?\s*(?P<count>\d{1,5}) authors?")
# Longer than any title: a further paragraph of the abstract before it.
_LONGEST_TITLE_SEEN = 300


@dataclass(frozen=True, slots=True)
class _Details:
    """The lines below an abstract."""

    authors: int | None = None
    published: re.Match[str] | None = None
    comments: int | None = None


@dataclass(slots=True)
class _Block:
    """One paper as its page shows it; filled while reading."""

    title: str
    abstract: str = ""
    details: _Details | None = None


def is_page(body: str) -> bool:
    """Whether a text looks like a capture of the page, by its banner or its header."""
    head = body[:1000].lstrip("\ufeff")
    return bool(_BANNER.match(head)) or bool(_HEADER.match(head))


class SavedPage:
    """A capture of the papers page; `year` is the year it was made in, where that is known."""

    name = "page"
    label = "Hugging Face papers page"
    lookback = 0

    def __init__(self, year: int | None = None) -> None:
        self._year = year

    def url(self, day: date, page: int) -> str | None:  # noqa: ARG002 -- only ever read from a file
        return None

    def parse(self, body: bytes) -> Listing:
        return listing_of(decoded(body, self.label), year=self._year)


def listing_of(body: str, *, year: int | None = None) -> Listing:
    """The papers of a capture made in `year`; SourceFormatError if the text is none."""
    text = body.replace("\r\n", "\n").removeprefix("\ufeff")
    if not is_page(text):
        message = (
            'expected the banner "Get trending papers in your email inbox!" of the papers page'
        )
        raise SourceFormatError(f"{SavedPage.label}: {message}; it begins: {fields.excerpt(text)}")
    text = _BANNER.sub("", text, count=1)
    header = _HEADER.match(text)
    text = text[header.end() :] if header else text
    header_day = _DATE.match(text) if header else None
    text = text[header_day.end() :] if header_day else text
    blocks = list(_blocks(text) if re.search(r"\n[ \t]*\n", text) else _pairs(text))
    year = year or _own_year(blocks, header_day)
    return _listing(blocks, year, _day(header_day, year))


def _listing(blocks: Iterable[_Block], year: int | None, listed_on: date | None) -> Listing:
    papers, problems = [], []
    for number, block in enumerate(blocks, start=1):
        try:
            papers.append(replace(_paper(block, year), listed_on=listed_on))
        except RecordError as error:
            problems.append(Problem(f"record {number}", str(error)))
    return Listing(tuple(papers), tuple(problems))


def _paper(block: _Block, year: int | None) -> Paper:
    title = fields.title(block.title)
    details = block.details or _Details()
    return Paper(
        title=title,
        identities=fields.known_by(title),
        abstract=fields.text(block.abstract),
        author_count=details.authors,
        published_on=_day(details.published, year),
        comments=details.comments,
    )


def _pairs(text: str) -> Iterator[_Block]:
    """A title line, an abstract line, and so on."""
    lines = [line for line in text.split("\n") if line.strip()]
    for title, abstract in zip(lines[::2], [*lines[1::2], ""], strict=False):
        yield _Block(title, abstract)


def _blocks(text: str) -> Iterator[_Block]:
    """Titles, abstracts and details between blank lines; the details may be missing."""
    block: _Block | None = None
    for part in re.split(r"\n(?:[ \t]*\n)+", text.strip()):
        details = _details(part)
        if block and details:
            block.details = details
        elif block and not block.abstract and not block.details:
            block.abstract = part
        elif block and not block.details and len(part) > _LONGEST_TITLE_SEEN:
            block.abstract += f"\n{part}"
        else:
            if block:
                yield block
            block = _Block(part)
    if block:
        yield block


def _details(part: str) -> _Details | None:
    """The authors' number, date and comments of a block that holds nothing else."""
    found = _Details()
    for line in (line.strip() for line in part.split("\n")):
        if match := _AUTHORS.fullmatch(line):
            found = replace(found, authors=int(match["count"]))
        elif match := _DATE.fullmatch(line):
            found = replace(found, published=match, comments=fields.count(match["comments"]))
        elif line not in ("·", "•", ""):
            return None
    return found if found != _Details() else None


def _own_year(blocks: Iterable[_Block], header: re.Match[str] | None) -> int | None:
    """The year that the capture leaves out: the one after the latest it writes."""
    if header and header["year"]:
        return int(header["year"])
    dates = [block.details.published for block in blocks if block.details]
    years = [int(found["year"]) for found in dates if found and found["year"]]
    return max(years) + 1 if years else None


def _day(found: re.Match[str] | None, year: int | None) -> date | None:
    """A date as the page writes it; None where its year is not known."""
    if found is None or not (found["year"] or year):
        return None
    month = _MONTHS.index(found["month"]) + 1
    try:
        return date(int(found["year"] or year or 0), month, int(found["day"]))
    except ValueError:
        return None
