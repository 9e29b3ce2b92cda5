"""A sketch that was stored is the one that was made."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.core.ranking import LikedPaper, Vocabulary, fit, learn, weights
from digest.core.ranking.sketch import (
    MOST_KEPT,
    from_bytes,
    key,
    recall,
    sketched,
    sketches,
    to_bytes,
    unknown,
)
from digest.core.ranking.trial import weighed
from tests.core.test_ranking_learning import history


@pytest.fixture(scope="module")
def learnt() -> Vocabulary:
    return learn(history())


PAPER = LikedPaper("Galaxy survey", "Halo and redshift in depth", ("astro-ph.GA",))


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=200), st.text(max_size=400))
def test_a_sketch_of_any_text_is_the_same_after_it_was_stored(title: str, abstract: str) -> None:
    [made] = sketched(fit(["galaxy survey", "survey of texts"]), [LikedPaper(title, abstract)])
    read = from_bytes(to_bytes(made))
    for one, other in zip(made, read, strict=True):
        assert one.dtype == other.dtype
        assert np.array_equal(one, other)


def test_what_the_history_taught_is_stored_too(learnt: Vocabulary) -> None:
    [made] = sketched(learnt, [PAPER])
    read = from_bytes(to_bytes(made))
    assert len(read.meaning) == len(read.common) > 0
    assert np.array_equal(read.meaning, made.meaning)
    assert np.array_equal(read.common, made.common)


def test_a_sketch_depends_on_no_other_that_is_made_with_it(learnt: Vocabulary) -> None:
    others = [LikedPaper(*paper) for paper in history(40)]
    [alone] = sketched(learnt, [PAPER])
    among = sketched(learnt, [*others, PAPER])[-1]
    assert to_bytes(among) == to_bytes(alone)


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(lambda data: data[:-1], id="cut off"),
        pytest.param(lambda data: data + b"\0", id="too long"),
        pytest.param(lambda _: b"", id="empty"),
    ],
)
def test_bytes_that_are_no_sketch_are_told(
    learnt: Vocabulary, broken: Callable[[bytes], bytes]
) -> None:
    [made] = sketched(learnt, [PAPER])
    with pytest.raises(ValueError, match="a stored sketch has"):
        from_bytes(broken(to_bytes(made)))


def test_another_text_or_weight_has_another_key_and_another_field_has_not() -> None:
    same = PAPER._replace(categories=())
    assert key(same) == key(PAPER)
    others = [
        PAPER._replace(title="Galaxy surveys"),
        PAPER._replace(abstract=""),
        LikedPaper(f"{PAPER.title}\0{PAPER.abstract}"),
    ]
    with weighed({"PAIR": weights.PAIR / 2}):
        weighted = key(PAPER)
    assert len({key(PAPER), weighted, *map(key, others)}) == 5


def test_a_vocabulary_makes_nothing_that_it_recalls() -> None:
    vocabulary = learn(history())
    other = LikedPaper("Robot finger")
    assert unknown(vocabulary, [PAPER, other, PAPER]) == [PAPER, other]
    [made] = sketched(vocabulary, [other])
    recall(vocabulary, {PAPER: to_bytes(made)})
    assert unknown(vocabulary, [PAPER, other]) == [other]
    assert to_bytes(sketches(vocabulary, [PAPER])[0]) == to_bytes(made)


def test_a_vocabulary_that_is_full_forgets_and_asks_for_all_again() -> None:
    vocabulary = fit(["galaxy"])
    [made] = sketches(vocabulary, [PAPER])
    vocabulary.sketches.update({LikedPaper(str(n)): made for n in range(MOST_KEPT - 1)})
    assert unknown(vocabulary, [PAPER]) == []
    new = LikedPaper("Robot finger")
    assert unknown(vocabulary, [PAPER, new]) == [PAPER, new]
    assert len(sketches(vocabulary, [PAPER, new])) == 2
    assert len(vocabulary.sketches) == 2
