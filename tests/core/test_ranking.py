"""What one reader is sent, example by example."""

from dataclasses import replace
from datetime import date

import pytest

from digest.core.edition import Candidate, Change, Pick, ReasonKind, Section
from digest.core.paper import Paper
from digest.core.ranking import LikedPaper, Pool, Reader, explain, fit, prepare, rank
from subscribers.profile import InterestProfile

# Filler about other things, so that words have a rarity.
_SUBJECTS = (
    "graph neural networks for traffic",
    "robot grasping with tactile sensors",
    "speech recognition for low resource languages",
    "galaxy surveys and dark matter halos",
    "federated optimisation under privacy limits",
    "crop yield from satellite images",
    "theorem proving in type theory",
    "sparse matrices on many cores",
)
OTHERS = tuple(
    f"{subject} part {number}: a study of {subject}, with results of method {number}"
    for number in range(12)
    for subject in _SUBJECTS
)


def candidate(paper_id: int, title: str, abstract: str = "", **more: object) -> Candidate:
    change = more.pop("change", Change.NEW)
    before = more.pop("votes_before", None)
    paper = Paper(title=title, abstract=abstract, identities=(f"title:{paper_id}",), **more)  # type: ignore[arg-type]
    return Candidate(paper_id, paper, change, date(2026, 3, 2), votes_before=before)  # type: ignore[arg-type]


def pool(*candidates: Candidate) -> Pool:
    today = [f"{one.paper.title} {one.paper.abstract}" for one in candidates]
    return prepare(candidates, fit([*OTHERS, *today]))


def reader(*liked: LikedPaper, sent: frozenset[int] = frozenset(), **profile: object) -> Reader:
    return Reader(InterestProfile(**profile), liked, sent)  # type: ignore[arg-type]


def picks(candidates: Pool, who: Reader) -> tuple[Pick, ...]:
    [found] = rank(candidates, [who])
    return found


def ids(candidates: Pool, who: Reader) -> list[int]:
    return [pick.paper_id for pick in picks(candidates, who)]


DIFFUSION = candidate(
    1, "Video diffusion transformers", "We train diffusion transformers that generate long video."
)
PROTEIN = candidate(
    2, "Protein folding from sequence", "Protein folding of large complexes, from sequence alone."
)
BOTH = candidate(
    3, "Diffusion for structures", "A diffusion approach whose output is a protein or a picture."
)
SPARSE = candidate(4, "Sparse matrices on many cores", "Kernels for sparse matrices.")


def test_a_paper_perfect_for_one_interest_beats_one_half_good_for_both() -> None:
    who = reader(interests=("video diffusion transformers", "protein folding from sequence"))
    found = picks(pool(DIFFUSION, PROTEIN, BOTH, SPARSE), who)
    score = {pick.paper_id: pick.score for pick in found}
    assert {1, 2} <= score.keys()
    assert score.get(3, 0.0) < min(score[1], score[2])
    assert 4 not in score


def test_each_of_several_interests_is_a_heading_and_a_single_one_is_none() -> None:
    several = reader(interests=("video diffusion transformers", "protein folding"))
    papers = pool(DIFFUSION, PROTEIN, SPARSE)
    headings = {pick.paper_id: pick.heading for pick in picks(papers, several)}
    assert headings == {1: "video diffusion transformers", 2: "protein folding"}
    [pick] = picks(papers, reader(interests=("protein folding",)))
    assert pick.heading == ""


def test_a_long_interest_makes_a_short_heading_cut_between_words() -> None:
    long = "protein folding and everything else that has to do with large molecules"
    who = reader(interests=(long, "video diffusion"))
    heading = next(p.heading for p in picks(pool(DIFFUSION, PROTEIN), who) if p.paper_id == 2)
    assert heading == "protein folding and everything else…"


def test_the_weaker_interest_gets_a_place_when_the_stronger_could_fill_the_digest() -> None:
    many = [
        candidate(number, f"Protein folding from sequence, case {number}", f"Protein folding {x}.")
        for number, x in enumerate("one two three four five six seven eight nine ten".split(), 10)  # noqa: SIM905
    ]
    weak = candidate(50, "Learning to pour", "A robot learns grasping and pouring of liquids.")
    who = reader(interests=("protein folding from sequence", "robot grasping"), limit=3)
    assert 50 in ids(pool(*many, weak), who)


