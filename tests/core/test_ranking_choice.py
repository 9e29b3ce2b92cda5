"""Who gets a place in a mail: several interests, variety, what trends outside the profile."""

from collections import Counter
from datetime import date

import pytest

from digest.core.edition import Candidate, Change, Pick, ReasonKind, Section
from digest.core.paper import Paper
from digest.core.ranking import (
    LikedPaper,
    Pool,
    Reader,
    explain,
    fit,
    learn,
    prepare,
    rank,
    weights,
)
from subscribers.profile import InterestProfile
from tests.core.test_ranking_learning import history

TIDES = [f"Tides number {n} of the harbour" for n in range(12)]
CORALS = [f"Corals number {n} in the reef" for n in range(12)]
NEWS = [f"Breakthrough {n} everybody reads" for n in range(6)]


def listed(titles: list[str], votes: dict[str, int] | None = None) -> list[Candidate]:
    return [
        Candidate(
            at,
            Paper(title=one, identities=(f"title:{at}",), votes=(votes or {}).get(one, 0)),
            Change.NEW,
            date(2026, 3, 2),
        )
        for at, one in enumerate(titles)
    ]


def pool_of(candidates: list[Candidate]) -> Pool:
    words = ["harbour", "reef", "galaxy", "prover"] * 3
    return prepare(candidates, fit([*words, *(one.paper.title for one in candidates)]))


def picks(pool: Pool, **profile: object) -> tuple[Pick, ...]:
    [found] = rank(pool, [Reader(InterestProfile(**profile))])  # type: ignore[arg-type]
    return found


def among(found: tuple[Pick, ...], section: Section) -> list[int]:
    return [one.paper_id for one in found if one.section is section]


def test_one_of_several_interests_takes_no_more_than_its_share() -> None:
    pool = pool_of(listed([*TIDES, *CORALS]))
    found = picks(pool, interests=("tides", "corals"), limit=10)
    corals = [one for one in found if one.paper_id >= len(TIDES)]
    assert (len(found), len(corals)) == (10, 4)


def test_an_interest_alone_fills_the_mail_where_the_other_has_few_papers() -> None:
    pool = pool_of(listed([*TIDES, CORALS[0]]))
    found = picks(pool, interests=("tides", "corals"), limit=10)
    assert len(found) == 10
    assert len(TIDES) in {one.paper_id for one in found}


def test_one_place_is_for_what_trends_outside_the_profile() -> None:
    pool = pool_of(listed([*TIDES, *NEWS], dict.fromkeys(NEWS, 50)))
    found = picks(pool, interests=("tides",), limit=10)
    assert len(among(found, Section.TRENDING)) == 1
    assert len(among(found, Section.FOR_YOU)) == 9


@pytest.mark.parametrize("limit", [1, 4])
def test_a_short_mail_has_no_place_for_it(limit: int) -> None:
    pool = pool_of(listed([*TIDES, *NEWS], dict.fromkeys(NEWS, 50)))
    found = picks(pool, interests=("tides",), limit=limit)
    assert {one.section for one in found} == {Section.FOR_YOU}


def test_without_anything_that_trends_no_place_stays_empty() -> None:
    found = picks(pool_of(listed([*TIDES, *NEWS])), interests=("tides",), limit=10)
    assert len(among(found, Section.FOR_YOU)) == 10


def test_who_wants_only_their_interests_gets_nothing_else_and_votes_order_nothing() -> None:
    votes = dict.fromkeys(NEWS, 50) | {TIDES[7]: 400}
    pool = pool_of(listed([*TIDES[:8], *NEWS], votes))
    found = picks(pool, interests=("tides",), limit=10, popularity=0)
    assert [one.paper_id for one in found] == [*range(8)]
    assert not {why.kind for one in found for why in one.reasons} & {ReasonKind.VOTES}
    usual = picks(pool, interests=("tides",), limit=10)
    assert usual[0].paper_id == 7


def test_the_more_popular_the_more_places_for_what_trends() -> None:
    pool = pool_of(listed([*TIDES, *NEWS], dict.fromkeys(NEWS, 50)))
    shares = [
        len(among(picks(pool, interests=("tides",), popularity=much), Section.TRENDING))
        for much in (0, 25, 50, 75)
    ]
    assert shares == [0, 1, 5, 6]


def test_who_wants_only_what_trends_gets_the_day_s_best_and_no_mutes() -> None:
    pool = pool_of(listed([*TIDES, *NEWS], {one: 60 - n for n, one in enumerate(NEWS)}))
    [found] = rank(
        pool,
        [
            Reader(
                InterestProfile(
                    interests=("tides",), mute=("breakthrough 0",), limit=5, popularity=100
                ),
                (LikedPaper(TIDES[0]),),
            )
        ],
    )
    assert [one.paper_id - len(TIDES) for one in found] == [1, 2, 3, 4, 5]
    assert {why.kind for one in found for why in one.reasons} == {ReasonKind.VOTES}


