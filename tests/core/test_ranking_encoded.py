"""What holds of the ranking with what a sentence encoder said, whatever that is."""

from datetime import date
from math import fsum

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core.edition import Candidate, Change, ReasonKind
from digest.core.paper import Paper
from digest.core.ranking import Pool, Reader, encoded, explain, fit, prepare, rank
from digest.core.ranking.encoded import Encoded
from digest.core.ranking.sense import typed_text
from subscribers.profile import InterestProfile
from tests.core.test_ranking_properties import (
    WORDS,
    modest,
    nothing_taken_out_raises,
    papers,
    readers,
)

LENGTH = 12


def vector(text: str) -> encoded.Vector:
    """A made-up encoder: the sum of a direction for each word; of length 1."""
    known = [np.random.default_rng(hash_of(word)).standard_normal(LENGTH) for word in text.split()]
    summed = np.sum([np.full(LENGTH, 0.5), *known], axis=0)
    return (summed / np.linalg.norm(summed)).astype(np.float32)


def hash_of(word: str) -> int:
    return int(encoded.key(word)[:8], 16)


def lens_of_words() -> encoded.Lens:
    pairs = [f"{one} {other}" for one in WORDS for other in WORDS]
    found = encoded.learn([encoded.pack(vector(pair)) for pair in pairs])
    assert found is not None
    return found


LENS = lens_of_words()


def pool_of(candidates: list[Candidate], some: list[Reader]) -> Pool:
    """All papers and readers are known to the encoder."""
    known = Encoded(LENS)
    day = [encoded.paper_text(one.paper.title, one.paper.abstract) for one in candidates]
    texts = [*day]
    for reader in some:
        texts += [
            encoded.paper_text(one.title, one.abstract) for one in (*reader.liked, *reader.disliked)
        ]
        lines = map(typed_text, (*reader.profile.interests, *reader.profile.keywords))
        known.add({encoded.line_key(line): encoded.pack(vector(line)) for line in lines})
    known.add({encoded.key(text): encoded.pack(vector(text)) for text in texts})
    return prepare(candidates, fit([*WORDS, *day]), known)


@modest
@given(papers(), readers)
def test_the_reasons_weights_are_the_score(candidates: list[Candidate], reader: Reader) -> None:
    pool = pool_of(candidates, [reader])
    for one in candidates:
        told = explain(pool, reader, one.paper_id)
        weights = [reason.weight for reason in told.reasons]
        assert fsum(weights) == pytest.approx(told.score, abs=1e-7)
        assert weights == sorted(weights, reverse=True)
        assert len({(r.kind, r.text) for r in told.reasons}) == len(told.reasons)


@modest
@given(papers(), st.lists(readers, max_size=4))
def test_a_reader_gets_the_same_whoever_else_is_in_the_shard(
    candidates: list[Candidate], some: list[Reader]
) -> None:
    pool = pool_of(candidates, some)
    together = rank(pool, some)
    assert together == [rank(pool_of(candidates, [reader]), [reader])[0] for reader in some]
    assert together == rank(pool, some[::-1])[::-1]


@modest
@given(papers(), readers)
def test_taking_a_typed_cause_out_never_raises_a_score(
    candidates: list[Candidate], reader: Reader
) -> None:
    nothing_taken_out_raises(pool_of(candidates, [reader]), candidates, reader)


@modest
@given(papers(), readers)
def test_without_the_likes_that_are_named_a_paper_scores_less(
    candidates: list[Candidate], reader: Reader
) -> None:
    pool = pool_of(candidates, [reader])
    for one in candidates:
        told = explain(pool, reader, one.paper_id)
        named = {reason.text for reason in told.reasons if reason.kind is ReasonKind.LIKED}
        rest = tuple(paper for paper in reader.liked if paper.title not in named)
        less = Reader(reader.profile, rest, reader.barred)
        if named:
            assert explain(pool, less, one.paper_id).score < told.score


@modest
@given(papers(), readers)
def test_a_text_that_was_never_encoded_is_ranked_by_its_words(
    candidates: list[Candidate], reader: Reader
) -> None:
    texts = [f"{one.paper.title} {one.paper.abstract}" for one in candidates]
    vocabulary = fit([*WORDS, *texts])
    small = rank(prepare(candidates, vocabulary), [Reader(reader.profile)])
    assert rank(prepare(candidates, vocabulary, Encoded(LENS)), [Reader(reader.profile)]) == small


@given(st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=40))
def test_what_is_packed_is_nearly_what_comes_out(numbers: list[float]) -> None:
    given_ = np.array(numbers, np.float32)
    [out] = encoded.unpack([encoded.pack(given_)]) / encoded.UNIT
    greatest = float(np.abs(given_).max())
    assert np.abs(out - given_).max() <= greatest / encoded.STEPS + 2 / encoded.UNIT


def test_a_lens_that_was_kept_is_the_one_that_was_learnt() -> None:
    read = encoded.from_bytes(encoded.to_bytes(LENS))
    assert (read.middle == LENS.middle).all()
    assert (read.turned == LENS.turned).all()


def test_too_few_papers_teach_no_lens_and_equal_ones_no_direction() -> None:
    one = encoded.pack(vector("galaxy"))
    assert encoded.learn([one] * (encoded.FEWEST_VECTORS - 1)) is None
    lens = encoded.learn([one] * encoded.FEWEST_VECTORS)
    assert lens is not None
    assert not lens.apart(encoded.unpack([one])).any()


def test_vectors_of_another_length_are_left_aside() -> None:
    known = Encoded(LENS)
    known.add({encoded.key("galaxy"): encoded.pack(np.ones(LENGTH + 1, np.float32))})
    assert known.kept == {}


def test_a_line_names_itself_where_none_of_its_words_stands_in_the_paper() -> None:
    reader = Reader(InterestProfile(interests=("  galaxy tides ",)))
    paper = Paper(title="The grasping robot", identities=("title:0",))
    candidate = Candidate(0, paper, Change.NEW, date(2026, 3, 2))
    known = Encoded(LENS)
    known.add({encoded.line_key("galaxy tides"): encoded.pack(vector("grasping robot"))})
    known.add({encoded.key("The grasping robot"): encoded.pack(vector("grasping robot"))})
    [[pick]] = rank(prepare([candidate], fit(WORDS), known), [reader])
    [reason] = pick.reasons
    assert (reason.kind, reason.text) == (ReasonKind.INTEREST, "galaxy tides")