def test_an_empty_profile_gets_the_papers_with_the_most_votes_first() -> None:
    papers = [
        candidate(1, "Alpha corals", votes=3),
        candidate(2, "Beta glaciers", votes=90),
        candidate(3, "Gamma orchids", votes=12),
        candidate(4, "Delta lathes", votes=None),
    ]
    found = picks(pool(*papers), reader(limit=3))
    assert [pick.paper_id for pick in found] == [2, 3, 1]
    assert {pick.section for pick in found} == {Section.TRENDING}
    assert [(r.kind, r.text) for r in found[0].reasons] == [(ReasonKind.VOTES, "90")]


def test_a_profile_of_stop_words_only_is_an_empty_one() -> None:
    papers = pool(candidate(1, "The cat", votes=1), candidate(2, "A dog of the north", votes=9))
    who = reader(interests=("the of and",), keywords=("the",))
    assert [(p.paper_id, p.section) for p in picks(papers, who)] == [
        (2, Section.TRENDING),
        (1, Section.TRENDING),
    ]


def test_a_word_that_every_abstract_has_is_no_reason_to_send_a_paper() -> None:
    papers = pool(
        candidate(1, "Tides", "We propose a new method and show that it outperforms others."),
        SPARSE,
    )
    assert ids(papers, reader(interests=("new method for wine making",))) == []
    assert ids(papers, reader(keywords=("method",))) == []


def test_nothing_that_fits_and_nothing_that_trends_is_an_empty_digest() -> None:
    assert picks(pool(SPARSE, PROTEIN), reader(interests=("medieval trade routes",))) == ()


def test_places_left_go_to_at_most_three_of_the_most_voted_papers() -> None:
    voted = [
        candidate(n, f"Popular subject {word}", votes=50 + n)
        for n, word in enumerate(("corals", "glaciers", "orchids", "lathes", "bridges"), 10)
    ]
    found = picks(pool(PROTEIN, *voted), reader(interests=("protein folding",)))
    assert [(p.paper_id, p.section) for p in found] == [
        (2, Section.FOR_YOU),
        (14, Section.TRENDING),
        (13, Section.TRENDING),
        (12, Section.TRENDING),
    ]


def test_votes_order_papers_that_fit_alike_but_lift_none_over_a_better_one() -> None:
    alike = [
        replace(
            DIFFUSION,
            paper_id=n,
            paper=replace(
                DIFFUSION.paper,
                title=f"Video diffusion transformers {word}",
                abstract=f"{DIFFUSION.paper.abstract} {word} " + filler,
                votes=votes,
            ),
        )
        for n, word, filler, votes in (
            (21, "corals", "Reefs and fish and divers in warm seas were filmed for it.", 2),
            (22, "glaciers", "Ice and rock and snow under grey northern skies, in part.", 60),
        )
    ]
    loud = candidate(23, "Cooking at home", "Soup, bread and cheese.", votes=5000)
    found = ids(pool(*alike, loud), reader(interests=("video diffusion transformers",)))
    assert found == [22, 21, 23]


def test_a_sent_paper_and_its_near_duplicate_do_not_come_again() -> None:
    twin = candidate(7, "Protein Folding, from Sequence!", "Another abstract of the same work.")
    papers = pool(PROTEIN, twin, DIFFUSION)
    who = reader(interests=("protein folding",), sent=frozenset({2}))
    assert ids(papers, who) == []
    assert explain(papers, who, 2).bar == "already sent or rated"
    assert explain(papers, who, 7).bar == "near-duplicate of 2, already sent or rated"


def test_of_two_papers_with_nearly_one_text_the_better_is_kept() -> None:
    text = (
        "We fold proteins from sequence with a recurrent refinement of distances. The folding of "
        "large complexes takes minutes on one card, and errors are half of those known before. "
        "Training needs neither templates nor alignments: a corpus of unlabelled chains is read "
        "once, and physical constraints enter as soft penalties on bond lengths and angles. On "
        "orphan chains and designed binders, where relatives are unknown, the gain is largest; "
        "ablations show that it comes from the recurrence. Weights and a server are public."
    )
    one = candidate(1, "Folding proteins by refinement", text, votes=2)
    other = candidate(2, "Folding proteins by refinement (extended)", text, votes=40)
    papers = pool(one, other, SPARSE)
    who = reader(interests=("protein folding",))
    assert ids(papers, who) == [2]
    assert explain(papers, who, 1).bar == "near-duplicate of 2"


