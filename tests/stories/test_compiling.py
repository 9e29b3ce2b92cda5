"""What readers like is worked out once and stored, and ranks as what is worked out anew."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from freezegun import freeze_time
from pydantic import SecretStr
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from digest import learning
from digest.app import App, build
from digest.compiling import Compiling
from digest.core.edition import Pick
from digest.core.paper import Paper
from digest.core.ranking import LikedPaper, Vocabulary, keeping, sketch
from digest.scheduler import JOBS, Clockwork
from digest.selection import Selector
from digest.settings import load
from digest.store import lexicons, sketches
from digest.store.vector_tables import SketchRow
from subscribers import feedback, roster
from subscribers.feedback import Kind
from subscribers.profile import InterestProfile
from tests import given
from tests.core.test_ranking_learning import history

READERS = 6
TODAY = given.day(1)


@pytest.fixture
def learnt(home: Path, database_url: str) -> Iterator[App]:
    """A history that was learnt from, and readers who like some of it; on both databases."""
    app = replace(
        build(load(database_url=database_url, secret=SecretStr("s" * 32))),
        clock=lambda: given.at(1),
    )
    given.collected(app.database, listed(0, 200), given.sight(0))
    given.collected(app.database, listed(200, 240), given.sight(1))
    assert learning.refresh(app, TODAY)
    with app.begin() as session:
        for number in range(READERS):
            spoken(session, number)
    yield app
    app.database.close()


def listed(start: int, end: int) -> list[Paper]:
    return [
        given.paper(f"{title} case {number}", f"2603.{number:05d}", abstract=abstract)
        for number, (title, abstract) in [*enumerate(history(end))][start:]
    ]


def spoken(session: Session, number: int, day: int = 0) -> None:
    profile = InterestProfile(liked=tuple(f"arxiv:2603.{number + n:05d}" for n in (0, 8, 17)))
    who = given.subscriber(session, f"reader{number}@example.org", profile=profile)
    feedback.give(session, who, Kind.MORE, f"arxiv:2603.{number + 50:05d}", at=given.at(day))
    feedback.give(session, who, Kind.LESS, f"arxiv:2603.{number + 91:05d}", at=given.at(day))


def picked(app: App) -> list[tuple[Pick, ...]]:
    """What a new process gives all readers."""
    with app.read() as session:
        readers = roster.active(session)
        assert len(readers) >= READERS
        found = Selector(TODAY, app.rising).choose(session, readers)
    return [one.digest.picks for one in found]


def exact(found: list[tuple[Pick, ...]]) -> list[object]:
    """Picks to the last bit of their numbers."""
    return [
        (
            pick.paper_id,
            pick.score.hex(),
            [(r.kind, r.text, r.weight.hex()) for r in pick.reasons],
        )
        for picks in found
        for pick in picks
    ]


def stored(app: App) -> dict[str, bytes]:
    with app.read() as session:
        return {row.key: row.data for row in session.scalars(select(SketchRow))}


def test_with_what_is_stored_readers_get_to_the_bit_what_they_get_without(learnt: App) -> None:
    before = exact(picked(learnt))
    assert before
    assert stored(learnt) == {}
    assert Compiling(learnt).turn() == len(stored(learnt)) > 2 * READERS
    assert exact(picked(learnt)) == before


def test_what_is_stored_is_what_ranks(learnt: App) -> None:
    before = exact(picked(learnt))
    Compiling(learnt).turn()
    kept = [*stored(learnt).items()]
    with learnt.begin() as session:
        for (name, _), (_, other) in zip(kept, kept[1:] + kept[:1], strict=True):
            session.get_one(SketchRow, (mark(learnt), name)).data = other
    assert exact(picked(learnt)) != before


def mark(app: App) -> str:
    with app.read() as session:
        data = lexicons.latest(session, keeping.VERSION, given.day(30))
    assert data is not None
    return keeping.mark(data)


def test_a_sketch_of_another_lexicon_or_text_is_not_read(learnt: App) -> None:
    before = exact(picked(learnt))
    Compiling(learnt).turn()
    wrong = sketch.to_bytes(
        sketch.sketched(vocabulary(learnt), [LikedPaper("Wheat in dry soil")])[0]
    )
    names = stored(learnt)
    with learnt.begin() as session:
        session.execute(delete(SketchRow))
        sketches.keep(session, "of another lexicon", dict.fromkeys(names, wrong))
        sketches.keep(session, mark(learnt), {sketch.key(LikedPaper("Another text")): wrong})
    assert exact(picked(learnt)) == before


def vocabulary(app: App) -> Vocabulary:
    with app.read() as session:
        return keeping.from_bytes(lexicons.latest(session, keeping.VERSION, TODAY) or b"")


def test_nothing_is_made_twice_and_a_new_like_is_seen_at_the_next_turn(learnt: App) -> None:
    compiling = Compiling(learnt)
    made = compiling.turn()
    assert made == len(stored(learnt))
    assert compiling.turn() == Compiling(learnt).turn() == 0
    with learnt.begin() as session:
        spoken(session, 100, day=1)
    assert compiling.turn() == 5
    with learnt.begin() as session:
        who = roster.active(session)[0].id
        feedback.give(session, who, Kind.MORE, "arxiv:2603.00155", at=given.at(1, 7))
    assert compiling.turn() == 1


def test_who_is_asked_to_stop_goes_on_where_they_were(learnt: App) -> None:
    assert Compiling(learnt).turn(lambda: True) == 0
    assert stored(learnt) == {}
    assert Compiling(learnt).turn() > 0


def test_a_new_lexicon_makes_all_anew_and_the_old_ones_go(learnt: App) -> None:
    compiling = Compiling(learnt)
    first, old = compiling.turn(), mark(learnt)
    given.collected(learnt.database, listed(240, 300), given.sight(5))
    assert learning.refresh(learnt, given.day(8))
    assert mark(learnt) != old
    assert compiling.turn() == first
    with learnt.read() as session:
        assert {*session.scalars(select(SketchRow.lexicon))} == {mark(learnt)}


def test_nothing_is_stored_where_nothing_was_learnt(app: App) -> None:
    with app.begin() as session:
        spoken(session, 1)
    assert Compiling(app).turn() == 0


def test_the_clock_compiles(learnt: App) -> None:
    clockwork = Clockwork(learnt)
    [job] = [job for job in JOBS if job.name == "compile"]
    with freeze_time(given.at(1)):
        clockwork.enter()
        assert clockwork.turn(job)
    assert len(stored(learnt)) > 0
