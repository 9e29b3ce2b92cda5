"""What holds of the ranking for any profile and any day."""

from dataclasses import replace
from datetime import date
from math import fsum

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from digest.core.edition import Candidate, Change, Pick, ReasonKind, Section
from digest.core.paper import Paper
from digest.core.ranking import LikedPaper, Pool, Reader, explain, fit, prepare, rank
from digest.core.ranking.text import phrase, words
from subscribers.profile import InterestProfile

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
            assert f" {muted} " not in f" {phrase(paper.title)} \n {phrase(paper.abstract)} "


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
    pool = pool_of(candidates)
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
