"""Paper <-> its row."""

from collections.abc import Iterable, Mapping
from typing import Any

from digest.core.identity import strength
from digest.core.paper import Paper
from digest.store.tables import PaperRow

LISTS = ("authors", "categories", "keywords")
PLAIN = (
    "title",
    "abstract",
    "author_count",
    "version",
    "url",
    "published_on",
    "note",
    "summary",
    "code_url",
    "code_stars",
    "project_url",
    "thumbnail_url",
    "organization",
    "votes",
    "comments",
)
COLUMNS = (*PLAIN, *LISTS, "first_day")


def values(paper: Paper) -> dict[str, Any]:
    """The columns that a paper itself fills."""
    plain = {name: getattr(paper, name) for name in PLAIN}
    return plain | {name: list(getattr(paper, name)) for name in LISTS}


def to_paper(row: PaperRow | Mapping[str, Any], identities: Iterable[str]) -> Paper:
    """The paper of a row and of its identities, in any order."""
    columns = row if isinstance(row, Mapping) else {n: getattr(row, n) for n in COLUMNS}
    told: dict[str, Any] = {name: columns[name] for name in PLAIN}
    told |= {name: tuple(columns[name]) for name in LISTS}
    names = tuple(sorted(identities, key=lambda name: (strength(name), name)))
    return Paper(identities=names, listed_on=columns["first_day"], **told)
