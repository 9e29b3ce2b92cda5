"""Papers that somebody lists by hand: CSV with a header, or JSON objects with the same fields.

The columns are title,authors,abstract,url,date,votes,categories,doi,arxiv_id. Only `title` is
needed; others may be there too. Several authors or categories are separated by ";".
"""

import csv
import io

from digest.core.paper import Listing, Paper
from digest.errors import SourceFormatError
from digest.sources import fields
from digest.sources.fields import Record, RecordError

COLUMNS = ("title", "authors", "abstract", "url", "date", "votes", "categories", "doi", "arxiv_id")
_DELIMITERS = ",\t;"


def is_table(text: str) -> bool:
    """Whether a text begins with a CSV header that has the column `title`."""
    return "title" in _header(text)


def listing_of(text: str, name: str) -> Listing:
    """The papers of a CSV text; SourceFormatError names the line where it is no CSV."""
    delimiter = _delimiter(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        rows = [row for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        message = f"{name}: line {reader.line_num} is no CSV: {error}; check its quotation marks"
        raise SourceFormatError(message) from error
    header = [cell.strip().lower() for cell in rows[0]]
    return fields.listing((_row(header, row) for row in rows[1:]), paper_of)


def paper_of(record: Record) -> Paper:
    """The paper of one record; RecordError names the field that cannot be read."""
    if "too_many" in record:
        raise RecordError("has more columns than the header; quote a text that has a comma")
    title = fields.title(record.get("title"))
    hints = [fields.text(record.get(key), 500) for key in ("arxiv_id", "doi", "url", "id")]
    listed = record.get("date") or None
    listed_on = fields.day(listed)
    if listed is not None and listed_on is None:
        raise RecordError(f"its date is not like 2026-05-07: {fields.excerpt(listed)}")
    return Paper(
        title=title,
        identities=fields.known_by(title, *hints),
        abstract=fields.text(record.get("abstract")) or fields.text(record.get("summary")),
        authors=_several(record.get("authors")),
        url=fields.web_url(record.get("url")),
        categories=_several(record.get("categories")),
        listed_on=listed_on,
        votes=_votes(record.get("votes")),
    )


def _votes(stated: object) -> int | None:
    if stated is None or stated == "":
        return None
    votes = fields.count(stated)
    if votes is None:
        raise RecordError(f"its votes are no whole number: {fields.excerpt(stated)}")
    return votes


def _several(value: object) -> tuple[str, ...]:
    return fields.names(value.split(";") if isinstance(value, str) else value)


def _row(header: list[str], row: list[str]) -> Record:
    cells = dict(zip(header, row, strict=False))
    return cells | {"too_many": "yes"} if len(row) > len(header) else cells


def _header(text: str) -> list[str]:
    first = text[:10_000].lstrip().split("\n", 1)[0]
    return [cell.strip().strip('"').lower() for cell in first.split(_delimiter(text))]


def _delimiter(text: str) -> str:
    """The sign that most columns of the header are divided by."""
    first = text[:10_000].lstrip().split("\n", 1)[0]
    return max(_DELIMITERS, key=first.count)
