"""Once a week the history is learnt from, and every ranking reads what was learnt."""

from freezegun import freeze_time

from digest import learning
from digest.app import App
from digest.core.ranking import keeping
from digest.scheduler import JOBS, Clockwork
from digest.selection import Selector
from digest.store import lexicons
from subscribers import roster
from subscribers.profile import InterestProfile
from tests import given
from tests.core.test_ranking_learning import history


def listed(app: App, count: int) -> None:
    papers = [
        given.paper(f"{title} case {number}", f"2603.{number:05d}", abstract=abstract)
        for number, (title, abstract) in enumerate(history(count))
    ]
    given.collected(app.database, papers, given.sight(0))


def test_a_history_is_learnt_from_once_a_week_and_read_by_the_ranking(app: App) -> None:
    listed(app, 200)
    assert learning.refresh(app, given.day(1))
    assert not learning.refresh(app, given.day(2))
    assert learning.refresh(app, given.day(8))
    with app.begin() as session:
        number = given.subscriber(session, profile=InterestProfile(interests=("galaxy",)))
    with app.read() as session:
        [reader] = roster.by_ids(session, [number]).values()
        [chosen] = Selector(given.day(1), app.rising).choose(session, [reader])
    latent = chosen.cohort.pool.vocabulary.latent
    assert latent is not None
    assert len(latent) > 20


def test_the_clock_learns_once_a_week(app: App) -> None:
    listed(app, 200)
    clockwork = Clockwork(app)
    [job] = [job for job in JOBS if job.name == "learn"]
    learnt = []
    for number in (1, 2, 8):
        with freeze_time(given.at(number)):
            clockwork.enter()
            assert clockwork.turn(job)
        with app.read() as session:
            learnt.append(lexicons.learnt_on(session, keeping.VERSION))
    assert learnt == [given.day(1), given.day(1), given.day(8)]


def test_a_short_history_is_counted_and_nothing_is_kept(app: App) -> None:
    listed(app, 20)
    assert not learning.refresh(app, given.day(1))
    with app.read() as session:
        assert lexicons.learnt_on(session, keeping.VERSION) is None
