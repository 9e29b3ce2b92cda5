"""Saving listings: each work once, nothing twice, counts of the latest capture."""

import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as anything
from hypothesis import strategies as st
from sqlalchemy import delete, select

from digest.core.edition import Change
from digest.core.paper import Announce, Paper
from digest.store import history
from digest.store.database import Database
from digest.store.history import Stored
from digest.store.papers import Sight
from digest.store.tables import AliasRow, ChangeRow, IdentityRow, PaperRow, SightingRow
from tests.given import at, collected, day, paper, sight

ARXIV = "2603.00001"
NEW, SEEN, RISING, REVISED = Change.NEW, Change.SEEN, Change.RISING, Change.REVISED


def found(database: Database, name: str) -> Stored:
    with database.read() as session:
        stored = history.find(session, name)
    assert stored is not None
    return stored


def sightings(database: Database, name: str) -> list[history.Sighting]:
    with database.read() as session:
        return history.sightings(session, found(database, name).id)


def changes(database: Database, name: str) -> list[tuple[Any, Change]]:
    with database.read() as session:
        return history.changes_of(session, found(database, name).id)


def size(database: Database) -> int:
    with database.read() as session:
        return history.count(session)


def kinds(
    database: Database, listed: Sequence[Paper], seen: Sight, part: int = 500
) -> list[Change]:
    return [finding.change for finding in collected(database, listed, seen, part=part)]


def test_a_paper_is_kept_whole(database: Database) -> None:
    whole = paper(
        "Attention “is” all — 注意", ARXIV, abstract="Words.", authors=("Zoë Å.", "李雷"),
        author_count=2, version=2, url="https://arxiv.org/abs/2603.00001",
        categories=("cs.LG", "cs.CL"), published_on=day(-1), listed_on=day(0), votes=0, comments=3,
        note="12 pages", summary="Short.", keywords=("attention",), code_url="https://x.example",
        code_stars=7, project_url="https://p.example", thumbnail_url="https://t.example/a.png",
        organization="Lab",
    )  # fmt: skip
    collected(database, [whole], sight())
    stored = found(database, ARXIV)
    assert stored.paper == whole
    assert stored.sources == ("hf",)


def test_listing_it_again_adds_nothing(database: Database) -> None:
    listed = [paper("A", ARXIV, votes=3), paper("B"), paper("A", ARXIV, votes=3)]
    assert kinds(database, listed, sight()) == [NEW, NEW, SEEN]
    before = dump(database)
    assert kinds(database, listed, sight()) == [SEEN, SEEN, SEEN]
    assert dump(database) == before


def test_an_hour_later_only_what_differs_is_sighted(database: Database) -> None:
    collected(database, [paper("A", votes=3), paper("B", votes=1)], sight(0, 6))
    collected(database, [paper("A", votes=4), paper("B", votes=1)], sight(0, 7))
    assert [(s.at, s.votes) for s in sightings(database, "A")] == [(at(0, 6), 3), (at(0, 7), 4)]
    assert [(s.at, s.votes) for s in sightings(database, "B")] == [(at(0, 6), 1)]
    assert found(database, "A").paper.votes == 4


def test_votes_that_double_by_the_next_day_rise_once(database: Database) -> None:
    collected(database, [paper("A", votes=5)], sight(0))
    assert kinds(database, [paper("A", votes=40)], sight(1, 6)) == [RISING]
    assert kinds(database, [paper("A", votes=41)], sight(1, 7)) == [SEEN]
    assert kinds(database, [paper("A", votes=60)], sight(2)) == [SEEN]
    assert kinds(database, [paper("A", votes=80)], sight(3)) == [RISING]
    assert changes(database, "A") == [(day(0), NEW), (day(1), RISING), (day(3), RISING)]


def test_a_replacement_is_revised_once_a_day(database: Database) -> None:
    collected(database, [paper("A", ARXIV)], sight(0))
    again = [paper("A", ARXIV, announce=Announce.REPLACE)]
    assert kinds(database, again, sight(1, 6)) == [REVISED]
    assert kinds(database, again, sight(1, 7)) == [SEEN]
    assert kinds(database, again, sight(2)) == [REVISED]


