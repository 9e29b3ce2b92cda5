"""A modest floor under the ranking's quality, on real papers and human judgements."""

import json
from collections.abc import Sequence
from datetime import date
from math import log2
from statistics import mean

import pytest

from digest.core.edition import Candidate, Change
from digest.core.paper import Paper
from digest.core.ranking import LikedPaper, Reader, fit, prepare
from digest.core.ranking.score import score
from subscribers.profile import InterestProfile
from tests.bench import ranking, tune
from tests.given import shared


def ndcg(gains: Sequence[float]) -> float:
    """Normalised discounted cumulative gain of the first ten."""
    discounts = [1 / log2(place) for place in range(2, 12)]
    got = sum(g * d for g, d in zip(gains, discounts, strict=False))
    best = sum(g * d for g, d in zip(sorted(gains, reverse=True), discounts, strict=False))
    return got / best if best else 0.0


def test_papers_like_a_liked_one_are_those_that_experts_called_alike() -> None:
    folder = shared("rankbench/csfcube")
    rows = [json.loads(line) for line in (folder / "papers.jsonl").read_text().splitlines()]
    asked = ranking.queries(folder)
    text = {row["id"]: LikedPaper(row["title"], row["abstract"]) for row in rows}
    vocabulary = fit(f"{one.title} {one.abstract}" for one in list(text.values())[:300])
    found = []
    for query in asked[:8]:
        ids = sorted(one for one in query["gains"] if one in text)
        papers = [
            Paper(title=text[one].title, abstract=text[one].abstract, identities=(f"title:{one}",))
            for one in ids
        ]
        pool = prepare(
            [Candidate(at, one, Change.NEW, date.min) for at, one in enumerate(papers)], vocabulary
        )
        [total] = score(pool, [Reader(InterestProfile(), (text[query["liked"][0]],))]).total
        order = sorted(range(len(ids)), key=lambda at: -total[at])
        found.append(ndcg([query["gains"][ids[at]] for at in order]))
    assert mean(found) > 0.40


@pytest.fixture(scope="module")
def dev() -> ranking.Bench:
    pytest.importorskip("pyarrow")
    return ranking.bench(shared("rankbench/dev"))


# A quarter of each case's days; the floors lie some hundredths under what was measured.
@pytest.mark.parametrize(
    ("case", "floor"),
    [("warm15", 0.70), ("multi", 0.58), ("cold_kw", 0.58), ("cold_text", 0.53), ("neg", 0.55)],
)
def test_what_curators_kept_stands_high(dev: ranking.Bench, case: str, floor: float) -> None:
    folder = shared("rankbench/dev")
    asked = [query for query in ranking.queries(folder) if query["case"] == case][::4]
    found = tune.table([*tune.scores(dev, asked, tune.judged(folder))])
    assert found[case] > floor
