"""Stored days ranked anew, judged by what readers said from that day on."""

import pytest

from digest.app import App
from digest.core.ranking import weights
from digest.core.ranking.trial import weighed
from digest.replay import Replay, Tally
from subscribers import feedback, roster
from subscribers.feedback import Kind
from subscribers.profile import InterestProfile
from tests import given

ROBOTS, TIDES, MAPS = "arxiv:2603.00001", "arxiv:2603.00002", "arxiv:2603.00003"


@pytest.fixture
def reader(app: App) -> int:
    """Two days of papers, and one reader who follows robots."""
    papers = [
        given.paper("Robots that grasp", "2603.00001", abstract="Robots grasp cups.", votes=1),
        given.paper("Tides of the moon", "2603.00002", abstract="Tides come and go.", votes=90),
    ]
    later = given.paper("Maps of roads", "2603.00003", abstract="Roads on maps.", votes=2)
    given.collected(app.database, papers, given.sight(0))
    given.collected(app.database, [later], given.sight(1))
    with app.begin() as session:
        return given.subscriber(session, profile=InterestProfile(keywords=("robots",), limit=1))


def say(app: App, reader: int, kind: Kind, about: str, number: int) -> None:
    with app.begin() as session:
        feedback.give(session, reader, kind, about, at=given.at(number, 12))


def test_what_was_said_from_a_day_on_judges_it_and_does_not_teach_it(app: App, reader: int) -> None:
    say(app, reader, Kind.MORE, ROBOTS, 0)
    say(app, reader, Kind.LESS, TIDES, 0)
    [day] = Replay(app, [{}]).days(given.day(0), given.day(0))
    [tally] = day.tallies
    assert (tally.digests, tally.picks, day.common) == (1, 1, 1)
    assert (tally.more, tally.more_picked, tally.less, tally.less_picked) == (1, 1, 1, 0)
    assert tally.ndcg == 1.0


def test_what_was_said_before_a_day_teaches_it(app: App, reader: int) -> None:
    say(app, reader, Kind.MORE, ROBOTS, 0)
    with app.read() as session:
        [ada] = roster.by_ids(session, [reader]).values()
    told = Replay(app, [{}], ada)
    [_, tuesday] = told.days(given.day(0), given.day(1))
    assert tuesday.tallies[0].more == 0
    [monday_s], [tuesday_s] = (shown.picks for shown in told.shown)
    assert monday_s
    assert {paper for paper, _ in monday_s}.isdisjoint(paper for paper, _ in tuesday_s)


def test_a_word_judges_a_paper_on_its_first_day_only(app: App, reader: int) -> None:
    say(app, reader, Kind.MORE, ROBOTS, 5)
    days = [*Replay(app, [{}]).days(given.day(0), given.day(2))]
    assert [day.tallies[0].more for day in days] == [1, 0, 0]


def test_two_rankings_stand_side_by_side_and_the_table_is_as_it_was(app: App, reader: int) -> None:
    say(app, reader, Kind.LESS, TIDES, 0)
    before = weights.BAR
    rankings = [{}, {"KEYWORD_WORDS": 0, "KEYWORD_PHRASE": 0, "BAR": 9.0}]
    [day] = Replay(app, rankings).days(given.day(0), given.day(0))
    as_it_is, compared = day.tallies
    assert (as_it_is.less_picked, compared.less_picked) == (0, 1)
    assert day.common == 0
    assert before == weights.BAR


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"VOTE": 1.0}, "VOTE is no weight"),
        ({"COMMON": 1.0}, "COMMON is no weight"),
        ({"VOTES": -1.0}, "VOTES = -1.0: a number from 0"),
        ({"VOTES": "much"}, "VOTES = 'much': a number from 0"),
        ({"PAGES": 2.5}, "PAGES = 2.5: a whole number from 0"),
    ],
    ids=["unknown", "learnt", "negative", "text", "fraction"],
)
def test_what_is_no_weight_is_refused_by_name(changes: dict[str, float], said: str) -> None:
    before = {name: value for name, value in vars(weights).items() if name.isupper()}
    with pytest.raises(ValueError, match=said), weighed(changes):
        pass
    assert before == {name: value for name, value in vars(weights).items() if name.isupper()}


def test_the_first_place_counts_most() -> None:
    first, second = Tally(), Tally()
    first.add([7, 8], {7: Kind.MORE})
    second.add([8, 7], {7: Kind.MORE, 8: Kind.LESS})
    assert first.ndcg == 1.0
    assert second.ndcg == pytest.approx(0.631, abs=0.001)
    assert (second.less, second.less_picked) == (1, 1)
    assert Tally().ndcg is None
