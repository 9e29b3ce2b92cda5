"""Paper and Listing: what a source announced."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Announce(StrEnum):
    """How arXiv announces an entry; every other source announces only new papers.

    Source: https://info.arxiv.org/help/rss.html, "announce_type".
    """

    NEW = "new"
    CROSS = "cross"
    REPLACE = "replace"
    REPLACE_CROSS = "replace-cross"

    @property
    def is_revision(self) -> bool:
        return self in (Announce.REPLACE, Announce.REPLACE_CROSS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """One work, as one source announced it or as the history knows it.

    `identities` names the work, strongest first ("arxiv:2603.00001", "doi:...",
    "openreview:...", last the title's "title:..."; see core.identity); it is never empty.
    Texts are plain, readable Unicode on one line: no markup, no TeX, no control characters.
    None and "" mean that the source did not say; 0 votes are 0 votes.
    """

    title: str
    identities: tuple[str, ...]
    abstract: str = ""
    authors: tuple[str, ...] = ()
    author_count: int | None = None  # some sources count the authors without naming them
    version: int | None = None
    url: str = ""
    categories: tuple[str, ...] = ()
    published_on: date | None = None
    listed_on: date | None = None  # the day of the listing, where the record itself says it
    announce: Announce = Announce.NEW
    votes: int | None = None
    comments: int | None = None
    note: str = ""  # the authors' comment: "12 pages, accepted at ..."
    summary: str = ""  # the source's own machine-made summary
    keywords: tuple[str, ...] = ()
    code_url: str = ""
    code_stars: int | None = None
    project_url: str = ""
    thumbnail_url: str = ""
    organization: str = ""

    @property
    def id(self) -> str:
        return self.identities[0]


@dataclass(frozen=True, slots=True)
class Problem:
    """A record that could not be read: where it stands ("record 3", "line 12") and why."""

    place: str
    reason: str

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Listing:
    """One snapshot of a source in its own order, and the records of it that could not be read.

    No papers and no problems is an honest quiet day.
    """

    papers: tuple[Paper, ...] = ()
    problems: tuple[Problem, ...] = ()
