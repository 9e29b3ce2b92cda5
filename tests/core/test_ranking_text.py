"""Words, terms, phrases and rarity."""

from datetime import date

import pytest

from digest.core.edition import Candidate, Change
from digest.core.paper import Paper
from digest.core.ranking import LikedPaper, Reader, fit, prepare, rank
from digest.core.ranking.text import fold, phrase, sequence, stem, terms, words
from subscribers.profile import InterestProfile


def test_words_are_folded_and_parted_at_hyphens_and_spaceless_scripts_character_by_character() -> (
    None
):
    assert words("Fine-Tuning ÉTUDE of C++, ｗｉｄｅ naïve 扩散モデル") == [
        "fine", "tuning", "etude", "of", "c++", "wide", "naive", "扩", "散", "モ", "デ", "ル",
    ]  # fmt: skip


def test_marks_of_other_scripts_are_kept() -> None:
    assert fold("Й ガ Ø") == "й ガ o"


@pytest.mark.parametrize(
    ("forms", "expected"),
    [
        ("tune tunes tuned tuning", 1),
        ("train trains trained training", 1),
        ("plan plans planned planning", 1),
        ("study studies", 1),
        ("model models modeling", 1),
        ("bias biases", 1),
        ("class classes", 1),
        ("general generic", 2),
        ("art arts", 1),
        ("string sing", 2),
    ],
)
def test_a_stem_joins_the_forms_of_a_word_and_no_others(forms: str, expected: int) -> None:
    assert len({stem(word) for word in forms.split()}) == expected


def test_terms_are_stems_and_neighbours_that_no_stop_word_parts() -> None:
    found = terms(words("The folding of large proteins"))
    assert found == ["fold", "larg", "protein", "larg protein"]


def test_a_phrase_is_found_word_by_word_and_not_across_two_texts() -> None:
    held = sequence(words("Language models"), words("for parties"))
    assert f" {phrase('language model')} " in held
    assert f" {phrase('model for')} " not in held
    assert f" {phrase('art')} " not in held


def test_a_rare_term_weighs_more_than_a_common_one_and_an_unknown_one_most() -> None:
    vocabulary = fit(["tides and winds"] * 6 + ["winds"] * 6 + ["corals"])
    rarity = [vocabulary.rarity(word) for word in ("wind", "tide", "coral")]
    assert rarity == sorted(rarity)
    assert rarity[-1] == vocabulary.greatest
    assert vocabulary.documents == 13


def test_a_vocabulary_of_nothing_still_has_rarities_above_zero() -> None:
    assert fit([]).rarity("tide") > 0


MEGABYTES = {
    "words": "word " * 200_000,
    "different words": " ".join(f"w{number}" for number in range(150_000)),
    "one word": "x" * 1_000_000,
    "stop words": "the " * 250_000,
    "Russian stop words": "и для " * 160_000,
    "one character": "扩" * 1_000_000,
    "two characters": "扩散" * 500_000,
    "Thai": "การเรียนรู้" * 90_000,
    "vowel signs": "ि" * 1_000_000,
    "marks on a letter": "a" + "\u0301" * 1_000_000,
    "marked words": "की" * 500_000,
    "hyphens": "é-" * 500_000,
    "long ligatures": "ﷺ" * 300_000,
    "regex": "(a+)+$" * 160_000,
    "regex food": "a" * 500_000 + "!" * 500_000,
    "brackets": "((((" * 250_000,
    "backslashes": "\\" * 1_000_000,
    "blanks": " \t\n" * 330_000,
    "control": "\x00\u202e\ufeff" * 330_000,
    "surrogates": "\ud800" * 1_000_000,
    "pluses": "C++#" * 250_000,
    "emoji": "👩‍🔬" * 300_000,
}
HOSTILE = pytest.mark.parametrize("typed", MEGABYTES.values(), ids=MEGABYTES)


@pytest.mark.timeout(20)
@HOSTILE
def test_a_megabyte_in_a_profile_neither_fails_nor_changes_what_others_get(typed: str) -> None:
    titles = ["Tides and winds", "扩散 a plan for winds", "word x the", "Corals (a+)+$ aaaa!"]
    listed = [
        Candidate(n, Paper(title=title, abstract=title, identities=(f"title:{n}",)), Change.NEW,
                  date(2026, 3, 2))
        for n, title in enumerate(titles)
    ]  # fmt: skip
    pool = prepare(listed, fit(titles))
    calm = [Reader(InterestProfile(interests=(title,))) for title in titles]
    loud = Reader(
        InterestProfile(
            interests=(typed,) * 20, keywords=(typed, typed[7:]) * 50, mute=(typed,) * 100,
            authors=(typed,) * 100, categories=(typed,) * 50, liked=(typed,) * 500,
        ),
        (LikedPaper(typed, typed),) * 3,
        disliked=(LikedPaper(typed[1:], typed),),
        muted=(typed,),
    )  # fmt: skip
    before = rank(pool, calm)
    together = rank(pool, [*calm[:2], loud, *calm[2:]])
    assert together[:2] + together[3:] == before
    assert rank(pool, [*calm[:2], loud, *calm[2:]]) == together


@pytest.mark.timeout(20)
@HOSTILE
def test_a_megabyte_in_a_paper_takes_no_time_either(typed: str) -> None:
    paper = Paper(title=typed, abstract=typed, identities=("title:1",))
    pool = prepare([Candidate(1, paper, Change.NEW, date(2026, 3, 2))], fit(["tides"]))
    rank(pool, [Reader(InterestProfile(keywords=("tides",), mute=("winds",)))])


@pytest.mark.parametrize(
    "typed",
    ["word " * 200_000, "x" * 1_000_000, "the " * 250_000, "扩" * 1_000_000, "é-" * 500_000],
    ids=["words", "one word", "stop words", "one character", "hyphens"],
)
def test_a_megabyte_in_a_profile_slows_nobody(typed: str) -> None:
    pool = prepare([], fit(["tides and winds"]))
    profile = InterestProfile(
        interests=(typed,) * 100, keywords=(typed,) * 100, mute=(typed,) * 100,
        authors=(typed,) * 100, categories=(typed,) * 100,
    )  # fmt: skip
    rank(pool, [Reader(profile, (LikedPaper(typed, typed),))])
