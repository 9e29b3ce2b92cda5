"""Several interests among what one reader liked, and the fields papers are filed under."""

from datetime import date

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest.core.edition import Candidate, Change, ReasonKind
from digest.core.paper import Paper
from digest.core.ranking import LikedPaper, Pool, Reader, explain, learn, prepare, rank
from digest.core.ranking.balance import balanced, without
from digest.core.ranking.latent import STEP
from digest.core.ranking.score import score
from subscribers.profile import InterestProfile
from tests.core.test_ranking_learning import SUBJECTS, history

WORDS = sorted({word for subject in SUBJECTS for word in subject.split()})
FILED = [("cs.RO",), ("astro-ph.GA", "cs.LG"), ()]
titles = st.lists(st.sampled_from(WORDS), min_size=1, max_size=5).map(" ".join)
papers = st.builds(LikedPaper, titles, st.just(""), st.sampled_from(FILED))
shares = st.sampled_from([0.1, 0.5, 1.0])
modest = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
LEARNT = learn(history(), [FILED[at % len(FILED)] for at in range(len(history()))])


def pool_of(some: list[LikedPaper]) -> Pool:
    return prepare(
        [
            Candidate(
                at,
                Paper(title=one.title, identities=(f"title:{at}",), categories=one.categories),
                Change.NEW,
                date(2026, 3, 2),
            )
            for at, one in enumerate(some)
        ],
        LEARNT,
    )


@st.composite
def readers(draw: st.DrawFn) -> Reader:
    liked = draw(st.lists(papers, min_size=1, max_size=14, unique_by=lambda one: one.title))
    counts = draw(st.lists(shares, min_size=len(liked), max_size=len(liked)))
    return Reader(InterestProfile(limit=5), tuple(liked), liked_shares=tuple(counts))


def test_what_was_liked_often_does_not_drown_what_was_liked_once() -> None:
    robots = ["robot tactile grasping", "tactile grasping finger", "grasping finger robot",
              "finger robot tactile", "robot grasping", "tactile finger"]  # fmt: skip
    pool = pool_of([LikedPaper("robot tactile finger"), LikedPaper("galaxy redshift survey")])
    liked = [*map(LikedPaper, [*robots, "galaxy redshift halo"])]
    [many] = score(pool, [Reader(InterestProfile(), tuple(liked))]).personal
    [once] = score(pool, [Reader(InterestProfile(), tuple(liked[-2:]))]).personal
    assert many[1] / many[0] > 0.6 * once[1] / once[0]


@modest
@given(st.lists(papers, min_size=1, max_size=6), st.lists(readers(), min_size=1, max_size=4))
def test_a_reader_gets_the_same_whoever_else_is_in_the_shard(
    some: list[LikedPaper], asked: list[Reader]
) -> None:
    pool = pool_of(some)
    together = rank(pool, asked)
    assert together == [rank(pool_of(some), [one])[0] for one in asked]
    assert together == rank(pool, asked[::-1])[::-1]


@modest
@given(st.lists(papers, min_size=1, max_size=6), readers())
def test_without_a_like_that_is_named_a_paper_scores_less(
    some: list[LikedPaper], reader: Reader
) -> None:
    pool = pool_of(some)
    for pick in rank(pool, [reader])[0]:
        named = [one.text for one in pick.reasons if one.kind is ReasonKind.LIKED]
        for title in named:
            at = next(at for at, one in enumerate(reader.liked) if one.title == title)
            less = Reader(
                reader.profile,
                reader.liked[:at] + reader.liked[at + 1 :],
                liked_shares=reader.liked_shares[:at] + reader.liked_shares[at + 1 :],
            )
            assert explain(pool, less, pick.paper_id).score < pick.score


@modest
@given(st.lists(st.lists(st.floats(-127, 127), min_size=3, max_size=3), min_size=2, max_size=6))
def test_without_a_like_the_others_are_balanced_as_if_it_never_was(
    rows: list[list[float]],
) -> None:
    meanings = np.round(np.array(rows)).astype(np.float32) * np.float32(STEP / 127)
    count = len(rows)
    shares = np.linspace(0.3, 1.0, count)
    every = balanced(meanings, np.arange(count), np.array([0, count]), shares)
    for gone in range(count):
        kept = np.delete(np.arange(count), gone)
        fewer = balanced(meanings, kept, np.array([0, count - 1]), shares[kept])
        counted, together = without(every.groups[count], np.array([0]))
        left = counted[0, gone] / together[0, gone]
        assert left[gone] == 0
        assert left[kept] == pytest.approx(fewer.shares / shares[kept].sum())


def test_likes_count_together_as_much_as_before() -> None:
    meanings = np.full((3, 2), STEP / 2, np.float32)
    found = balanced(meanings, np.arange(3), np.array([0, 3]), np.array([1.0, 0.5, 1.0]))
    assert found.shares.sum() == pytest.approx(2.5)
    assert found.shares[1] < found.shares[0]


def test_of_two_papers_in_the_same_words_that_of_the_liked_field_comes_first() -> None:
    words = "robot finger grasping"
    pool = pool_of([LikedPaper(words, "", ("astro-ph.GA",)), LikedPaper(words, "", ("cs.RO",)),
                    LikedPaper(words)])  # fmt: skip
    liked = LikedPaper("robot tactile grasping", "", ("cs.RO",))
    [[other, same, unknown]] = score(pool, [Reader(InterestProfile(), (liked,))]).personal
    assert same > unknown > other > 0


def test_a_like_of_no_known_field_is_as_near_to_every_field() -> None:
    words = "robot finger grasping"
    pool = pool_of([LikedPaper(words, "", ("astro-ph.GA",)), LikedPaper(words, "", ("cs.RO",))])
    [[one, other]] = score(
        pool, [Reader(InterestProfile(), (LikedPaper("robot tactile grasping"),))]
    ).personal
    assert one == other > 0


def test_a_line_is_raised_in_the_field_of_the_history_s_papers_it_means() -> None:
    filed = [("cs.RO",) if "robot" in title else ("cs.CL",) for title, _ in history()]
    vocabulary = learn(history(), filed)
    words = "robot grasping"
    both = [
        Candidate(
            at,
            Paper(title=words, identities=(f"title:{at}",), categories=(one,)),
            Change.NEW,
            date(2026, 3, 2),
        )
        for at, one in enumerate(["cs.CL", "cs.RO"])
    ]
    pool = prepare(both, vocabulary)
    [[other, same]] = score(pool, [Reader(InterestProfile(interests=("robot",)))]).personal
    assert same > other > 0