def test_a_mute_bars_words_not_letters() -> None:
    party = candidate(1, "Protein folding party", "Protein folding for a party of sequences.")
    art = candidate(2, "Protein folding as art", "Protein folding from sequence.")
    papers = pool(party, art)
    who = reader(interests=("protein folding",), mute=("art",))
    assert ids(papers, who) == [1]
    assert explain(papers, who, 2).bar == "muted by 'art'"


@pytest.mark.parametrize(
    "mute", ["folding from sequence", "PROTEIN", "q-bio.BM", "Zoë Müller", "zoe muller", "enzymes"]
)
def test_a_mute_bars_phrases_keywords_categories_and_authors(mute: str) -> None:
    paper = candidate(
        1,
        "Protein folding from sequence",
        categories=("q-bio.BM",),
        authors=("Zoë Müller",),
        keywords=("enzyme",),
    )
    assert ids(pool(paper), reader(interests=("protein folding",), mute=(mute,))) == []


def test_a_mute_does_not_reach_across_title_and_abstract_or_an_author_by_initial() -> None:
    paper = candidate(1, "Protein folding", "Sequences are enough.", authors=("Zoe Muller",))
    who = reader(interests=("protein folding",), mute=("folding sequences", "Z. Muller"))
    assert ids(pool(paper), who) == [1]


@pytest.mark.parametrize(
    ("followed", "author", "found"),
    [
        ("John Smith", "J. Smith", True),
        ("J. Smith", "John Smith", True),
        ("Smith, John", "John A. Smith", True),
        ("José Núñez", "Jose Nunez", True),
        ("Jan van der Berg", "J. van der Berg", True),
        ("张伟", "张伟", True),
        ("张伟", "张小伟", False),
        ("John Smith", "Jane Smith", False),
        ("Smith", "John Smith", False),
        ("John A. Smith", "John B. Smith", False),
        ("John Smith", "John Smithson", False),
    ],
)
def test_an_author_is_followed_under_every_form_of_the_name(
    followed: str, author: str, found: bool
) -> None:
    papers = pool(candidate(1, "On tides", authors=("Ann Other", author)))
    reasons = [
        (r.kind, r.text) for p in picks(papers, reader(authors=(followed,))) for r in p.reasons
    ]
    assert reasons == ([(ReasonKind.AUTHOR, author)] if found else [])


def test_an_author_in_full_counts_more_than_one_by_initial() -> None:
    papers = pool(
        candidate(1, "On tides", authors=("J. Smith",)),
        candidate(2, "On winds", authors=("John Smith",)),
    )
    assert ids(papers, reader(authors=("John Smith",))) == [2, 1]


def test_an_archive_covers_its_categories_and_nothing_that_only_begins_like_it() -> None:
    papers = pool(
        candidate(1, "On tides", categories=("cs.CL",)),
        candidate(2, "On winds", categories=("csx.CL", "cs")),
        candidate(3, "On clouds", categories=("csx.CL",)),
    )
    assert ids(papers, reader(categories=("CS",))) == [1, 2]


def test_a_category_alone_does_not_fill_the_digest_of_a_reader_with_interests() -> None:
    papers = pool(
        replace(PROTEIN, paper=replace(PROTEIN.paper, categories=("cs.LG",))),
        candidate(9, "On clouds", categories=("cs.LG",)),
    )
    assert ids(papers, reader(interests=("protein folding",), categories=("cs.LG",))) == [2]


@pytest.mark.parametrize(
    ("keyword", "title"),
    [
        ("扩散模型", "基于扩散模型的视频生成"),
        ("拡散モデル", "動画のための拡散モデルの研究"),
        ("확산", "확산은 모델이다"),
        ("диффузионные модели", "Диффузионные модели для видео"),
        ("猫", "猫の行動"),
        ("fine tuning", "Cheap fine-tuning of encoders"),
        ("Fine-Tuning", "Cheap fine tuning of encoders"),
        ("C++", "Parsing C++ at scale"),
        ("naïve Bayes", "Naive Bayes revisited"),
        ("language models", "A language model that forgets"),
    ],
)
def test_a_keyword_in_any_script_finds_the_papers_that_contain_it(keyword: str, title: str) -> None:
    papers = pool(candidate(1, title), SPARSE, PROTEIN)
    [pick] = picks(papers, reader(keywords=(keyword,)))
    assert pick.paper_id == 1
    assert pick.section is Section.FOR_YOU
    assert pick.reasons[0].kind is ReasonKind.KEYWORD
    assert pick.reasons[0].text == keyword