@pytest.mark.parametrize("order", [(0, 1), (1, 0), (0, 1, 0), (1, 0, 1)])
def test_votes_are_those_of_the_latest_capture_in_whatever_order_it_is_read(
    database: Database, order: tuple[int, ...]
) -> None:
    early = Sight("hf", day(0), at(5), at(0, 8))
    late = Sight("hf", day(0), at(5), at(0, 20))
    captures = [(early, paper("A", votes=9)), (late, paper("A", votes=7))]
    for n in order:
        collected(database, [captures[n][1]], captures[n][0])
    assert found(database, "A").paper.votes == 7
    assert (at(0, 20), 7) in [(s.at, s.votes) for s in sightings(database, "A")]


def test_the_same_votes_later_still_outdate_a_capture_between(database: Database) -> None:
    for hour, votes in ((6, 5), (20, 5), (12, 4)):
        collected(database, [paper("A", votes=votes)], Sight("hf", day(0), at(3), at(0, hour)))
    assert found(database, "A").paper.votes == 5


def test_a_source_without_votes_outdates_no_votes(database: Database) -> None:
    collected(database, [paper("A", votes=5)], sight(0))
    collected(database, [paper("A")], sight(3, source="arxiv"))
    collected(database, [paper("A", votes=20)], Sight("hf", day(2), at(4), at(2, 20)))
    assert found(database, "A").paper.votes == 20


def test_first_votes_are_kept_even_from_an_older_capture(database: Database) -> None:
    collected(database, [paper("A")], sight(3, source="arxiv"))
    collected(database, [paper("A", votes=5)], Sight("hf", day(1), at(4), at(1, 8)))
    assert found(database, "A").paper.votes == 5


def test_a_file_of_a_past_day_without_an_instant_outdates_nothing_later(
    database: Database,
) -> None:
    collected(database, [paper("A", votes=50)], Sight("hf", day(2), at(9, 6)))
    collected(database, [paper("A", votes=5)], Sight("hf", day(1), at(9, 7)))
    assert found(database, "A").paper.votes == 50


def test_the_days_and_sources_of_a_paper_grow_both_ways(database: Database) -> None:
    collected(database, [paper("A")], sight(3))
    collected(database, [paper("A")], sight(1, source="arxiv"))
    collected(database, [paper("A")], sight(5))
    stored = found(database, "A")
    assert (stored.first_day, stored.last_day) == (day(1), day(5))
    assert stored.sources == ("hf", "arxiv")


def test_a_record_that_knows_its_day_is_new_on_that_day(database: Database) -> None:
    collected(database, [paper("A", listed_on=day(-2))], sight(0))
    assert changes(database, "A") == [(day(-2), NEW)]
    assert found(database, "A").first_day == day(-2)


def test_a_title_and_its_arxiv_record_are_one_paper_in_either_order(database: Database) -> None:
    collected(database, [paper("A"), paper("B", "2603.00002")], sight(0))
    collected(database, [paper("A", ARXIV), paper("B")], sight(1))
    assert size(database) == 2
    assert found(database, ARXIV).id == found(database, "A").id
    assert found(database, "A").paper.id == f"arxiv:{ARXIV}"


def test_one_title_with_two_arxiv_ids_stays_two_papers(database: Database) -> None:
    listed = [paper("A", ARXIV), paper("A", "2603.00002")]
    assert kinds(database, listed, sight(0)) == [NEW, NEW]
    assert kinds(database, listed, sight(1)) == [SEEN, SEEN]
    assert size(database) == 2


# -- merging


def two_rows(database: Database) -> tuple[int, int]:
    """A preprint and an arXiv record that nothing yet shows to be one."""
    collected(database, [paper("A preprint", "10.1101/x1", votes=2)], sight(1, source="biorxiv"))
    collected(database, [paper("A", ARXIV, votes=30)], sight(2))
    return found(database, "10.1101/x1").id, found(database, ARXIV).id


BRIDGE = paper("A", ARXIV, "10.1101/x1", votes=30)


