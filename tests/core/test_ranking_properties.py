"""What holds of the ranking for any profile and any day."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import date
from math import fsum
from random import Random

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from digest.core.edition import Candidate, Change, Pick, ReasonKind, Section
from digest.core.paper import Paper
from digest.core.ranking import LikedPaper, Pool, Reader, explain, fit, learn, prepare, rank
from digest.core.ranking.text import phrase, words
from subscribers.profile import InterestProfile
from tests.core.test_ranking_learning import history
from tests.given import ROOT

WORDS = (  # noqa: SIM905
    "protein folding diffusion models video speech graph robot grasping tides 扩散 模型 sparse "
    "matrices fine-tuning the of new method galaxy"
).split()
text = st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join)
line = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join)
lines = st.lists(line, max_size=3).map(tuple)
names = st.sampled_from(["John Smith", "J. Smith", "Ann Lee", "张伟"])
codes = st.sampled_from(["cs.CL", "cs", "q-bio.BM", "cell biology"])


@st.composite
def papers(draw: st.DrawFn) -> list[Candidate]:
    found = []
    for paper_id in range(draw(st.integers(0, 8))):
        change = draw(st.sampled_from(Change))
        paper = Paper(
            title=draw(text),
            abstract=draw(text),
            identities=(f"title:{paper_id}",),
            authors=tuple(draw(st.lists(names, max_size=2))),
            categories=tuple(draw(st.lists(codes, max_size=2))),
            votes=draw(st.none() | st.integers(0, 500)),
        )
        before = draw(st.integers(0, 20)) if change is Change.RISING else None
        found.append(Candidate(paper_id, paper, change, date(2026, 3, 2), before))
    return found


liked_papers = st.lists(
    st.builds(LikedPaper, text, text), max_size=4, unique_by=lambda paper: paper.title
).map(tuple)
profiles = st.builds(
    InterestProfile,
    interests=lines,
    keywords=lines,
    mute=st.lists(line, max_size=1).map(tuple),
    categories=st.lists(codes, max_size=2).map(tuple),
    authors=st.lists(names, max_size=2).map(tuple),
    limit=st.integers(-1, 40),
)
readers = st.builds(Reader, profiles, liked_papers, st.frozensets(st.integers(0, 11), max_size=4))
modest = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def pool_of(candidates: list[Candidate]) -> Pool:
    texts = [f"{one.paper.title} {one.paper.abstract}" for one in candidates]
    return prepare(candidates, fit([*WORDS, *texts]))


def one(pool: Pool, reader: Reader) -> tuple[Pick, ...]:
    [found] = rank(pool, [reader])
    return found


@modest
@given(papers(), st.lists(readers, max_size=4))
def test_a_reader_gets_the_same_whoever_else_is_in_the_shard(
    candidates: list[Candidate], some: list[Reader]
) -> None:
    pool = pool_of(candidates)
    together = rank(pool, some)
    assert together == [one(pool, reader) for reader in some]
    assert together == rank(pool, some[::-1])[::-1]
    assert together == rank(pool_of(candidates[::-1]), some)


@modest
@given(papers(), st.lists(readers, min_size=2, max_size=7), st.integers(1, 4), st.randoms())
def test_a_shard_of_any_size_in_any_order_gives_each_reader_the_same(
    candidates: list[Candidate], some: list[Reader], size: int, chance: Random
) -> None:
    whole = rank(pool_of(candidates), some)
    pool = pool_of(candidates)
    parts = [some[start : start + size] for start in range(0, len(some), size)]
    chance.shuffle(parts)
    told = {id(reader): picks for part in parts
            for reader, picks in zip(part, rank(pool, part), strict=True)}  # fmt: skip
    for reader, picks in zip(some, whole, strict=True):
        assert [exact(one) for one in told[id(reader)]] == [exact(one) for one in picks]


def exact(pick: Pick) -> tuple[object, ...]:
    """A pick to the last bit of its numbers."""
    reasons = [(why.kind.value, why.text, why.weight.hex()) for why in pick.reasons]
    return pick.paper_id, pick.score.hex(), pick.section.value, reasons


# Another order of sets and of sums: what another machine would have.
MACHINES = {
    "plain": {},
    "one thread, old instructions": {
        "PYTHONHASHSEED": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "OPENBLAS_CORETYPE": "Nehalem",
        "NPY_DISABLE_CPU_FEATURES": "AVX2 FMA3",
    },
    "two threads": {
        "PYTHONHASHSEED": "2",
        "OPENBLAS_NUM_THREADS": "2",
        "OPENBLAS_CORETYPE": "Haswell",
    },
}


def ranked() -> str:
    """What some readers get who typed and liked things, by a ranking that learnt, in full."""
    texts = history(300)
    listed = [
        Candidate(n, Paper(title=title, abstract=abstract, identities=(f"title:{n}",), votes=n % 9),
                  Change.NEW, date(2026, 3, 2))
        for n, (title, abstract) in enumerate(texts[:100])
    ]  # fmt: skip
    some = [
        Reader(
            InterestProfile(interests=(texts[n][0],), keywords=(texts[n + 1][0],)),
            tuple(LikedPaper(*paper) for paper in texts[150 + n : 155 + n]),
        )
        for n in range(0, 40, 4)
    ]
    vocabulary = learn(texts)
    assert vocabulary.latent is not None
    return json.dumps(
        [[exact(one) for one in picks] for picks in rank(prepare(listed, vocabulary), some)]
    )


def test_the_same_input_gives_the_same_output_on_any_machine() -> None:
    code = f"from {__name__} import ranked; print(ranked())"
    found = {
        name: subprocess.run(
            [sys.executable, "-W", "ignore", "-c", code],
            env={**os.environ, **changed},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for name, changed in MACHINES.items()
    }
    assert len(json.loads(found["plain"])) == 10
    assert {name for name, told in found.items() if told != found["plain"]} == set()


@modest
@given(papers(), readers)
def test_a_digest_keeps_limit_bars_and_order(candidates: list[Candidate], reader: Reader) -> None:
    found = one(pool_of(candidates), reader)
    ids = [pick.paper_id for pick in found]
    assert len(ids) <= min(max(reader.profile.limit, 1), 30)
    assert len(ids) == len(set(ids))
    assert not set(ids) & reader.barred
    sections = [list(Section).index(pick.section) for pick in found]
    assert sections == sorted(sections)
    for pick in found:
        paper = candidates[pick.paper_id].paper
        assert pick.change is candidates[pick.paper_id].change
        for muted in map(phrase, reader.profile.mute):
            if not doubted(reader, muted):
                assert not contains(paper, muted)


def contains(paper: Paper | LikedPaper, wanted: str) -> bool:
    return f" {wanted} " in f" {phrase(paper.title)} \n {phrase(paper.abstract)} "


def doubted(reader: Reader, muted: str) -> bool:
    """Whether the likes speak against a mute: a fifth of them, and two, contain it."""
    count = sum(contains(paper, muted) for paper in reader.liked)
    return count >= max(2, 0.2 * len(reader.liked))


@modest
@given(papers(), readers)
def test_the_reasons_weights_are_the_score_strongest_first(
    candidates: list[Candidate], reader: Reader
) -> None:
    for pick in one(pool_of(candidates), reader):
        weights = [reason.weight for reason in pick.reasons]
        assert fsum(weights) == pytest.approx(pick.score, abs=1e-7)
        assert all(weight > 0 for weight in weights)
        assert weights == sorted(weights, reverse=True)
        assert len({(r.kind, r.text) for r in pick.reasons}) == len(pick.reasons)


@modest
@given(papers(), readers)
def test_words_named_as_a_reason_stand_in_the_profile_and_in_the_paper(
    candidates: list[Candidate], reader: Reader
) -> None:
    typed = {
        ReasonKind.INTEREST: reader.profile.interests,
        ReasonKind.KEYWORD: reader.profile.keywords,
    }
    for pick in one(pool_of(candidates), reader):
        paper = candidates[pick.paper_id].paper
        inside = set(words(f"{paper.title} {paper.abstract}"))
        for reason in pick.reasons:
            if reason.kind in typed:
                assert any(reason.text in line for line in typed[reason.kind])
                assert set(words(reason.text)) <= inside


@modest
@given(papers(), readers)
def test_the_explanation_agrees_with_the_digest(
    candidates: list[Candidate], reader: Reader
) -> None:
    pool = pool_of(candidates)
    picked = {pick.paper_id: pick for pick in one(pool, reader)}
    for candidate in candidates:
        told = explain(pool, reader, candidate.paper_id)
        assert told.picked == (candidate.paper_id in picked)
        if told.picked:
            pick = picked[candidate.paper_id]
            assert (told.score, told.reasons, told.section, told.bar) == (
                pick.score,
                pick.reasons,
                pick.section,
                "",
            )


def without(reader: Reader, kind: ReasonKind, at: int) -> Reader:
    """The reader without the `at`-th of what a kind of reason comes from."""
    if kind is ReasonKind.LIKED:
        return replace(reader, liked=reader.liked[:at] + reader.liked[at + 1 :])
    field = {
        ReasonKind.INTEREST: "interests",
        ReasonKind.KEYWORD: "keywords",
        ReasonKind.AUTHOR: "authors",
        ReasonKind.CATEGORY: "categories",
    }[kind]
    kept = getattr(reader.profile, field)
    return replace(reader, profile=replace(reader.profile, **{field: kept[:at] + kept[at + 1 :]}))


def causes(reader: Reader) -> dict[ReasonKind, int]:
    profile = reader.profile
    return {
        ReasonKind.INTEREST: len(profile.interests),
        ReasonKind.KEYWORD: len(profile.keywords),
        ReasonKind.LIKED: len(reader.liked),
        ReasonKind.AUTHOR: len(profile.authors),
        ReasonKind.CATEGORY: len(profile.categories),
    }


@modest
@given(papers(), readers)
def test_taking_a_cause_out_of_the_profile_never_raises_a_score(
    candidates: list[Candidate], reader: Reader
) -> None:
    nothing_taken_out_raises(pool_of(candidates), candidates, reader)


def nothing_taken_out_raises(pool: Pool, candidates: list[Candidate], reader: Reader) -> None:
    before = [explain(pool, reader, one.paper_id).score for one in candidates]
    for kind, count in causes(reader).items():
        # Of likes, the one taken back may have spoken against a paper: see the test below.
        for at in range(count if kind is not ReasonKind.LIKED else 0):
            less = without(reader, kind, at)
            after = [explain(pool, less, one.paper_id).score for one in candidates]
            assert all(a <= b + 1e-6 for a, b in zip(after, before, strict=True))


@modest
@given(papers(), readers)
def test_taking_all_causes_of_a_named_kind_out_lowers_the_score(
    candidates: list[Candidate], reader: Reader
) -> None:
    pool = pool_of(candidates)
    for pick in one(pool, reader):
        for kind in {reason.kind for reason in pick.reasons} & causes(reader).keys():
            less = reader
            for at in reversed(range(causes(reader)[kind])):
                less = without(less, kind, at)
            assert explain(pool, less, pick.paper_id).score < pick.score


@modest
@given(papers(), readers)
def test_taking_back_a_like_that_is_named_lowers_the_score(
    candidates: list[Candidate], reader: Reader
) -> None:
    pool = pool_of(candidates)
    for pick in one(pool, replace(reader, profile=replace(reader.profile, mute=()))):
        for reason in pick.reasons:
            if reason.kind is ReasonKind.LIKED:
                kept = tuple(paper for paper in reader.liked if paper.title != reason.text)
                less = replace(reader, liked=kept)
                assert explain(pool, less, pick.paper_id).score < pick.score


hostile = st.text(max_size=300) | st.sampled_from(
    [
        "the of and " * 200,
        "a" * 100_000,
        "（((((" * 500,
        "\x00\u202e\ud800"[:2],
        "ﷺ" * 500,
        "-" * 9_999,
    ]
)


@modest
@given(papers(), hostile, hostile)
def test_no_text_of_a_profile_or_a_paper_makes_the_ranking_fail(
    candidates: list[Candidate], typed: str, title: str
) -> None:
    odd = Candidate(99, Paper(title=title, identities=("title:99",)), Change.NEW, date(2026, 3, 2))
    profile = InterestProfile(
        interests=(typed,), keywords=(typed,), mute=(title,), categories=(typed,), authors=(typed,)
    )
    one(pool_of([*candidates, odd]), Reader(profile, (LikedPaper(typed, title),)))


@modest
@given(papers())
def test_an_empty_profile_gets_as_many_papers_as_there_are_up_to_the_limit(
    candidates: list[Candidate],
) -> None:
    assume(all(candidate.paper.title for candidate in candidates))
    pool = pool_of(candidates)
    found = one(pool, Reader(InterestProfile(limit=30)))
    assert all(pick.change is not Change.REVISED for pick in found)
    given_up = [c for c in candidates if c.paper_id not in {pick.paper_id for pick in found}]
    for candidate in given_up:
        told = explain(pool, Reader(InterestProfile(limit=30)), candidate.paper_id)
        assert candidate.change is Change.REVISED or told.bar.startswith("near-duplicate")
