"""Two records of one paper: nothing that was known is lost, counts are of the later one."""

from dataclasses import replace
from datetime import date

from hypothesis import given as anything
from hypothesis import strategies as st

from digest.core.combine import combine
from digest.core.paper import Paper
from tests import given

COUNTS = st.none() | st.integers(0, 99)
WORDS = st.sampled_from(["", "short", "some longer words"])
PAPERS = st.builds(
    given.paper, st.just("T"), st.sampled_from(["", "2603.00001", "10.1101/x1"]),
    abstract=WORDS, version=st.none() | st.integers(1, 3), votes=COUNTS, comments=COUNTS,
    authors=st.lists(st.sampled_from(["A", "B", "C"]), unique=True).map(tuple),
    code_url=WORDS, summary=WORDS, note=WORDS, url=WORDS, organization=WORDS,
)  # fmt: skip


def test_the_later_versions_words_win_whichever_came_first() -> None:
    one = given.paper("Old title", "2603.00001", abstract="a much longer abstract", version=1)
    two = given.paper("New title", "2603.00001", abstract="shorter", version=2)
    for both in (combine(one, two, newer=True), combine(two, one, newer=True)):
        assert (both.title, both.abstract, both.version) == ("New title", "shorter", 2)


def test_without_versions_the_longer_abstract_wins() -> None:
    bare, full = given.paper("Bare"), given.paper("Full", abstract="words")
    assert combine(bare, full, newer=True).title == "Full"
    assert combine(full, bare, newer=True).title == "Full"


def test_counts_are_those_of_the_later_sight_even_when_they_fell() -> None:
    early, late = given.paper(votes=9, comments=1), given.paper(votes=7, comments=None)
    assert combine(early, late, newer=True).votes == 7
    assert combine(late, early, newer=False).votes == 7
    assert combine(early, late, newer=True).comments == 1


def test_no_votes_are_a_count_and_not_an_unknown_one() -> None:
    assert combine(given.paper(votes=3), given.paper(votes=0), newer=True).votes == 0


def test_the_link_is_that_of_the_stronger_identity() -> None:
    blog = given.paper("T", url="https://blog.example")
    arxiv = given.paper("T", "2603.00001", url="https://arxiv.org/abs/2603.00001")
    assert combine(blog, arxiv, newer=True).url == arxiv.url
    assert combine(arxiv, blog, newer=True).url == arxiv.url


@anything(PAPERS, PAPERS, st.booleans())
def test_combining_loses_nothing(old: Paper, new: Paper, newer: bool) -> None:
    both = combine(old, new, newer=newer)
    assert set(both.identities) == {*old.identities, *new.identities}
    for name in ("abstract", "code_url", "summary", "note", "url", "organization", "authors"):
        assert bool(getattr(both, name)) == bool(getattr(old, name) or getattr(new, name))
    assert both.version == max(old.version or 0, new.version or 0) or both.version is None
    for name in ("votes", "comments"):
        fresh, stale = (new, old) if newer else (old, new)
        told = getattr(fresh, name)
        assert getattr(both, name) == (getattr(stale, name) if told is None else told)


@anything(PAPERS, st.booleans())
def test_a_record_combined_with_itself_is_itself(paper: Paper, newer: bool) -> None:
    paper = replace(paper, published_on=date(2026, 3, 1))
    assert combine(paper, paper, newer=newer) == paper
