"""A listing against what is known: new, revised, rising, seen."""

from collections import Counter
from datetime import date

import pytest
from hypothesis import given as anything
from hypothesis import strategies as st

from digest.core.diff import Finding, Known, Rising, diff
from digest.core.edition import Change
from digest.core.paper import Announce, Paper
from tests import given
from tests.given import RISING, day

ARXIV = "2603.00001"


def known(
    paper: Paper,
    *,
    row: int = 1,
    first: int = 0,
    votes: int | None = None,
    votes_day: date | None = None,
    revised_on: date | None = None,
) -> Known:
    """A row of that paper, first listed on day `first` with `votes`."""
    counted = votes_day or (day(first) if votes is not None else None)
    names = frozenset(paper.identities)
    return Known(row, names, day(first), paper.version, votes, counted, revised_on)


def one(paper: Paper, *rows: Known, on: int = 1) -> Finding:
    [finding] = diff([paper], rows, day(on), RISING)
    return finding


def changes(listed: list[Paper], *rows: Known, on: int = 0) -> list[Change]:
    return [finding.change for finding in diff(listed, rows, day(on), RISING)]


def test_a_paper_that_no_row_names_is_new() -> None:
    assert one(given.paper("A")) == Finding(given.paper("A"), Change.NEW)


def test_a_known_paper_is_seen_by_any_of_its_names() -> None:
    row = known(given.paper("A", ARXIV, "10.1101/x1"))
    for names in ((ARXIV,), ("10.1101/x1",), ()):
        title = "Another title" if names else "A"
        finding = one(given.paper(title, *names), row)
        assert (finding.change, finding.known) == (Change.SEEN, (row,))


@pytest.mark.parametrize(
    ("before", "now", "change"),
    [
        (10, 20, Change.RISING),
        (10, 19, Change.SEEN),
        (4, 8, Change.SEEN),  # twice as many, yet only four more
        (5, 10, Change.RISING),
        (0, 5, Change.RISING),
        (0, 4, Change.SEEN),
        (None, 5, Change.RISING),
        (None, 4, Change.SEEN),
        (20, 10, Change.SEEN),
        (20, None, Change.SEEN),
    ],
)
def test_votes_rise_when_they_doubled_and_are_five_more(
    before: int | None, now: int | None, change: Change
) -> None:
    paper = given.paper("A", votes=now)
    finding = one(paper, known(paper, votes=before))
    assert finding.change is change
    if change is Change.RISING:
        assert finding.votes_before == before
        assert finding.since == (None if before is None else day(0))


def test_votes_merely_grow_within_the_day_of_the_baseline() -> None:
    paper = given.paper("A", votes=90)
    assert one(paper, known(paper, votes=2), on=0).change is Change.SEEN
    assert one(paper, known(paper, votes=2, votes_day=day(3)), on=3).change is Change.SEEN
    assert one(paper, known(paper, votes=2, votes_day=day(3)), on=4).change is Change.RISING


def test_a_first_count_rises_only_on_a_later_day() -> None:
    paper = given.paper("A", votes=90)
    assert one(paper, known(paper), on=0).change is Change.SEEN
    assert one(paper, known(paper), on=1).change is Change.RISING


def test_an_older_capture_never_makes_votes_rise() -> None:
    paper = given.paper("A", votes=90)
    assert one(paper, known(paper, first=5, votes=2), on=3).change is Change.SEEN


def test_a_known_version_decides_what_is_revised() -> None:
    row = known(given.paper("A", ARXIV, version=1))
    again = given.paper("A", ARXIV, version=1, announce=Announce.REPLACE)
    assert one(given.paper("A", ARXIV, version=2), row).change is Change.REVISED
    assert one(again, row).change is Change.SEEN


def test_without_a_version_the_announcement_decides_once_a_day() -> None:
    paper = given.paper("A", ARXIV, announce=Announce.REPLACE)
    assert one(paper, known(paper), on=1).change is Change.REVISED
    assert one(paper, known(paper, revised_on=day(1)), on=1).change is Change.SEEN
    assert one(paper, known(paper), on=0).change is Change.SEEN


def test_a_replacement_of_an_unknown_paper_is_revised_and_not_new() -> None:
    paper = given.paper("A", ARXIV, announce=Announce.REPLACE_CROSS)
    assert one(paper).change is Change.REVISED


def test_a_cross_list_in_one_listing_is_the_same_paper_again() -> None:
    listed = [
        given.paper("A", ARXIV, categories=("cs.LG",)),
        given.paper("B", "2603.00002"),
        given.paper("A", ARXIV, categories=("cs.CV",), announce=Announce.CROSS),
    ]
    findings = diff(listed, [], day(0), RISING)
    assert [one.change for one in findings] == [Change.NEW, Change.NEW, Change.SEEN]
    assert [one.repeats for one in findings] == [None, None, 0]


def test_a_title_joins_the_arxiv_record_in_either_order() -> None:
    title, arxiv = given.paper("A"), given.paper("A", ARXIV)
    assert changes([title, arxiv]) == [Change.NEW, Change.SEEN]
    assert changes([arxiv, title]) == [Change.NEW, Change.SEEN]
    assert one(arxiv, known(title)).change is Change.SEEN
    assert one(title, known(arxiv)).change is Change.SEEN


def test_one_title_with_two_arxiv_ids_is_two_papers() -> None:
    one_, other = given.paper("A", ARXIV), given.paper("A", "2603.00002")
    assert changes([one_, other]) == [Change.NEW, Change.NEW]
    assert one(other, known(one_)).change is Change.NEW


