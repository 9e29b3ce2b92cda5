import copy
import json
from datetime import date

import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from digest.core.paper import Listing
from digest.errors import SourceFormatError
from digest.sources.huggingface import HuggingFace
from tests.given import shared

RECORD = {
    "paper": {
        "id": "2606.00001",
        "authors": [{"name": "Ada One"}, {"name": "Bob Two", "hidden": True}],
        "publishedAt": "2026-06-25T00:00:00.000Z",
        "submittedOnDailyAt": "2026-06-30T00:00:00.000Z",
        "title": "A title\n  in two lines",
        "summary": "What it is about.",
        "upvotes": 0,
        "githubRepo": "https://github.com/a/b",
        "githubStars": 12,
        "projectPage": "javascript:alert(1)",
        "ai_summary": "Short.",
        "ai_keywords": ["one", "two", "one"],
        "organization": {"name": "uni", "fullname": "The University"},
    },
    "publishedAt": "2026-06-24T20:00:00.000Z",
    "thumbnail": "https://cdn.example/2606.00001.png",
    "numComments": 2,
}
SOURCE = HuggingFace()


def parsed(*records: object) -> Listing:
    return SOURCE.parse(json.dumps(list(records)).encode())


def test_every_field_is_read_from_where_it_really_is():
    [paper] = parsed(RECORD).papers
    assert paper.id == "arxiv:2606.00001"
    assert paper.title == "A title in two lines"
    assert (paper.votes, paper.comments, paper.code_stars) == (0, 2, 12)
    assert paper.authors == ("Ada One",)
    assert paper.published_on == date(2026, 6, 25)
    assert paper.listed_on == date(2026, 6, 30)
    assert (paper.abstract, paper.summary) == ("What it is about.", "Short.")
    assert paper.keywords == ("one", "two")
    assert paper.code_url == "https://github.com/a/b"
    assert paper.project_url == ""
    assert paper.organization == "The University"
    assert paper.thumbnail_url.endswith("2606.00001.png")
    assert paper.categories == ()


def test_absent_fields_are_unknown_not_zero():
    [paper] = parsed({"paper": {"id": "2606.00001", "title": "T"}}).papers
    assert (paper.votes, paper.comments, paper.listed_on, paper.abstract) == (None, None, None, "")


def test_a_record_that_cannot_be_read_loses_nothing_else():
    listing = parsed("{'paper': 1}", RECORD, 1, {"paper": {"id": "2606.00002"}})
    assert len(listing.papers) == 1
    assert [problem.place for problem in listing.problems] == ["record 1", "record 3", "record 4"]
    assert listing.problems[2].reason == "has no title"


def test_a_day_without_papers_is_quiet():
    assert parsed() == Listing()


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b'{"error": "Invalid date"}', "Invalid date"),
        (b"<html>Bad gateway</html>", "Bad gateway"),
        (b"", "no JSON"),
        (b"[" * 100_000, "nested"),
        (b"\xff\xfe\x00", "UTF-8"),
        (b'{"status": "no_data"}', "expected a JSON list"),
    ],
)
def test_a_body_that_is_no_list_is_one_clear_line(body, says):
    with pytest.raises(SourceFormatError, match=says) as caught:
        SOURCE.parse(body)
    assert "\n" not in str(caught.value)


def test_pages_are_asked_for_by_a_hundred_and_end_somewhere():
    url = SOURCE.url(date(2026, 5, 7), 2)
    assert url == "https://huggingface.co/api/daily_papers?date=2026-05-07&p=2&limit=100"
    assert SOURCE.url(date(2026, 5, 7), 500) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def places(value, path=()):
    yield path
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, inner in items:
        yield from places(inner, (*path, key))


@settings(max_examples=300, deadline=None)
@drawn(st.sampled_from(list(places(RECORD))), JSON)
def test_any_value_in_any_place_gives_a_paper_or_a_problem(path, value):
    document = [copy.deepcopy(RECORD)]
    *way, last = (0, *path)
    inner = document
    for key in way:
        inner = inner[key]
    inner[last] = value
    listing = SOURCE.parse(json.dumps(document).encode())
    assert len(listing.papers) + len(listing.problems) == 1
    assert not any("\n" in str(problem) for problem in listing.problems)


def test_the_recorded_days_have_no_problem_and_their_own_date():
    files = sorted(shared("data/hf_daily_papers/raw").glob("*.json"))
    count = 0
    for file in files:
        listing = SOURCE.parse(file.read_bytes())
        assert listing.problems == (), file.name
        assert {paper.listed_on for paper in listing.papers} <= {date.fromisoformat(file.stem)}
        assert all(paper.id.startswith("arxiv:") for paper in listing.papers)
        count += len(listing.papers)
    assert (len(files), count) == (127, 2985)
