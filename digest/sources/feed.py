"""Any RSS, Atom or RDF feed: a journal's, a blog's, a preprint server's."""

import re
from collections.abc import Mapping
from datetime import date
from urllib.parse import urlsplit

from digest.core.paper import Listing, Paper
from digest.sources import fields, syndication
from digest.sources.fields import Record
from digest.sources.markup import plain
from digest.sources.people import names_in
from digest.sources.syndication import value

# "Nature, Published online: 02 May 2024; doi:10.1038/..." stands before the abstract, or instead
# of it; "Science, Volume 384, Issue 6691, Page 1-2" always instead of it.
_NATURE = re.compile(r"^[^.;:]{1,100}, Published online:[^;]{1,60};\s*doi:\s*\S+\s*", re.IGNORECASE)
_ISSUE = re.compile(
    r"^[^.;:]{1,120}, Volume \w+(?:, (?:Issue|Pages?|Number)\b[^,.]*)*[^.]{0,60}\.?$"
)
_DOI_ONLY = re.compile(r"^(?:doi:\s*|https?://(?:dx\.)?doi\.org/)?10\.\d{4,9}/\S+$", re.IGNORECASE)
_VERSION = re.compile(r"/10\.\d{4,9}/\S*?\dv(\d{1,2})(?:[?#.]|$)|/\d{4}\.\d\d\.\d\d\.\d+v(\d{1,2})")
_HINTS = ("id", "link", "prism_doi", "dc_identifier", "prism_url", "arxiv_doi", "citation_doi")
_DATES = ("published", "updated", "prism_publicationdate", "dc_date", "created")


class FeedSource:
    """The entries of one feed URL, in its order."""

    lookback = 0

    def __init__(self, url: str, name: str = "", label: str = "") -> None:
        parts = urlsplit(url)
        self._url = url
        self.name = name or f"feed:{parts.hostname}{parts.path.rstrip('/')}{_query(parts.query)}"
        self.label = label or (parts.hostname or "").removeprefix("www.")

    def url(self, day: date, page: int) -> str | None:  # noqa: ARG002 -- a feed has no days
        return self._url if page == 0 else None

    def parse(self, body: bytes) -> Listing:
        return listing_of(syndication.read(body, self.label))


def _query(query: str) -> str:
    return f"?{query}" if query else ""


def listing_of(feed: syndication.Feed) -> Listing:
    """The papers of a feed that was read, and where it broke off."""
    found = fields.listing(feed.entries, paper_of, "entry")
    return Listing(found.papers, feed.problems + found.problems)


def paper_of(entry: Record) -> Paper:
    """The paper of one entry; RecordError if it has no title.

    A feed says when an entry was published, not on which day it was put in the feed, so
    `listed_on` is unknown.
    """
    title = plain(value(entry, "title"), fields.LONGEST_TITLE)
    hints = [str(value(entry, key))[:500] for key in _HINTS if isinstance(value(entry, key), str)]
    return Paper(
        title=title,
        identities=fields.known_by(title, *hints),
        abstract=_abstract(entry, title),
        authors=_authors(entry),
        version=_version(hints),
        url=fields.web_url(value(entry, "link")) or fields.web_url(value(entry, "id")),
        categories=fields.texts(
            [tag.get("term") for tag in value(entry, "tags") or [] if isinstance(tag, Mapping)]
        ),
        published_on=_published(entry),
    )


def _published(entry: Record) -> date | None:
    return next((day for key in _DATES if (day := fields.day(value(entry, key)))), None)


def _abstract(entry: Record, title: str) -> str:
    """The summary, else the content; "" where it only repeats the title, the DOI or the issue."""
    content = value(entry, "content")
    first = content[0] if isinstance(content, list) and content else {}
    full = first.get("value") if isinstance(first, Mapping) else ""
    return next(
        (said for each in (value(entry, "summary"), full) if (said := _said(each, title))), ""
    )


def _said(markup: object, title: str) -> str:
    said = _NATURE.sub("", plain(markup))
    bare = said.removeprefix("Abstract ").strip()
    return "" if _same(bare, title) or _ISSUE.match(bare) or _DOI_ONLY.match(bare) else bare


def _same(said: str, title: str) -> bool:
    return said.casefold().strip(" .") == title.casefold().strip(" .")


def _authors(entry: Record) -> tuple[str, ...]:
    given = value(entry, "authors") or []
    each = [plain(a.get("name"), 4 * fields.LONGEST_TEXT) for a in given if isinstance(a, Mapping)]
    return tuple(dict.fromkeys(name for joined in each for name in names_in(joined)))


def _version(hints: list[str]) -> int | None:
    """The version that a preprint server puts at the end of its link."""
    match = next((found for hint in hints if (found := _VERSION.search(hint))), None)
    return int(match[1] or match[2]) if match else None
