"""arXiv: the daily announcement feeds, the query API, and the two shapes collectors store them in.

Feed ids carry the version ("oai:arXiv.org:2203.01250v3"), authors are one string joined by commas,
the abstract stands behind "arXiv:... Announce Type: ... Abstract:". A holiday's feed is a valid
feed without an entry. The API answers errors as an Atom entry titled "Error", whatever the status.

Source: https://info.arxiv.org/help/rss.html; https://info.arxiv.org/help/api/user-manual.html
"""

import re
from collections.abc import Collection, Mapping
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from digest.core.identity import ArxivId, arxiv_id
from digest.core.paper import Announce, Listing, Paper
from digest.errors import SourceFormatError
from digest.sources import fields, syndication
from digest.sources.fields import Record, RecordError
from digest.sources.people import names_in
from digest.sources.syndication import value

FEED = "https://rss.arxiv.org/atom/"
API = "https://export.arxiv.org/api/query"
PAGE_SIZE = 100
LAST_PAGE = 9
# Friday's papers are announced on Monday evening, and the API's index may lag another day.
LOOK_BACK = timedelta(days=7)
NEW_AND_CROSS = frozenset({Announce.NEW, Announce.CROSS})

_CATEGORY = re.compile(r"[a-z][a-z-]*(?:\.[A-Za-z][A-Za-z-]*)?")
_PREFIX = re.compile(
    r"^\s*arXiv:\S+\s+Announce Type:\s*(?P<type>[a-z-]+)\s*(?:Abstract:)?\s*", re.IGNORECASE
)


def are_categories(joined: str) -> bool:
    """Whether a text is arXiv categories joined by "+", like "cs.CL+cs.LG"."""
    return all(_CATEGORY.fullmatch(category) for category in joined.split("+"))


class ArxivFeed:
    """What arXiv announced last in some categories: one feed, replaced every evening.

    `announce` says which of new and cross-listed papers to keep; replacements are always kept,
    as revisions.
    """

    label = "arXiv"
    lookback = 0

    def __init__(self, categories: str, announce: Collection[Announce] = NEW_AND_CROSS) -> None:
        self.name = f"arxiv:{categories}"
        self._url = f"{FEED}{categories}"
        self._announce = frozenset(announce)

    def url(self, day: date, page: int) -> str | None:  # noqa: ARG002 -- the feed has one day only
        return self._url if page == 0 else None

    def parse(self, body: bytes) -> Listing:
        feed = syndication.read(body, self.label)
        found = fields.listing(feed.entries, self._announced, "entry")
        return Listing(found.papers, feed.problems + found.problems)

    def _announced(self, entry: Record) -> Paper | None:
        paper = announced_paper(entry)
        return paper if paper.announce.is_revision or paper.announce in self._announce else None


class ArxivQuery:
    """The newest papers, by first submission, that an arXiv API query finds in a week."""

    label = "arXiv"
    lookback = 0

    def __init__(self, query: str) -> None:
        self.name = f"arxiv-api:{query}"
        self._query = query

    def url(self, day: date, page: int) -> str | None:
        since = f"[{day - LOOK_BACK:%Y%m%d}0000 TO {day:%Y%m%d}2359]"
        asked = {
            "search_query": f"({self._query}) AND submittedDate:{since}",
            "sortBy": "submittedDate",
            "sortOrder": "descending",
            "start": page * PAGE_SIZE,
            "max_results": PAGE_SIZE,
        }
        return f"{API}?{urlencode(asked)}" if page <= LAST_PAGE else None

    def parse(self, body: bytes) -> Listing:
        feed = syndication.read(body, self.label)
        for entry in feed.entries:
            raise_error(entry)
        found = fields.listing(feed.entries, found_paper, "entry")
        return Listing(found.papers, feed.problems + found.problems)


def is_feed(title: str) -> bool:
    """Whether a feed with this title is one of arXiv's own."""
    return bool(
        re.search(r"updates on arXiv\.org|^\s*arXiv (?:Query|Search)", title, re.IGNORECASE)
    )


def paper_of_entry(entry: Record) -> Paper:
    """The paper of one entry of either feed; SourceFormatError for the API's error entry."""
    raise_error(entry)
    from_api = str(value(entry, "id") or "").startswith("http")
    return found_paper(entry) if from_api else announced_paper(entry)


