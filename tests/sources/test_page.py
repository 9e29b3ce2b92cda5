from datetime import date

import pytest

from digest.errors import SourceFormatError
from digest.sources.page import SavedPage
from tests.given import shared

BARE = """Get trending papers in your email inbox once a day!
Get trending papers in your email inbox!
SubscribeFirst Paper
About the first.
Second Paper
About the second."""
FULL = """new

Get trending papers in your email inbox!

Subscribe

Daily Papers

byAK and the research community

May 7

First Paper

About the first.

  • 1 authors
·
Apr 12 3

Without Authors

About the second.

Third Paper

About the third.

  • 12 authors
·
Nov 3, 2025
"""


def test_the_banner_is_cut_from_the_first_title():
    papers = SavedPage().parse(BARE.encode()).papers
    assert [(p.title, p.abstract) for p in papers] == [
        ("First Paper", "About the first."),
        ("Second Paper", "About the second."),
    ]


def test_details_belong_to_the_paper_above_them():
    first, second, third = SavedPage().parse(FULL.encode()).papers
    assert (first.author_count, first.published_on, first.comments) == (1, date(2026, 4, 12), 3)
    assert first.votes is None
    assert (second.author_count, second.published_on) == (None, None)
    assert (third.author_count, third.published_on, third.comments) == (12, date(2025, 11, 3), None)
    assert {p.listed_on for p in (first, second, third)} == {date(2026, 5, 7)}


def test_the_year_of_the_capture_may_be_told():
    [first, *_] = SavedPage(year=2027).parse(FULL.encode()).papers
    assert (first.published_on, first.listed_on) == (date(2027, 4, 12), date(2027, 5, 7))


def test_a_date_without_any_year_to_go_by_is_unknown():
    [first, *_] = SavedPage().parse(FULL.replace("Nov 3, 2025", "Nov 3").encode()).papers
    assert (first.published_on, first.listed_on) == (None, None)


def test_line_ends_of_windows_make_no_difference():
    windows = SavedPage().parse(FULL.replace("\n", "\r\n").encode())
    assert windows == SavedPage().parse(FULL.encode())


def test_another_text_is_refused_in_one_line():
    with pytest.raises(SourceFormatError, match="expected the banner"):
        SavedPage().parse(b"Dear all,\nhello")


def test_the_two_captures_of_the_page():
    bare = SavedPage().parse(shared("seeds/000_19390c5a8bb9b23a.txt").read_bytes())
    full = SavedPage().parse(shared("seeds/004_5807416e11e9c920.txt").read_bytes())
    assert not bare.problems + full.problems
    assert (len(bare.papers), len(full.papers)) == (119, 35)
    assert bare.papers[0].title == "Explaining How Transformers Use Context to Build Predictions"
    assert len({p.id for p in bare.papers} & {p.id for p in full.papers}) == 14
    by_title = {paper.title: paper for paper in full.papers}
    triadic = by_title["A Triadic Suffix Tokenization Scheme for Numerical Reasoning"]
    assert (triadic.author_count, triadic.published_on) == (1, date(2026, 4, 12))
    assert by_title["Batch Speculative Decoding Done Right"].author_count is None
    survey = by_title["Aligning Multimodal LLM with Human Preference: A Survey"]
    assert (survey.comments, survey.votes) == (3, None)
    assert {paper.listed_on for paper in full.papers} == {date(2026, 5, 7)}
    assert all(len(paper.abstract) > 300 for paper in bare.papers + full.papers)
