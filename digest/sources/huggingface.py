"""Hugging Face daily papers: the JSON of GET /api/daily_papers.

The day a paper was listed is `paper.submittedOnDailyAt`; the outer `publishedAt` is the inner one
moved to US Eastern time; repository, stars, project page and AI summary sit inside `paper`; fields
come and go over the months, so every one may be absent.

Source: measured on 580 recorded days, 2024-05 to 2026-08; hub-docs pull request 2065.
"""

from collections.abc import Mapping
from datetime import date
from urllib.parse import urlencode

from digest.core.identity import arxiv_id
from digest.core.paper import Listing, Paper
from digest.errors import SourceFormatError
from digest.sources import fields
from digest.sources.body import from_json
from digest.sources.fields import Record, RecordError

API = "https://huggingface.co/api/daily_papers"
PAGE_SIZE = 100  # the default of 50 loses papers on a busy day
LAST_PAGE = 19


class HuggingFace:
    """The papers of one day, most upvoted first."""

    name = "huggingface"
    label = "Hugging Face"
    lookback = 3  # most votes come in these days

    def url(self, day: date, page: int) -> str | None:
        query = urlencode({"date": day.isoformat(), "p": page, "limit": PAGE_SIZE})
        return f"{API}?{query}" if page <= LAST_PAGE else None

    def parse(self, body: bytes) -> Listing:
        records = from_json(body, self.label)
        if isinstance(records, list):
            return fields.listing(records, paper_of)
        if isinstance(records, dict) and "error" in records:
            said = fields.excerpt(records["error"], 200)
            raise SourceFormatError(f"{self.label}: answered with an error: {said}")
        raise SourceFormatError(
            f"{self.label}: expected a JSON list of papers, got: {fields.excerpt(records)}"
        )


def is_record(record: Record) -> bool:
    """Whether a JSON object has the shape of a listed paper."""
    return "paper" in record


def paper_of(record: Record) -> Paper:
    """The paper of one record; RecordError if it has no title to show."""
    inner = record.get("paper")
    if not isinstance(inner, Mapping):
        raise RecordError(f'has no "paper" object: {fields.excerpt(dict(record))}')
    number = arxiv_id(fields.text(inner.get("id"), 100))
    title = fields.title(inner.get("title")) or fields.title(record.get("title"))
    return Paper(
        title=title,
        identities=fields.known_by(title, number.id if number else ""),
        abstract=fields.text(inner.get("summary")) or fields.text(record.get("summary")),
        authors=_authors(inner.get("authors")),
        url=f"https://huggingface.co/papers/{number.id}" if number else "",
        published_on=fields.day(inner.get("publishedAt")),
        listed_on=fields.day(inner.get("submittedOnDailyAt")),
        votes=fields.count(inner.get("upvotes")),
        comments=fields.count(record.get("numComments")),
        summary=fields.text(inner.get("ai_summary")),
        keywords=fields.texts(inner.get("ai_keywords")),
        code_url=fields.web_url(inner.get("githubRepo")),
        code_stars=fields.count(inner.get("githubStars")),
        project_url=fields.web_url(inner.get("projectPage")),
        thumbnail_url=fields.web_url(record.get("thumbnail")),
        organization=_organization(inner) or _organization(record),
    )


def _authors(value: object) -> tuple[str, ...]:
    """The names of the authors that Hugging Face does not hide."""
    if not isinstance(value, list):
        return ()
    shown = [each for each in value if isinstance(each, Mapping) and each.get("hidden") is not True]
    return fields.names([each.get("name") for each in shown])


def _organization(record: Record) -> str:
    value = record.get("organization")
    if not isinstance(value, Mapping):
        return ""
    return fields.text(value.get("fullname"), 200) or fields.text(value.get("name"), 200)