def test_a_bare_title_before_them_does_not_make_two_arxiv_ids_one() -> None:
    listed = [given.paper("A"), given.paper("A", ARXIV), given.paper("A", "2603.00002")]
    assert changes(listed) == [Change.NEW, Change.SEEN, Change.NEW]
    row = known(given.paper("A", ARXIV))
    assert changes([listed[0], listed[2]], row) == [Change.SEEN, Change.NEW]


def test_a_record_that_names_two_rows_shows_that_they_are_one() -> None:
    old = known(given.paper("A preprint", "10.1101/x1"), row=1)
    young = known(given.paper("A", ARXIV), row=2)
    finding = one(given.paper("A", ARXIV, "10.1101/x1"), old, young)
    assert finding.change is Change.SEEN
    assert {row.paper_id for row in finding.known} == {1, 2}


def test_rows_are_one_even_where_a_record_of_the_listing_named_one_of_them_before() -> None:
    old = known(given.paper("A preprint", "10.1101/x1"), row=1)
    young = known(given.paper("A", ARXIV), row=2)
    listed = [given.paper("A preprint"), given.paper("A", ARXIV, "10.1101/x1")]
    findings = diff(listed, [old, young], day(1), RISING)
    assert [{row.paper_id for row in one.known} for one in findings] == [{1, 2}, {1, 2}]
    assert [one.repeats for one in findings] == [None, 0]


def test_a_later_record_that_joins_two_new_ones_leaves_one_new() -> None:
    listed = [
        given.paper("A", ARXIV),
        given.paper("A preprint", "10.1101/x1"),
        given.paper("A", ARXIV, "10.1101/x1"),
    ]
    findings = diff(listed, [], day(0), RISING)
    assert [one.change for one in findings] == [Change.NEW, Change.SEEN, Change.SEEN]
    assert [one.repeats for one in findings] == [None, 0, 0]


def test_a_paper_sent_to_openreview_twice_is_one_paper() -> None:
    venues = [
        given.paper("A", ARXIV, f"https://openreview.net/forum?id={venue}")
        for venue in ("iclr26", "icml26")
    ]
    assert changes(venues) == [Change.NEW, Change.SEEN]


def test_the_votes_of_merged_rows_are_measured_against_the_higher_count() -> None:
    low = known(given.paper("A preprint", "10.1101/x1"), row=1, votes=2)
    high = known(given.paper("A", ARXIV), row=2, votes=30)
    bridge = given.paper("A", ARXIV, "10.1101/x1", votes=50)
    assert one(bridge, low, high).change is Change.SEEN
    assert one(bridge, low, high).baseline == (30, day(0))


def test_the_baseline_moves_when_votes_rise_and_only_then() -> None:
    paper = given.paper("A", votes=15)
    assert one(paper, known(paper, votes=10)).baseline == (10, day(0))
    assert one(paper, known(paper, votes=3)).baseline == (15, day(1))
    assert one(paper).baseline == (15, day(1))
    assert one(given.paper("A")).baseline is None


@pytest.mark.parametrize("rule", [Rising(factor=3.0, votes=1), Rising(factor=1.0, votes=11)])
def test_the_operators_rule_decides_what_rises(rule: Rising) -> None:
    paper = given.paper("A", votes=20)
    [finding] = diff([paper], [known(paper, votes=10)], day(1), rule)
    assert finding.change is Change.SEEN


WORKS = st.integers(1, 6)
RECORDS = st.lists(
    st.builds(
        lambda work, names, votes, version, announce: given.paper(
            f"Work {work}",
            *([f"2603.{work:05}"] * (names % 2)),
            *([f"10.1101/x{work}"] * (names // 2)),
            votes=votes,
            version=version,
            announce=announce,
        ),
        WORKS,
        st.integers(0, 3),
        st.none() | st.integers(0, 60),
        st.none() | st.integers(1, 3),
        st.sampled_from(Announce),
    ),
    max_size=25,
)


@anything(RECORDS)
def test_every_record_is_exactly_one_of_four_and_each_work_is_new_once(
    listed: list[Paper],
) -> None:
    findings = diff(listed, [], day(0), RISING)
    assert [finding.paper for finding in findings] == listed
    firsts = [finding for finding in findings if finding.repeats is None]
    assert len(firsts) == len({paper.title for paper in listed})
    assert all(finding.change in (Change.NEW, Change.REVISED) for finding in firsts)
    counts = Counter(finding.change for finding in findings)
    assert sum(counts.values()) == len(listed)
    assert counts[Change.NEW] <= len(firsts)
    assert counts[Change.RISING] == 0  # within one day votes merely grow


@anything(RECORDS, st.integers(0, 3))
def test_the_same_listing_again_on_the_day_holds_nothing_but_seen(
    listed: list[Paper], later: int
) -> None:
    first = diff(listed, [], day(0), RISING)
    rows = []
    for place, finding in enumerate(first):
        if finding.repeats is None:
            members = [one for n, one in enumerate(first) if place in (n, one.repeats)]
            names = frozenset(name for one in members for name in one.paper.identities)
            version = max((one.paper.version or 0 for one in members), default=0) or None
            votes, counted = finding.baseline or (None, None)
            rows.append(Known(place, names, day(0), version, votes, counted, None))
    assert {finding.change for finding in diff(listed, rows, day(0), RISING)} <= {Change.SEEN}
