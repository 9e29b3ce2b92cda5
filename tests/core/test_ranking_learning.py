"""What the history teaches, and that it is kept as it was."""

from datetime import date

import numpy as np
import pytest

from digest.core.edition import Candidate, Change, ReasonKind
from digest.core.paper import Paper
from digest.core.ranking import LikedPaper, Reader, Vocabulary, keeping, learn, prepare, rank
from digest.core.ranking.score import score
from subscribers.profile import InterestProfile

SUBJECTS = (  # noqa: SIM905
    "graph traffic road city,robot grasping tactile finger,speech phoneme accent audio,"
    "galaxy halo redshift survey,federated privacy client leak,crop yield satellite field,"
    "theorem lemma prover tactic,sparse matrix kernel core"
).split(",")


def history(count: int = 240) -> list[tuple[str, str]]:
    """Papers on a few subjects, each with three of its subject's four words."""
    found = []
    for number in range(count):
        subject = SUBJECTS[number % len(SUBJECTS)].split()
        kept = [word for at, word in enumerate(subject) if at != number // 8 % 4]
        found.append((f"On {kept[0]} {number % 7}", f"We study {' and '.join(kept)} in depth."))
    return found


def candidates(*titles: str) -> list[Candidate]:
    papers = [Paper(title=t, identities=(f"title:{at}",)) for at, t in enumerate(titles)]
    return [Candidate(at, one, Change.NEW, date(2026, 3, 2)) for at, one in enumerate(papers)]


@pytest.fixture(scope="module")
def learnt() -> Vocabulary:
    return learn(history())


def test_a_line_raises_what_it_means_among_papers_with_its_words(learnt: Vocabulary) -> None:
    pool = prepare(candidates("Galaxy and lemma", "Galaxy and redshift"), learnt)
    [total] = score(pool, [Reader(InterestProfile(interests=("galaxy",)))]).total
    assert total[1] > total[0] > 0


def test_what_is_kept_ranks_as_what_was_learnt(learnt: Vocabulary) -> None:
    read = keeping.from_bytes(keeping.to_bytes(learnt))
    papers = candidates("Galaxy survey of halo", "Robot finger", "Theorem prover", "Crop field")
    readers = [
        Reader(InterestProfile(interests=("redshift survey",)), (LikedPaper("Tactile robot"),)),
        Reader(InterestProfile(keywords=("prover",)), disliked=(LikedPaper("Crop yield"),)),
    ]
    assert rank(prepare(papers, read), readers) == rank(prepare(papers, learnt), readers)


def test_the_same_history_teaches_the_same(learnt: Vocabulary) -> None:
    again = learn(history())
    assert learnt.latent is not None
    assert again.latent is not None
    assert np.array_equal(again.latent.directions, learnt.latent.directions)


def test_readers_get_the_same_alone_and_together(learnt: Vocabulary) -> None:
    pool = prepare(candidates("Galaxy survey of halo", "Robot finger", "Crop field"), learnt)
    readers = [
        Reader(InterestProfile(interests=(line,)), (LikedPaper(liked),))
        for line in ("redshift survey", "tactile", "yield")
        for liked in ("Robot grasping", "Halo galaxy", "Satellite crop")
    ]
    assert rank(pool, readers) == [rank(pool, [one])[0] for one in readers]
    assert rank(pool, readers[::-1])[::-1] == rank(pool, readers)


def test_a_short_history_teaches_nothing_and_is_not_kept() -> None:
    short = learn(history(40))
    assert short.latent is None
    with pytest.raises(ValueError, match="nothing was learnt"):
        keeping.to_bytes(short)


def test_old_likes_weigh_less_than_new_ones(learnt: Vocabulary) -> None:
    pool = prepare(candidates("Robot finger", "Crop field"), learnt)
    liked = (LikedPaper("Tactile robot grasping"), LikedPaper("Crop yield satellite"))
    [[first, *_]] = rank(pool, [Reader(InterestProfile(), liked, liked_shares=(0.1, 1.0))])
    assert (first.paper_id, first.reasons[0].kind) == (1, ReasonKind.LIKED)
    [[first, *_]] = rank(pool, [Reader(InterestProfile(), liked, liked_shares=(1.0, 0.1))])
    assert first.paper_id == 0


def test_a_mute_against_ones_own_likes_weighs_and_one_said_by_link_bars(learnt: Vocabulary) -> None:
    pool = prepare(candidates("Robot finger grasping", "Robot tactile"), learnt)
    liked = (LikedPaper("Grasping robot one"), LikedPaper("Robot grasping two"))
    doubted = Reader(InterestProfile(mute=("grasping",)), liked)
    assert 0 in {pick.paper_id for pick in rank(pool, [doubted])[0]}
    said = Reader(InterestProfile(), liked, muted=("grasping",))
    assert 0 not in {pick.paper_id for pick in rank(pool, [said])[0]}
