"""Keywords, interests and mutes find the papers they stand in, with blanks between words or not."""

from datetime import date

import pytest

from digest.core.edition import Candidate, Change, Pick, ReasonKind
from digest.core.paper import Paper
from digest.core.ranking import Reader, fit, prepare, rank
from digest.core.ranking.text import stem, words
from subscribers.profile import InterestProfile

TITLES = [
    "基于扩散模型的图像生成研究",
    "大语言模型的知识蒸馏方法综述",
    "トランスフォーマーを用いた機械翻訳の研究",
    "深層学習による画像認識と我々の展望",
    "ｸﾞﾗﾌニューラルネットワークの応用",
    "BERTモデルとＧＰＴ４の比較",
    "Обучение больших языковых моделей",
    "Диффузионные модели для генерации изображений",
    "Нейронные сети на графах",
    "한국어 언어 모델의 평가",
    "การเรียนรู้เชิงลึกสำหรับภาพ",
    "हिन्दी भाषा का विश्लेषण",
    "Robots that grasp cups",
    "Tides and winds of the northern sea",
]
CANDIDATES = [
    Candidate(
        number, Paper(title=title, identities=(f"title:{number}",)), Change.NEW, date(2026, 3, 2)
    )
    for number, title in enumerate(TITLES)
]
POOL = prepare(CANDIDATES, fit([*TITLES, "a b c", "моделей и сетей", "的模型研究"]))


def picked(**profile: tuple[str, ...]) -> list[Pick]:
    [found] = rank(POOL, [Reader(InterestProfile(**profile, limit=30))])  # type: ignore[arg-type]
    return list(found)


def for_you(kind: ReasonKind, **profile: tuple[str, ...]) -> list[str]:
    """The titles that a reason of this kind brought, best first."""
    return [
        TITLES[pick.paper_id]
        for pick in picked(**profile)
        if any(why.kind is kind for why in pick.reasons)
    ]


FOUND = [
    ("扩散模型", 0),
    ("图像", 0),
    ("语言模型", 1),
    ("大语言模型", 1),
    ("機械翻訳", 2),
    ("トランスフォーマー", 2),
    ("ﾄﾗﾝｽﾌｫｰﾏｰ", 2),
    ("深層学習", 3),
    ("我々", 3),
    ("グラフニューラルネットワーク", 4),
    ("ﾆｭｰﾗﾙ", 4),
    ("グラフ", 4),
    ("GPT4", 5),
    ("ｇｐｔ４", 5),
    ("bertモデル", 5),
    ("BERT", 5),
    ("больших языковых моделей", 6),
    ("ЯЗЫКОВЫХ", 6),
    ("диффузионные модели", 7),
    ("Диффузио́нные", 7),
    ("нейронные сети", 8),
    ("언어", 9),
    ("언어 모델", 9),
    ("เชิงลึก", 10),
    ("हिन्दी", 11),
]


@pytest.mark.parametrize(("typed", "number"), FOUND, ids=[typed for typed, _ in FOUND])
def test_a_keyword_is_found_inside_running_text(typed: str, number: int) -> None:
    assert for_you(ReasonKind.KEYWORD, keywords=(typed,)) == [TITLES[number]]


@pytest.mark.parametrize(("typed", "number"), FOUND, ids=[typed for typed, _ in FOUND])
def test_a_typed_interest_brings_it_first(typed: str, number: int) -> None:
    assert for_you(ReasonKind.INTEREST, interests=(typed,))[:1] == [TITLES[number]]


@pytest.mark.parametrize(("typed", "number"), FOUND, ids=[typed for typed, _ in FOUND])
def test_a_muted_phrase_bars_the_papers_that_contain_it_and_no_others(
    typed: str, number: int
) -> None:
    kept = {pick.paper_id for pick in picked(mute=(typed,))}
    assert number not in kept
    assert kept == {pick.paper_id for pick in picked()} - {number}


@pytest.mark.parametrize(
    "typed", ["散扩", "模型扩散", "学", "モデ", "ネット", "нейрон", "язык", "के"]
)
def test_a_part_of_a_word_with_blanks_around_it_or_another_order_is_another_word(
    typed: str,
) -> None:
    inside = [title for title in TITLES if typed in title and typed[0] > "\u3000"]
    assert for_you(ReasonKind.KEYWORD, keywords=(typed,)) == inside


@pytest.mark.parametrize(
    ("typed", "number"),
    [("языковая модель", 6), ("диффузионная модель", 7), ("нейронная сеть", 8), ("графы", 8)],
)
def test_other_cases_of_a_cyrillic_word_are_the_same_word(typed: str, number: int) -> None:
    for field, kind in (("keywords", ReasonKind.KEYWORD), ("interests", ReasonKind.INTEREST)):
        assert for_you(kind, **{field: (typed,)})[:1] == [TITLES[number]]


def test_a_sentence_in_running_text_brings_what_it_is_about() -> None:
    found = for_you(ReasonKind.INTEREST, interests=("我对扩散模型和图像生成感兴趣",))
    assert found[:1] == [TITLES[0]]
    found = for_you(
        ReasonKind.INTEREST, interests=("機械翻訳とトランスフォーマーに興味があります",)
    )
    assert found[:1] == [TITLES[2]]


@pytest.mark.parametrize(
    ("forms", "expected"),
    [
        ("модель модели моделей моделями моделям", 1),
        ("нейронная нейронные нейронных нейронной", 1),
        ("сеть сети сетями", 1),
        ("граф графы графов графах", 1),
        ("дифузія дифузії", 1),
        ("сеть сетка", 2),
        ("год ода", 2),
        ("и на", 2),
    ],
)
def test_a_cyrillic_stem_joins_the_cases_of_a_word_and_no_others(forms: str, expected: int) -> None:
    assert len({stem(word) for word in forms.split()}) == expected


def test_vowel_signs_belong_to_their_word_and_loose_accents_to_none() -> None:
    assert words("हिन्दी भाषा мо́дель ёлка רֶשֶׁת x̄") == [
        "हिन्दी", "भाषा", "модель", "елка", "רֶשֶׁת", "x",
    ]  # fmt: skip
