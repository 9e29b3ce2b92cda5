"""bioRxiv and medRxiv: their JSON API, and their RDF feeds.

The API gives 30 records a page, numbers as strings, dates without padding, `funder` as "NA" or a
list, and errors with HTTP 200: in `messages[0].status`, or as an empty body. The DOI prefix
10.1101 became 10.64898. A DOI is the same for all versions.

Source: https://api.biorxiv.org/; recordings of 2026-04 to 2026-08.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from urllib.parse import urlencode

from digest.core.identity import doi
from digest.core.paper import Announce, Listing, Paper
from digest.errors import SourceFormatError
from digest.sources import feed, fields, syndication
from digest.sources.body import from_json
from digest.sources.fields import Record, RecordError
from digest.sources.markup import plain
from digest.sources.people import inverted_names_in, names_in

API = "https://api.biorxiv.org/details"
PAGE_SIZE = 30
LAST_PAGE = 19
LABELS = {"biorxiv": "bioRxiv", "medrxiv": "medRxiv"}
# A day's papers go on appearing until the next morning.
LOOK_BACK = timedelta(days=1)
_QUIET = re.compile(r"no (?:posts|papers|articles|results) found", re.IGNORECASE)


class Biorxiv:
    """What one of the two servers posted on a day and the day before, in one category or in all.

    `parse` reads the API's JSON and the server's RDF feed. A category is written as the API wants
    it, "cell_biology".
    """

    lookback = 0

    def __init__(self, server: str = "biorxiv", category: str = "") -> None:
        self.name = f"{server}:{category}" if category else server
        self.label = LABELS[server]
        self._server, self._category = server, category

    def url(self, day: date, page: int) -> str | None:
        path = f"{API}/{self._server}/{day - LOOK_BACK}/{day}/{page * PAGE_SIZE}/json"
        query = f"?{urlencode({'category': self._category})}" if self._category else ""
        return f"{path}{query}" if page <= LAST_PAGE else None

    def parse(self, body: bytes) -> Listing:
        if body.lstrip()[:1] == b"<":
            return posted(feed.listing_of(syndication.read(body, self.label)))
        return listing_of(from_json(body, self.label), self.label)


def posted(listing: Listing) -> Listing:
    """A listing of the server's own feed, where the date of an entry is the day it was posted."""
    papers = (replace(each, listed_on=each.published_on) for each in listing.papers)
    return replace(listing, papers=tuple(papers))


def is_answer(document: object) -> bool:
    """Whether a JSON value is an answer of the API."""
    return isinstance(document, Mapping) and "collection" in document and "messages" in document


def is_record(record: Record) -> bool:
    """Whether a JSON object has the shape of one of the API's records."""
    return "preprint_doi" in record or ("doi" in record and "server" in record)


def listing_of(document: object, label: str) -> Listing:
    """The papers of an answer; SourceFormatError with the server's own words if it is an error."""
    if isinstance(document, Mapping) and is_record(document):
        return fields.listing([document], paper_of)
    if not isinstance(document, Mapping) or "messages" not in document:
        shown = fields.excerpt(document)
        raise SourceFormatError(f'{label}: expected "messages" and "collection", got: {shown}')
    records = document.get("collection", [])
    if records and isinstance(records, list):
        return fields.listing(records, paper_of)
    status = _status(document["messages"])
    if status.lower() == "ok" or _QUIET.search(status):
        return Listing()
    raise SourceFormatError(f"{label}: answered with an error: {status}")


def _status(messages: object) -> str:
    first = messages[0] if isinstance(messages, list) and messages else {}
    status = first.get("status") if isinstance(first, Mapping) else None
    return fields.excerpt(status if isinstance(status, str) else "no status at all", 200)


def paper_of(record: Record) -> Paper:
    """The paper of one record of `details` or of `pubs`; RecordError without title or DOI.

    A later version is a revision, posted on the record's date; when the first one was posted,
    the record does not say.
    """

    def said(key: str) -> object:
        return record.get(key, record.get(f"preprint_{key}"))

    number = doi(fields.text(said("doi"), 200))
    if number is None:
        raise RecordError(f"has no DOI but {fields.excerpt(said('doi'))}")
    title = plain(said("title"), fields.LONGEST_TITLE)
    version = fields.count(record.get("version"))
    posted_on = fields.day(said("date"))
    revised = version is not None and version > 1
    return Paper(
        title=title,
        identities=fields.known_by(title, number, fields.text(_published(record), 200)),
        abstract=plain(said("abstract")),
        authors=_authors(said("authors")),
        version=version,
        url=f"https://doi.org/{number}",
        categories=fields.texts([said("category")]),
        published_on=None if revised else posted_on,
        listed_on=posted_on,
        announce=Announce.REPLACE if revised else Announce.NEW,
    )


def _published(record: Record) -> object:
    """The DOI in a journal, which is the same work; "NA" is none."""
    return record.get("published_doi", record.get("published", ""))


def _authors(value: object) -> tuple[str, ...]:
    if not isinstance(value, str):
        return ()
    return inverted_names_in(value) if ";" in value or value.count(",") == 1 else names_in(value)