def test_a_record_that_names_two_rows_makes_them_one(database: Database) -> None:
    old, young = two_rows(database)
    assert kinds(database, [BRIDGE], sight(3)) == [SEEN]
    assert size(database) == 1
    stored = found(database, ARXIV)
    assert stored.id == min(old, young)
    assert {f"arxiv:{ARXIV}", "doi:10.1101/x1"} < set(stored.paper.identities)
    assert stored.paper.votes == 30
    assert stored.sources == ("biorxiv", "hf")
    assert (stored.first_day, stored.last_day) == (day(1), day(3))


def test_a_merged_paper_keeps_its_sightings_and_is_new_once(database: Database) -> None:
    two_rows(database)
    collected(database, [BRIDGE], sight(3))
    seen = [(s.source, s.day, s.votes) for s in sightings(database, ARXIV)]
    assert seen == [("biorxiv", day(1), 2), ("hf", day(2), 30), ("hf", day(3), 30)]
    assert changes(database, ARXIV) == [(day(1), NEW)]


def test_the_old_number_of_a_merged_paper_still_finds_it(database: Database) -> None:
    old, young = two_rows(database)
    collected(database, [BRIDGE], sight(3))
    with database.read() as session:
        both = history.by_ids(session, [old, young])
    assert both[old] == both[young]
    assert found(database, str(young)).id == old


def test_the_number_of_a_merged_paper_is_never_given_to_another(database: Database) -> None:
    _, young = two_rows(database)
    collected(database, [BRIDGE], sight(3))
    collected(database, [paper("Another")], sight(4))
    assert found(database, "Another").id > young
    assert found(database, str(young)) == found(database, ARXIV)


def test_a_chain_of_merges_leads_every_old_number_to_one_paper(database: Database) -> None:
    names = ["10.1101/x1", "10.1016/y1", ARXIV]
    for n, name in enumerate(names):
        collected(database, [paper(f"Title {n}", name)], sight(n))
    ids = [found(database, name).id for name in names]
    chain = [paper("Title 1", names[1], names[2]), paper("Title 0", names[0], names[1])]
    collected(database, chain, sight(4))
    assert size(database) == 1
    with database.read() as session:
        assert set(history.current(session, ids).values()) == {min(ids)}


def test_a_row_without_votes_takes_the_zero_of_the_one_it_is_merged_with(
    database: Database,
) -> None:
    collected(database, [paper("A preprint", "10.1101/x1")], sight(1))
    collected(database, [paper("A", ARXIV, votes=0)], sight(2))
    collected(database, [paper("A", ARXIV, "10.1101/x1")], sight(3))
    with database.read() as session:
        row = session.scalars(select(PaperRow)).one()
        assert (row.votes, row.baseline_votes, row.baseline_day) == (0, 0, day(2))


def test_records_of_one_capture_may_differ_and_be_read_in_parts(database: Database) -> None:
    listed = [paper("A", votes=2), paper("B"), paper("A", votes=40)]
    seen = Sight("file", day(0), at(3), at(0, 8))
    for _ in range(2):
        collected(database, listed, seen, part=1)
        collected(database, listed, seen)
    assert [(s.at, s.votes) for s in sightings(database, "A")] == [(at(0, 8), 40)]


def test_two_collectors_at_once_make_one_paper_each(database: Database) -> None:
    listed = [[paper(f"Paper {n}", f"2603.{n:05}") for n in order] for order in
              (range(40), range(39, -1, -1))]  # fmt: skip
    start = Barrier(2)

    def collect(n: int) -> int:
        start.wait()
        return kinds(database, listed[n], sight(source=f"source {n}"), part=7).count(NEW)

    with ThreadPoolExecutor(2) as threads:
        assert sum(threads.map(collect, range(2))) == 40
    assert size(database) == 40


# -- any listings, in any order and parts


