"""What may enter a digest: a week back, since the last one, measured anew for each reader."""

from digest.core.edition import Candidate, Change
from digest.core.paper import Announce
from digest.store import editions, history
from digest.store.database import Database
from digest.store.editions import Last
from tests.given import RISING, at, collected, day, paper, sight


def candidates(database: Database, on: int, last: Last | None = None) -> dict[str, Candidate]:
    with database.read() as session:
        found = editions.candidates(session, day(on), last, RISING)
    assert [one.paper_id for one in found] == sorted(one.paper_id for one in found)
    return {one.paper.title: one for one in found}


def last(number: int, hour: int = 7) -> Last:
    return Last(day(number), at(number, hour))


def test_a_reader_without_a_digest_gets_the_week(database: Database) -> None:
    for number in range(9):
        collected(database, [paper(f"Paper {number}")], sight(number))
    assert set(candidates(database, 7)) == {f"Paper {n}" for n in range(1, 8)}


def test_a_reader_gets_what_came_after_the_last_digests_day(database: Database) -> None:
    for number in range(4):
        collected(database, [paper(f"Paper {number}")], sight(number))
    assert set(candidates(database, 3, last(1))) == {"Paper 2", "Paper 3"}
    assert set(candidates(database, 3, last(0))) == {"Paper 1", "Paper 2", "Paper 3"}


def test_a_late_source_lands_in_the_next_mail(database: Database) -> None:
    collected(database, [paper("In time")], sight(0, 6))
    collected(database, [paper("Late")], sight(0, 9))
    assert set(candidates(database, 1, last(0, 7))) == {"Late"}


def test_what_is_seen_again_is_no_candidate(database: Database) -> None:
    collected(database, [paper("A", votes=3)], sight(0))
    collected(database, [paper("A", votes=4)], sight(1))
    assert candidates(database, 1, last(0)) == {}


def test_a_risen_paper_is_measured_against_what_the_reader_could_have_seen(
    database: Database,
) -> None:
    collected(database, [paper("A", votes=5)], sight(0))
    collected(database, [paper("A", votes=11)], sight(1))  # rises
    collected(database, [paper("A", votes=18)], sight(2))
    collected(database, [paper("A", votes=22)], sight(3))  # rises against day 1's 11
    by_the_day_before = candidates(database, 3, last(2))
    assert by_the_day_before == {}  # 18 to 22 is no rise for them
    weekly = candidates(database, 3, last(0))["A"]
    assert (weekly.change, weekly.votes_before, weekly.since) == (Change.RISING, 5, day(0))
    assert weekly.paper.votes == 22


def test_a_paper_that_rose_on_the_day_says_since_when(database: Database) -> None:
    collected(database, [paper("A", votes=5)], sight(0))
    collected(database, [paper("A", votes=40)], sight(2))
    found = candidates(database, 2, last(1))["A"]
    assert (found.change, found.votes_before, found.since) == (Change.RISING, 5, day(0))
    assert found.listed_on == day(0)


def test_a_paper_that_was_new_and_also_rose_comes_as_new(database: Database) -> None:
    collected(database, [paper("A", votes=5)], sight(1))
    collected(database, [paper("A", votes=40)], sight(2))
    assert candidates(database, 2, last(0))["A"].change is Change.NEW


def test_a_first_count_may_rise_without_a_count_before(database: Database) -> None:
    collected(database, [paper("A")], sight(0, source="arxiv"))
    collected(database, [paper("A", votes=30)], sight(1))
    found = candidates(database, 1, last(0))["A"]
    assert (found.change, found.votes_before, found.since) == (Change.RISING, None, None)


def test_votes_that_fell_again_do_not_come_as_risen(database: Database) -> None:
    collected(database, [paper("A", votes=5)], sight(0))
    collected(database, [paper("A", votes=40)], sight(1, 6))
    collected(database, [paper("A", votes=6)], sight(1, 7))
    assert candidates(database, 1, last(0)) == {}


def test_a_revision_is_not_lost_because_the_votes_fell_again(database: Database) -> None:
    collected(database, [paper("A", "2603.00001", votes=5)], sight(0))
    revised = paper("A", "2603.00001", votes=5, announce=Announce.REPLACE)
    collected(database, [revised], sight(1))
    collected(database, [paper("A", votes=40)], sight(2, 6))
    collected(database, [paper("A", votes=6)], sight(2, 7))
    assert candidates(database, 2, last(0))["A"].change is Change.REVISED


def test_a_merged_paper_is_one_candidate_with_all_its_sources(database: Database) -> None:
    collected(database, [paper("A preprint", "10.1101/x1")], sight(0, source="biorxiv"))
    collected(database, [paper("A", "2603.00001")], sight(0, source="arxiv"))
    collected(database, [paper("A", "2603.00001", "10.1101/x1")], sight(1))
    [found] = candidates(database, 1).values()
    assert found.sources == ("biorxiv", "arxiv", "hf")
    assert found.change is Change.NEW


def test_a_day_of_very_many_papers_is_read_whole(database: Database) -> None:
    collected(database, [paper(f"Paper {n}") for n in range(2500)], sight(0))
    assert len(candidates(database, 0)) == 2500
    with database.read() as session:
        assert history.days(session) == [day(0)]