def test_an_empty_profile_gets_the_day_s_best_however_the_dial_stands() -> None:
    pool = pool_of(listed([*TIDES, *NEWS], {one: 60 - n for n, one in enumerate(NEWS)}))
    [[usual], [least]] = (
        rank(pool, [Reader(InterestProfile(popularity=much))]) for much in (25, 0)
    )
    assert usual == least


def test_the_weights_of_votes_are_still_the_score() -> None:
    pool = pool_of(listed([*TIDES[:3], *CORALS], {TIDES[0]: 100}))
    for much in (0, 10, 60):
        [first, *_] = picks(pool, interests=("tides",), popularity=much)
        assert sum(why.weight for why in first.reasons) == pytest.approx(first.score, abs=1e-6)


def test_variety_keeps_who_is_best_and_the_order_of_the_mail(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    titles = [f"galaxy halo redshift {n}" for n in range(6)] + [f"galaxy lemma {n}" for n in "ab"]
    pool = prepare(listed(titles), learn(history()))
    plain = picks(pool, keywords=("galaxy",), limit=4)
    monkeypatch.setattr("digest.core.ranking.weights.VARIETY", 0.9)
    mixed = picks(pool, keywords=("galaxy",), limit=4)
    assert mixed[0] == plain[0]
    assert {6, 7} & {one.paper_id for one in mixed}
    assert [one.score for one in mixed] == sorted((one.score for one in mixed), reverse=True)


def test_every_interest_has_half_an_equal_share_of_the_places_at_least() -> None:
    winds = [f"Winds {n}" for n in range(4)]
    pool = pool_of(listed([*TIDES, *CORALS, *winds]))
    found = picks(pool, interests=("tides", "corals", "winds"), limit=10)
    shares = Counter(one.heading for one in found)
    assert shares == {"winds": 4, "tides": 4, "corals": 2}


def test_the_place_for_what_trends_outside_the_profile_is_not_for_what_fits_it() -> None:
    strong = [f"Tides {n}" for n in range(12)]
    titles = [*strong, "Tides number two", *NEWS]
    votes = dict.fromkeys(strong, 4) | {"Tides number two": 6, NEWS[0]: 5}
    pool = pool_of(listed(titles, votes))
    [outside] = among(picks(pool, interests=("tides",), limit=10), Section.TRENDING)
    assert titles[outside] == NEWS[0]


def test_an_explanation_tells_what_a_score_above_the_cut_off_does_not() -> None:
    votes = {NEWS[0]: 50}
    pool = pool_of(listed([*(f"Tides {n}" for n in range(12)), *CORALS, *NEWS], votes))
    who = Reader(InterestProfile(interests=("tides", "corals"), limit=10))
    left_out = explain(pool, who, 11)
    assert left_out.cut_off is not None
    assert left_out.score > left_out.cut_off > weights.BAR  # no matter how little what trends has
    assert left_out.bar.startswith("places went to other interests")
    assert explain(pool, who, len(pool) - 1).bar == (
        "fits the profile too little: by 0.000, 0.3 is needed"
    )
    assert explain(pool, who, 12 + 11).bar == ""  # others of its interest are as good


def test_the_first_three_words_of_a_reader_with_nothing_already_show() -> None:
    titles = ["galaxy halo redshift survey", "robot grasping tactile finger",
              "theorem lemma prover", "galaxy redshift survey",
              "speech phoneme accent audio"]  # fmt: skip
    votes = dict(zip(titles, (25, 35, 40, 24, 42), strict=True))
    pool = prepare(listed(titles, votes), learn(history()))

    def order(liked: tuple[str, ...] = (), disliked: tuple[str, ...] = ()) -> list[int]:
        asked = Reader(
            InterestProfile(limit=3), (*map(LikedPaper, liked),),
            disliked=(*map(LikedPaper, disliked),),
        )  # fmt: skip
        [found] = rank(pool, [asked])
        return [one.paper_id for one in found]

    assert order() == [4, 2, 1]
    assert {0, 3} <= {*order(("redshift halo survey",))}
    both = order(("redshift halo survey", "tactile finger grasping"))
    assert {0, 1} <= {*both}
    assert both != order(("redshift halo survey",))
    assert 4 not in order(disliked=("audio accent phoneme",))
    assert 1 not in order(("redshift halo survey",), ("tactile finger grasping",))