def announced_paper(entry: Record) -> Paper:
    """The paper of an announcement feed's entry, listed on the day of the announcement."""
    number = _number(entry)
    said = str(value(entry, "summary") or "")
    prefix = _PREFIX.match(said)
    stated = value(entry, "arxiv_announce_type") or (prefix["type"] if prefix else "new")
    title = fields.title(value(entry, "title"))
    return Paper(
        title=title,
        identities=fields.known_by(title, number.id, _doi_of(entry)),
        abstract=fields.text(said[prefix.end() :] if prefix else said),
        authors=_authors(entry),
        version=number.version,
        url=f"https://arxiv.org/abs/{number.id}",
        categories=_categories(entry),
        listed_on=fields.day(value(entry, "published")),
        announce=announce_type(stated),
    )


def found_paper(entry: Record) -> Paper:
    """The paper of an API entry; the API does not say when it was announced."""
    number = _number(entry)
    title = fields.title(value(entry, "title"))
    return Paper(
        title=title,
        identities=fields.known_by(title, number.id, _doi_of(entry)),
        abstract=fields.text(value(entry, "summary")),
        authors=_authors(entry),
        version=number.version,
        url=f"https://arxiv.org/abs/{number.id}",
        categories=_categories(entry),
        published_on=fields.day(value(entry, "published")),
        note=_note(entry),
    )


def is_stored(record: Record) -> bool:
    """Whether a JSON object has the shape in which collectors store arXiv's listings."""
    named = record.get("arxiv_id") or ("abs" in record and record.get("id"))
    return isinstance(named, str) and "title" in record


def stored_paper(record: Record, listed_on: date | None = None) -> Paper:
    """The paper of a stored record: `arxiv_id` or `id`, `abstract` or `summary`, lists of names."""
    named = fields.text(record.get("arxiv_id") or record.get("id"), 100)
    number = arxiv_id(named)
    if number is None:
        raise RecordError(f"has no arXiv id but {fields.excerpt(named)}")
    title = fields.title(record.get("title"))
    primary = fields.text(record.get("primary_category"), 50)
    listed = fields.texts(record.get("categories"))
    return Paper(
        title=title,
        identities=fields.known_by(title, number.id, fields.text(record.get("doi"), 200)),
        abstract=fields.text(record.get("abstract")) or fields.text(record.get("summary")),
        authors=fields.names(record.get("authors")),
        version=number.version,
        url=f"https://arxiv.org/abs/{number.id}",
        categories=tuple(dict.fromkeys((*((primary,) if primary else ()), *listed))),
        listed_on=fields.day(record.get("date")) or listed_on,
        announce=announce_type(record.get("announce_type", "new")),
        note=fields.text(record.get("comment")),
    )


def announce_type(stated: object) -> Announce:
    """arXiv's word for an entry; RecordError for a word it does not use."""
    try:
        return Announce(str(stated).strip().lower())
    except ValueError:
        raise RecordError(f"has the unknown announce type {fields.excerpt(stated)}") from None


def raise_error(entry: Mapping[str, Any]) -> None:
    """SourceFormatError, in arXiv's words, for the entry by which the API refuses a query."""
    where = str(value(entry, "id") or "")
    if "/api/errors" in where or value(entry, "title") == "Error":
        said = fields.excerpt(value(entry, "summary") or where, 200)
        raise SourceFormatError(f"arXiv: refused the query: {said}")


def _number(entry: Record) -> ArxivId:
    number = _id_of(entry)
    if number is None:
        shown = fields.excerpt(value(entry, "id") or value(entry, "title") or "no id at all")
        raise RecordError(f"has no arXiv id: {shown}")
    return number


def _id_of(entry: Mapping[str, Any]) -> ArxivId | None:
    for key in ("id", "link"):
        hint = value(entry, key)
        if isinstance(hint, str) and (number := arxiv_id(hint[:200])):
            return number
    return None


def _doi_of(entry: Record) -> str:
    return fields.text(value(entry, "arxiv_doi"), 200)


def _authors(entry: Record) -> tuple[str, ...]:
    given = value(entry, "authors") or []
    each = [str(author.get("name", "")) for author in given if isinstance(author, Mapping)]
    # The feeds join all names in one element; the API has one element for each.
    return names_in(each[0]) if len(each) == 1 else fields.names(each)


def _categories(entry: Record) -> tuple[str, ...]:
    """The primary category first, where the entry says which it is."""
    primary = value(entry, "arxiv_primary_category")
    first = [primary.get("term")] if isinstance(primary, Mapping) else []
    tags = value(entry, "tags") or []
    return fields.texts([*first, *(tag.get("term") for tag in tags if isinstance(tag, Mapping))])


def _note(entry: Record) -> str:
    comment = fields.text(value(entry, "arxiv_comment"))
    journal = fields.text(value(entry, "arxiv_journal_ref"))
    return "; ".join(part for part in (comment, journal) if part)