def dump(database: Database) -> list[Any]:
    """Every row of the history, but for the row's numbers and what is kept for the operator."""
    with database.read() as session:
        names: dict[int, tuple[str, ...]] = {}
        for row in session.scalars(select(IdentityRow).order_by(IdentityRow.identity)):
            names[row.paper_id] = (*names.get(row.paper_id, ()), row.identity)
        papers = [
            (names[row.id], row.votes, row.comments, row.version, row.first_day, row.last_day,
             row.baseline_votes, row.baseline_day, tuple(row.sources), row.counted_at)
            for row in session.scalars(select(PaperRow))
        ]  # fmt: skip
        seen = [
            (names[row.paper_id], row.source, row.day, row.at, row.votes, row.comments, row.version)
            for row in session.scalars(select(SightingRow))
        ]
        happened = [
            (names[row.paper_id], row.day, row.change, row.votes_before, row.since)
            for row in session.scalars(select(ChangeRow))
        ]
        gone = set(session.scalars(select(AliasRow.old_id)))
        assert gone.isdisjoint(names)
    return [sorted(papers, key=repr), sorted(seen, key=repr), sorted(happened, key=repr)]


@contextmanager
def fresh(migrated: Path, name: str = "") -> Iterator[Database]:
    """An empty history; made once for each name, since its compiled SQL is worth keeping."""
    database = KEPT.get(name)
    if database is None:
        file = shutil.copy(migrated, migrated.parent / f"{uuid4()}.db")
        database = KEPT[name] = Database(f"sqlite:///{file}")
    with database.begin() as session:
        for row in (SightingRow, ChangeRow, IdentityRow, AliasRow, PaperRow):
            session.execute(delete(row))
    yield database


KEPT: dict[str, Database] = {}


def record(work: int, names: int, votes: int | None, version: int | None) -> Paper:
    """A record of a work by its title and by some of its two ids, so that records may only later
    turn out to be one."""
    ids = [f"2603.{work:05}", f"10.1101/x{work}"]
    chosen = [name for n, name in enumerate(ids) if names & 1 << n]
    title = f"Work {work}" if names & 4 or not chosen else f"Work {work} {names}"
    return paper(title, *chosen, votes=votes, version=version)


COUNTS = st.none() | st.integers(0, 50)
LISTINGS = st.builds(
    # One capture shows one count of a work, wherever it shows any.
    lambda shown, counts: [
        record(work, names, counts[work] if tells else None, version)
        for work, names, tells, version in shown
    ],
    st.lists(
        st.tuples(st.integers(1, 4), st.integers(0, 7), st.booleans(), st.sampled_from([None, 2])),
        max_size=10,
    ),
    st.fixed_dictionaries(dict.fromkeys(range(1, 5), COUNTS)),
)
SLOW = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@SLOW
@anything(st.lists(LISTINGS, min_size=1, max_size=3), st.integers(1, 5))
def test_a_history_does_not_depend_on_the_parts_a_listing_is_cut_into(
    migrated_file: Path, days: list[list[Paper]], part: int
) -> None:
    with fresh(migrated_file) as whole, fresh(migrated_file, "cut") as cut:
        for number, listed in enumerate(days):
            collected(whole, listed, sight(number))
            collected(cut, listed, sight(number), part=part)
        assert dump(whole) == dump(cut)


@SLOW
@anything(st.lists(LISTINGS, min_size=1, max_size=3), st.integers(1, 5))
def test_collecting_anything_again_adds_nothing(
    migrated_file: Path, days: list[list[Paper]], part: int
) -> None:
    with fresh(migrated_file) as database:
        for number, listed in enumerate(days):
            collected(database, listed, sight(number))
            before = dump(database)
            again = collected(database, listed, sight(number), part=part)
            assert {finding.change for finding in again} <= {SEEN}
            assert dump(database) == before


WHOLE = [
    [paper(f"Work {n}", f"2603.{n:05}", f"10.1101/x{n}"), paper(f"Work {n}"),
     paper(f"Work {n}, a preprint", f"10.1101/x{n}"),
     paper(f"Work {n}", f"https://arxiv.org/abs/2603.{n:05}v2", version=2)]
    for n in range(1, 6)
]  # fmt: skip


@SLOW
@anything(st.permutations([one for work in WHOLE for one in work]), st.integers(1, 20))
def test_there_are_as_many_papers_as_works_in_any_order(
    migrated_file: Path, listed: list[Paper], part: int
) -> None:
    with fresh(migrated_file) as database:
        findings = collected(database, listed, sight(), part=part)
        assert len(findings) == len(listed)
        assert size(database) == len(WHOLE)
