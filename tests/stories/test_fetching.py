"""Collecting over HTTP from a real server on loopback: pages, validators, refusals."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from digest.app import App
from digest.core.edition import Change
from digest.errors import FetchError, SourceFormatError
from digest.fetch import Fetcher, Limits
from digest.pipeline import Report, SourceState, _Collector, _silent
from digest.sources.arxiv import ArxivQuery
from digest.sources.base import Source
from digest.sources.feed import FeedSource
from digest.sources.huggingface import HuggingFace
from digest.store import feeds, history
from tests.httpd import Answer, Httpd, serving

DAY = date(2026, 5, 7)
FEED = b"""<?xml version="1.0"?><rss version="2.0"><channel><title>Lab</title>
<item><title>On tea</title><link>https://example.org/tea</link></item>
<item><title>On coffee</title><link>https://example.org/coffee</link></item></channel></rss>"""
REFUSAL = b"""<?xml version='1.0' encoding='UTF-8'?><feed xmlns="http://www.w3.org/2005/Atom">
<id>https://arxiv.org/</id><title>arXiv Search Results</title><entry>
<id>https://arxiv.org/api/errors#incorrect_id_format_for_abc</id><title>Error</title>
<summary>incorrect id format for abc</summary></entry></feed>"""


class Faces(HuggingFace):
    """The daily papers, asked from a server of the test."""

    def __init__(self, server: Httpd) -> None:
        self.server = server

    def url(self, day: date, page: int) -> str | None:
        return self.server.url(f"/{day}/{page}")


class Query(ArxivQuery):
    """arXiv's query API, asked from a server of the test."""

    def __init__(self, server: Httpd) -> None:
        super().__init__("id_list=abc")
        self.server = server

    def url(self, day: date, page: int) -> str | None:
        return self.server.url("/query")


def faces(*votes: int, first: int = 1) -> bytes:
    """A page of the daily papers, one paper with each of these votes."""
    papers = [
        {"id": f"2605.{number:05d}", "title": f"Paper {number}", "upvotes": up,
         "submittedOnDailyAt": f"{DAY}T01:00:00.000Z"}
        for number, up in enumerate(votes, first)
    ]  # fmt: skip
    return json.dumps([{"paper": paper} for paper in papers]).encode()


@pytest.fixture
def seventh(app: App) -> App:
    """The App on 7 May 2026."""
    return replace(app, clock=lambda: datetime(2026, 5, 7, 9, tzinfo=UTC))


async def fetch(app: App, source: Source, day: date | None = DAY) -> Report:
    """One try to collect one source, allowed to ask a server on this machine."""
    report = Report(source.name)
    limits = Limits(allow_private=True, default_pace_s=0, attempts=1)
    async with Fetcher(limits) as fetcher:
        await _Collector(app, report, day, _silent).fetch(source, fetcher)
    return report


def numbers(report: Report) -> dict[Change, int]:
    return {change: n for change, n in report.counts.items() if n}


def test_pages_are_asked_for_until_one_is_empty(seventh: App) -> None:
    async def story() -> None:
        async with serving() as server:
            server.answers[f"/{DAY}/0"] = [Answer(body=faces(5, 4))]
            server.answers[f"/{DAY}/1"] = [Answer(body=faces(3, first=3))]
            server.answers[f"/{DAY}/2"] = [Answer(body=b"[]")]
            report = await fetch(seventh, Faces(server))
            assert numbers(report) == {Change.NEW: 3}
            assert [asked.path for asked in server.asked] == [f"/{DAY}/{n}" for n in range(3)]

    asyncio.run(story())


def test_the_days_before_are_asked_for_again_and_votes_that_doubled_are_rising(
    seventh: App,
) -> None:
    async def story() -> None:
        async with serving() as server:
            server.answers[f"/{DAY}/0"] = [Answer(body=faces(2, 2))]
            server.answers[f"/{DAY}/1"] = [Answer(body=b"[]")]
            await fetch(seventh, Faces(server))
            server.answers[f"/{DAY}/0"] = [Answer(body=faces(42, 3))]
            for day in (4, 5, 6, 8):
                server.answers[f"/2026-05-0{day}/0"] = [Answer(body=b"[]")]
            server.answers["/2026-05-05/0"] = [Answer(body=b"[]")]
            later = replace(seventh, clock=lambda: datetime(2026, 5, 8, 9, tzinfo=UTC))
            report = await fetch(later, Faces(server), None)
            assert numbers(report) == {Change.RISING: 1, Change.SEEN: 1}
        with seventh.read() as session:
            stored = history.find(session, "2605.00001")
            assert stored is not None
            assert history.changes_of(session, stored.id)[-1] == (date(2026, 5, 8), Change.RISING)

    asyncio.run(story())


def test_what_did_not_change_is_not_sent_again_and_counts_as_seen(seventh: App) -> None:
    async def story() -> None:
        async with serving() as server:
            tagged = Answer(body=FEED, headers={"ETag": '"one"'})
            server.answers["/feed"] = [tagged, Answer(304)]
            source = FeedSource(server.url("/feed"))
            assert numbers(await fetch(seventh, source)) == {Change.NEW: 2}
            report = await fetch(seventh, source)
            assert numbers(report) == {Change.SEEN: 2}
            assert report.state is SourceState.FRESH
            assert server.asked[-1].headers["if-none-match"] == '"one"'

    asyncio.run(story())


def test_validators_are_kept_only_with_what_the_body_said(seventh: App) -> None:
    async def story() -> None:
        async with serving() as server:
            broken = Answer(body=b"<html>no feed</html>", headers={"ETag": '"bad"'})
            server.answers["/feed"] = [broken]
            source = FeedSource(server.url("/feed"))
            with pytest.raises(SourceFormatError):
                await fetch(seventh, source)
            with seventh.read() as session:
                assert feeds.last_seen(session, server.url("/feed")) is None

    asyncio.run(story())


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer(503), "503"),
        (Answer(404), "404"),
        (Answer(429, b"Rate exceeded."), "429"),
        (Answer(body=FEED, cut=100), "cut|closed|incomplete|ended"),
    ],
)
def test_a_refusal_is_one_line_that_names_the_url(seventh: App, answer: Answer, words: str) -> None:
    async def story() -> None:
        async with serving() as server:
            server.answers["/feed"] = [answer]
            with pytest.raises(FetchError, match=words) as caught:
                await fetch(seventh, FeedSource(server.url("/feed")))
            assert "/feed" in str(caught.value)
            assert "\n" not in str(caught.value)

    asyncio.run(story())


def test_arxiv_explains_its_refusal_in_its_own_words(seventh: App) -> None:
    async def story() -> None:
        async with serving() as server:
            server.answers["/query"] = [Answer(400, REFUSAL)]
            with pytest.raises(SourceFormatError, match="incorrect id format for abc"):
                await fetch(seventh, Query(server))

    asyncio.run(story())


def test_a_page_that_fails_keeps_the_pages_before_it(seventh: App) -> None:
    async def story() -> None:
        async with serving() as server:
            server.answers[f"/{DAY}/0"] = [Answer(body=faces(5, 4))]
            server.answers[f"/{DAY}/1"] = [Answer(500)]
            with pytest.raises(FetchError):
                await fetch(seventh, Faces(server))
        with seventh.read() as session:
            assert history.count(session) == 2

    asyncio.run(story())
