"""The samples are well formed, overlap as the demo needs it, and quote no abstract."""

import json
import re
import tomllib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from lxml import etree

from digest.core.identity import arxiv_id, title_key
from digest.shipped import shipped
from subscribers.profile import CAPS, InterestProfile, checked
from tests.given import shared

SEEDS = shipped("seeds")
DAYS = ("2026-05-05", "2026-05-06", "2026-05-07")
NAMES = {"a": "http://www.w3.org/2005/Atom", "arxiv": "http://arxiv.org/schemas/atom"}
RUN = 8


def huggingface(day: str) -> dict[str, dict[str, Any]]:
    records = json.loads((SEEDS / f"listings/{day}.huggingface.json").read_text(encoding="utf-8"))
    return {record["paper"]["id"]: record for record in records}


def votes(day: str) -> dict[str, int]:
    return {paper: record["paper"]["upvotes"] for paper, record in huggingface(day).items()}


def arxiv_entries() -> list[Any]:
    feed = etree.parse(SEEDS / "listings/2026-05-06.arxiv.xml")
    found: list[Any] = feed.findall("a:entry", NAMES)
    return found


def arxiv_ids() -> list[str]:
    found = [arxiv_id(entry.findtext("a:id", "", NAMES)) for entry in arxiv_entries()]
    return [name.id for name in found if name]


def page_papers() -> list[list[str]]:
    """Title, abstract, author line and date of each paper of the page capture."""
    text = (SEEDS / "listings/2026-05-07.page.txt").read_text(encoding="utf-8")
    lines = [line for line in text.partition("May 7\n")[2].splitlines() if line and line != "·"]
    return [lines[at : at + 4] for at in range(0, len(lines), 4)]


def summaries() -> Iterator[tuple[str, str]]:
    """Every summary of the samples, with its paper's identity or title."""
    for day in DAYS:
        for paper, record in huggingface(day).items():
            yield paper, record["paper"]["summary"]
    for paper, entry in zip(arxiv_ids(), arxiv_entries(), strict=True):
        yield paper, entry.findtext("a:summary", "", NAMES).partition("Abstract: ")[2]
    for title, summary, *_ in page_papers():
        yield title_key(title), summary


@pytest.mark.parametrize("day", DAYS)
def test_a_days_records_have_the_apis_layout_and_belong_to_that_day(day: str) -> None:
    papers = huggingface(day)
    assert 12 <= len(papers) <= 14
    assert list(votes(day).values()) == sorted(votes(day).values(), reverse=True)
    for record in papers.values():
        paper = record["paper"]
        assert paper["submittedOnDailyAt"].startswith(day)
        assert (record["title"], record["summary"]) == (paper["title"], paper["summary"])
        assert paper["publishedAt"][:10] <= day
        assert paper["authors"]
        assert all(author["name"] for author in paper["authors"])


def test_the_three_days_show_new_seen_and_rising_papers() -> None:
    first, second, third = map(votes, DAYS)
    assert len(third.keys() - first.keys() - second.keys()) >= 8
    before = first | second
    rising = {
        p for p in third.keys() & before.keys() if third[p] >= max(2 * before[p], before[p] + 5)
    }
    seen = {p for p in third.keys() & before.keys() if third[p] < 1.5 * before[p]}
    assert rising
    assert rising & first.keys()
    assert seen
    assert first.keys() & second.keys()


def test_the_arxiv_feed_has_every_kind_of_announcement_and_shares_papers() -> None:
    kinds = [entry.findtext("arxiv:announce_type", "", NAMES) for entry in arxiv_entries()]
    assert {"new", "cross", "replace"} <= set(kinds)
    known = set().union(*map(huggingface, DAYS))
    assert len(set(arxiv_ids()) & known) == 4
    text = (SEEDS / "listings/2026-05-06.arxiv.xml").read_text(encoding="utf-8")
    assert r"Lov\'en" in text
    assert "T$^2$PO" in text


def test_the_page_shares_papers_with_the_days_by_title() -> None:
    papers = page_papers()
    assert len(papers) == 6
    for _, _, authors, day in papers:
        assert re.fullmatch(r"  • \d+ authors", authors)
        assert re.fullmatch(r"[A-Z][a-z]{2} \d{1,2}( \d+)?", day)
    known = {title_key(r["title"]) for day in DAYS for r in huggingface(day).values()}
    assert len({title_key(title) for title, *_ in papers} & known) == 2


@pytest.mark.parametrize("file", sorted((SEEDS / "profiles").glob("*.toml")), ids=lambda f: f.stem)
def test_a_sample_reader_is_complete_and_cannot_receive_mail(file: Path) -> None:
    reader = tomllib.loads(file.read_text(encoding="utf-8"))
    local, _, domain = reader["email"].partition("@")
    assert local == file.stem
    assert domain in ("example.org", "example.net")
    lists = {name: tuple(reader.get(name, ())) for name in CAPS}
    profile = InterestProfile(**lists, limit=reader["limit"])
    assert checked(profile) == profile
    assert ZoneInfo(reader["zone"])
    assert 0 <= reader["hour"] <= 23
    assert reader["cadence"] == "daily"
    assert isinstance(reader["confirmed_at"], datetime)
    assert reader["confirmed_at"].tzinfo is not None
    known = set().union(*map(huggingface, DAYS)) | set(arxiv_ids())
    assert {liked.removeprefix("arxiv:") for liked in profile.liked} <= known


def test_no_two_sample_readers_want_the_same() -> None:
    files = sorted((SEEDS / "profiles").glob("*.toml"))
    wants = [tuple(sorted(tomllib.loads(f.read_text("utf-8")).keys() & CAPS.keys())) for f in files]
    assert len(files) == 6
    assert () in wants
    assert ("liked",) in wants
    assert any("mute" in fields for fields in wants)
    assert ("authors", "categories") in wants


def test_a_summary_is_short_and_of_one_or_two_sentences() -> None:
    for paper, summary in summaries():
        assert 40 < len(summary) <= 400, paper
        assert len(re.findall(r"[.?](?:\s|$)", summary)) <= 3, paper


def test_no_summary_repeats_the_authors_words() -> None:
    originals = dict(_originals())
    compared = 0
    for paper, summary in summaries():
        if paper in originals:
            compared += 1
            assert not _runs(summary) & _runs(originals[paper]), paper
    assert compared > 40


def _originals() -> Iterator[tuple[str, str]]:
    """Abstracts as their authors wrote them, by arXiv id and by title."""
    for file in shared("data/arxiv_daily_listing").glob("2026-05-0[4-7].jsonl"):
        for line in file.read_text(encoding="utf-8").splitlines():
            paper = json.loads(line)
            yield paper["id"], paper["summary"]
    for file in shared("data/hf_daily_papers/raw").glob("2026-05-0[4-8].json"):
        for record in json.loads(file.read_text(encoding="utf-8")):
            yield record["paper"]["id"], record["paper"]["summary"]
            yield title_key(record["title"]), record["paper"]["summary"]


def _runs(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[at : at + RUN]) for at in range(len(words) - RUN + 1)}