def test_a_keyword_in_the_title_counts_more_than_one_in_the_abstract() -> None:
    papers = pool(
        candidate(1, "A study of birds", "It needs speculative decoding and drafts, in short."),
        candidate(2, "Speculative decoding", "A study of birds and drafts, in short, is needed."),
    )
    assert ids(papers, reader(keywords=("speculative decoding",))) == [2, 1]


def test_an_interest_names_the_words_the_reader_wrote_that_stand_in_the_paper() -> None:
    who = reader(interests=("Folding proteins, and video diffusion models",))
    [pick] = picks(pool(DIFFUSION, SPARSE), who)
    assert [reason.text for reason in pick.reasons] == ["video diffusion"]


def test_a_liked_paper_brings_papers_like_it_and_is_named() -> None:
    liked = LikedPaper("Folding of proteins", "Protein folding of complexes from their sequence.")
    [pick] = picks(pool(PROTEIN, DIFFUSION, SPARSE), reader(liked))
    assert pick.paper_id == 2
    assert (pick.reasons[0].kind, pick.reasons[0].text) == (ReasonKind.LIKED, liked.title)


def test_a_rising_paper_of_slight_relevance_has_its_own_section_and_says_how_it_rose() -> None:
    rising = candidate(
        8,
        "Cooking with robots",
        "Soup and a little grasping of spoons, cheese, bread, onions, and much else besides.",
        change=Change.RISING,
        votes=42,
        votes_before=2,
    )
    who = reader(interests=("robot grasping with tactile sensors",))
    [pick] = picks(pool(rising, SPARSE), who)
    assert pick.section in (Section.RISING, Section.FOR_YOU)
    assert "2 → 42" in [reason.text for reason in pick.reasons]


def test_an_empty_profile_sees_what_rose_before_what_trends() -> None:
    words = ("corals", "glaciers", "orchids", "lathes")
    papers = [candidate(n, f"On {word}", votes=20) for n, word in enumerate(words, 1)]
    rose = candidate(9, "On bridges", change=Change.RISING, votes=30, votes_before=1)
    found = picks(pool(*papers, rose), reader(limit=3))
    assert [(p.paper_id, p.section) for p in found] == [
        (9, Section.RISING),
        (1, Section.TRENDING),
        (2, Section.TRENDING),
    ]


def test_a_revised_paper_only_fills_places_that_new_ones_leave() -> None:
    revised = replace(
        PROTEIN, paper_id=1, change=Change.REVISED, paper=replace(PROTEIN.paper, votes=99)
    )
    new = candidate(5, "Notes on folding", "Protein folding, among other things, is touched on.")
    papers = pool(replace(revised, paper=replace(revised.paper, title="Folding again")), new)
    assert ids(papers, reader(interests=("protein folding",), limit=1)) == [5]
    assert set(ids(papers, reader(interests=("protein folding",), limit=2))) == {1, 5}
    assert 1 not in ids(papers, reader())
    assert 1 not in ids(papers, reader(interests=("medieval trade",)))


def test_equal_papers_are_ordered_by_id_whatever_the_order_of_the_listing() -> None:
    papers = [candidate(n, f"On {word}", votes=7) for n, word in ((5, "tides"), (3, "winds"))]
    assert ids(pool(*papers), reader()) == ids(pool(*reversed(papers)), reader()) == [3, 5]


def test_an_explanation_says_rank_score_and_cut_off_also_of_what_was_not_picked() -> None:
    papers = pool(DIFFUSION, PROTEIN, BOTH, SPARSE)
    who = reader(interests=("protein folding from sequence",), limit=1)
    picked, passed_over = explain(papers, who, 2), explain(papers, who, 3)
    assert (picked.picked, picked.rank, picked.scored) == (True, 1, 4)
    assert picked.section is Section.FOR_YOU
    assert picked.cut_off == picked.score
    assert (passed_over.picked, passed_over.section, passed_over.rank) == (False, None, 2)
    assert 0 < passed_over.score < picked.score
    assert [reason.text for reason in passed_over.reasons] == ["protein"]


def test_a_paper_that_was_no_candidate_is_explained_as_such() -> None:
    found = explain(pool(PROTEIN), reader(), 77)
    assert (found.picked, found.rank) == (False, None)
    assert found.bar == "not among the papers of this digest"


def test_a_day_without_papers_gives_every_reader_nothing() -> None:
    assert rank(prepare([], fit([])), [reader(), reader(interests=("tides",))]) == [(), ()]
    assert rank(pool(PROTEIN), []) == []
