"""The extra "semantic": what is encoded once is kept, and ranks papers that say it otherwise."""

import logging
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from digest import encoder
from digest.app import App
from digest.core.edition import Pick, ReasonKind
from digest.core.ranking import encoded
from digest.encoding import UNWANTED_AFTER, Encoding
from digest.scheduler import JOBS, Clockwork
from digest.selection import Selector
from digest.store import vectors
from digest.store.vector_tables import VectorRow
from subscribers import feedback, roster
from subscribers.feedback import Kind
from subscribers.profile import InterestProfile
from tests import encoders, given

TODAY = given.day(10)
LATER = ("A telescope survey of the nebula", "A gripper that learns", "Wheat in dry soil")


def with_encoder(app: App, asked: str | Path, number: int = 10) -> App:
    settings = app.settings.model_copy(update={"encoder": str(asked)})
    return replace(app, settings=settings, clock=lambda: given.at(number))


@pytest.fixture
def large(app: App, tmp_path: Path) -> App:
    """An installation with the tiny encoder, a history and a day of three papers."""
    given.needs("fastembed")
    words = [line.split() for line in encoders.SUBJECTS]
    past = [
        given.paper(f"Case {n} of {line[n % 4]} and {line[n % 3]}", f"2602.{n:05d}")
        for n, line in ((n, words[n % len(words)]) for n in range(160))
    ]
    given.collected(app.database, past, given.sight(0))
    today = [given.paper(title, f"2603.{n:05d}") for n, title in enumerate(LATER)]
    given.collected(app.database, today, given.sight(10))
    return with_encoder(app, encoders.tiny(tmp_path / "tiny"))


def picks(app: App, profile: InterestProfile, *more: str) -> dict[str, Pick]:
    """By title, what somebody with this profile gets on that day who liked these papers."""
    with app.begin() as session:
        number = given.subscriber(session, profile=profile)
        for about in more:
            feedback.give(session, number, Kind.MORE, about, at=given.at(9))
    Encoding(app).turn()
    with app.read() as session:
        [reader] = roster.by_ids(session, [number]).values()
        [chosen] = Selector(TODAY, app.rising).choose(session, [reader])
    titles = {one.paper_id: one.paper.title for one in chosen.cohort.candidates}
    return {titles[pick.paper_id]: pick for pick in chosen.digest.picks}


def test_a_line_finds_a_paper_that_has_none_of_its_words(large: App) -> None:
    found = picks(large, InterestProfile(interests=("galaxy redshift",)))
    assert [*found] == [LATER[0]]
    [reason] = found[LATER[0]].reasons
    assert (reason.kind, reason.text) == (ReasonKind.INTEREST, "galaxy redshift")
    assert reason.weight == pytest.approx(found[LATER[0]].score)


def test_a_liked_paper_finds_one_that_says_it_otherwise(large: App) -> None:
    liked = given.paper("Robot manipulator", "2603.09999")
    given.collected(large.database, [liked], given.sight(0))
    found = picks(large, InterestProfile(), "arxiv:2603.09999")
    assert next(iter(found)) == LATER[1]
    assert ("liked", "Robot manipulator") in [
        (one.kind, one.text) for one in found[LATER[1]].reasons
    ]


def test_without_what_was_encoded_words_alone_count(large: App, app: App) -> None:
    assert picks(app, InterestProfile(interests=("galaxy redshift",))) == {}


def test_a_text_is_encoded_once_and_a_batch_that_was_kept_is_not_done_again(large: App) -> None:
    asked = iter([False, False, True])
    broken_off = Encoding(large).turn(lambda: next(asked, True))
    rest = Encoding(large).turn()
    assert 0 < broken_off < broken_off + rest
    assert broken_off + rest == 163
    assert Encoding(large).turn() == 0


def test_who_changes_something_is_seen_at_the_next_turn(large: App) -> None:
    encoding = Encoding(large)
    assert encoding.turn() == 163
    with large.begin() as session:
        number = given.subscriber(session)
        feedback.give(session, number, Kind.MORE, "An enzyme", at=given.at(10, 7))
    assert encoding.turn() == 1


def test_what_nobody_wants_any_more_is_forgotten(large: App) -> None:
    Encoding(large).turn()
    with large.begin() as session:
        old = {encoded.line_key("an erased person's line"): b"\0" * 20}
        vectors.keep(session, "tiny", old, day=TODAY - UNWANTED_AFTER - timedelta(days=1))
    week = int(UNWANTED_AFTER.days)
    Encoding(replace(large, clock=lambda: given.at(10 + week))).turn()
    with large.read() as session:
        left = session.scalars(select(VectorRow.key)).all()
    assert len(left) == 163
    assert not set(left) & old.keys()


def test_the_clock_encodes(large: App) -> None:
    clockwork = Clockwork(large)
    [job] = [job for job in JOBS if job.name == "encode"]
    clockwork.enter()
    assert clockwork.turn(job)
    with large.read() as session:
        assert len(session.scalars(select(VectorRow.key)).all()) == 163
        found = vectors.lens(session, encoded.VERSION, TODAY)
    assert found is not None
    assert found.encoder.startswith("tiny@")


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ("./nowhere", "nowhere: the folder has no model.onnx"),
        ("no/such", "no/such: neither a folder nor a model of fastembed's"),
    ],
    ids=["folder", "name"],
)
def test_an_encoder_that_is_missing_is_one_line_in_the_log(
    app: App, asked: str, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    given.needs("fastembed")
    encoding = Encoding(with_encoder(app, asked))
    with caplog.at_level(logging.INFO, logger="digest"):
        assert [encoding.turn(), encoding.turn()] == [0, 0]
    [told] = caplog.records
    assert why in told.reason  # type: ignore[attr-defined]
    assert "\n" not in told.reason  # type: ignore[attr-defined]


def test_a_missing_extra_is_one_line_that_says_how_to_have_it(
    app: App, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "fastembed", None)  # as where it is not installed
    with caplog.at_level(logging.INFO, logger="digest"):
        assert Encoding(with_encoder(app, "BAAI/bge-small-en-v1.5")).turn() == 0
    [told] = caplog.records
    assert 'no fastembed here; pip install "papers-digest[semantic]"' in told.reason  # type: ignore[attr-defined]


def test_an_encoder_by_another_model_has_another_name(tmp_path: Path) -> None:
    given.needs("fastembed")
    one = encoders.tiny(tmp_path / "one")
    first = encoder.load(str(one), tmp_path)
    (one / "model.onnx").write_bytes((one / "model.onnx").read_bytes() + b"\x10\x00")
    assert encoder._name_of(one, one / "model.onnx") != first.name


def test_texts_alone_and_together_give_the_same_vectors(tmp_path: Path) -> None:
    given.needs("fastembed")
    found = encoder.load(str(encoders.tiny(tmp_path / "tiny")), tmp_path)
    texts = ["galaxy", "", "robot robot wheat", "words it never heard"]
    together = [encoded.pack(one) for one in found.papers(texts)]
    assert together == [encoded.pack(one) for text in texts for one in found.papers([text])]
