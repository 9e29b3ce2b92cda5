"""Finding papers in the history, and what every try to collect left behind."""

import pytest

from digest.store import feeds, history
from digest.store.database import Database
from tests.given import at, collected, day, paper, sight


def kept(database: Database) -> None:
    collected(
        database,
        [
            paper("Attention is all", "2603.00001", abstract="About heads.", authors=("Zoë Å.",)),
            paper("100% of proteins_folded", "10.1101/x1", votes=3, abstract="About attention."),
        ],
        sight(0),
    )
    collected(database, [paper("Émile's graph", votes=9)], sight(1))


@pytest.mark.parametrize(
    ("asked", "title"),
    [
        ("2603.00001", "Attention is all"),
        ("https://arxiv.org/abs/2603.00001v2", "Attention is all"),
        ("arxiv:2603.00001", "Attention is all"),
        ("attention is ALL", "Attention is all"),
        ("https://doi.org/10.1101/x1", "100% of proteins_folded"),
        ("1", "Attention is all"),
        ("99", None),
        ("9" * 40, None),
        ("no such paper", None),
        ("", None),
    ],
)
def test_a_paper_is_found_by_any_of_its_names(
    database: Database, asked: str, title: str | None
) -> None:
    kept(database)
    with database.read() as session:
        stored = history.find(session, asked)
    assert (stored.paper.title if stored else None) == title


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("", ["Émile's graph", "100% of proteins_folded", "Attention is all"]),
        ("attention", ["100% of proteins_folded", "Attention is all"]),
        ("ATTENTION heads", ["Attention is all"]),
        ("Zoë", ["Attention is all"]),
        ("100%", ["100% of proteins_folded"]),
        ("0%proteins", []),
        ("s_folded", ["100% of proteins_folded"]),
        ("Émile", ["Émile's graph"]),
    ],
)
def test_a_search_holds_every_word_most_votes_first(
    database: Database, text: str, titles: list[str]
) -> None:
    kept(database)
    with database.read() as session:
        assert [one.paper.title for one in history.search(session, text=text)] == titles


def test_a_search_of_a_day_holds_only_its_edition(database: Database) -> None:
    kept(database)
    with database.read() as session:
        assert [s.paper.title for s in history.search(session, day=day(1))] == ["Émile's graph"]
        assert len(history.search(session, limit=2)) == 2
        assert history.days(session) == [day(0), day(1)]


def test_background_is_the_latest_text_before_the_day(database: Database) -> None:
    kept(database)
    with database.read() as session:
        assert history.background(session, until=day(1), limit=1) == [
            "100% of proteins_folded\nAbout attention."
        ]
        assert history.background(session, until=day(0), limit=9) == []


def test_papers_are_found_by_very_many_names_at_once(database: Database) -> None:
    kept(database)
    with database.read() as session:
        names = [f"arxiv:2604.{n:05}" for n in range(3000)]
        assert set(history.by_names(session, [*names, "arxiv:2603.00001"])) == {"arxiv:2603.00001"}
        assert set(history.by_ids(session, range(3000))) == {1, 2, 3}


def test_a_feeds_validators_are_those_of_its_last_body(database: Database) -> None:
    url = "https://example.org/feed"
    with database.begin() as session:
        assert feeds.last_seen(session, url) is None
        feeds.remember(session, feeds.Feed(url, '"1"', "", 3), at(0))
    with database.begin() as session:
        feeds.remember(session, feeds.Feed(url, '"2"', "Mon", 4), at(1))
    with database.read() as session:
        assert feeds.last_seen(session, url) == feeds.Feed(url, '"2"', "Mon", 4)


def test_the_last_state_of_a_source_on_a_day_counts(database: Database) -> None:
    counts = {"listed": 0, "new": 0, "revised": 0, "rising": 0, "seen": 0}
    with database.begin() as session:
        for hour, source, state in ((6, "arxiv", "failed"), (6, "hf", "fresh"),
                                    (7, "arxiv", "quiet")):  # fmt: skip
            feeds.log_collection(
                session, source=source, day=day(0), at=at(0, hour), state=state,
                counts=counts, error=None,
            )  # fmt: skip
    with database.read() as session:
        assert feeds.sources_of(session, day(0)) == {"arxiv": "quiet", "hf": "fresh"}
        assert feeds.sources_of(session, day(1)) == {}
