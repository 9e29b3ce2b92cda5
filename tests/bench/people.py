"""How well the ranking knows people: `python -m tests.bench.people FOLDER [--semantic ENCODER]`.

FOLDER holds papers.jsonl and users.jsonl: researchers, ten samples each of the papers they wrote,
and how well they say they know some others (1 to 5). A sample is a reader who liked these papers
and gave nothing else; the papers that were rated, by anybody, are the day; all papers of the
folder, and the background of the folder `--history` where one is given, are the history that is
learnt from. No rating is used but to judge.

Printed is the loss: of all pairs of papers that one person rated differently, the share that is
ranked the wrong way round, each pair counted by how far its ratings are apart and half where the
scores are equal; all persons' pairs together, the mean over the ten samples. 0 is best, .5 chance.

Source: Stelmakh, Wieting, Neubig, Shah 2023, "A gold standard dataset for the reviewer assignment
problem", 4.
"""

import argparse
import json
from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path
from statistics import mean
from typing import Any

from digest.core.ranking import LikedPaper, Pool, Reader, learn, prepare
from digest.core.ranking.encoded import Encoded
from digest.core.ranking.score import score
from subscribers.profile import InterestProfile
from tests.bench import ranking, semantic

Rows = dict[str, dict[str, Any]]
User = dict[str, Any]


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def words(row: Mapping[str, Any]) -> LikedPaper:
    return LikedPaper(row["title"], row["abstract"] or "")


def candidate_row(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**words(row)._asdict(), "id": row["id"], "categories": ""}


def history(papers: Rows, other: Path | None) -> list[LikedPaper]:
    """What is learnt from: the folder's own papers, and the background of another folder."""
    own = [words(row) for row in papers.values()]
    if other is None:
        return own
    known = ranking.papers(other)
    ids = json.loads((other / "background.json").read_text())
    return own + [words(known[one]) for one in ids]


def pool_of(papers: Rows, ids: list[str], past: list[LikedPaper], encoder: str) -> Pool:
    """The day of these papers; with an encoder, all the folder's papers are encoded."""
    every = [words(row) for row in papers.values()]
    encoded: Encoded | None = semantic.known(encoder, every, (), past) if encoder else None
    rows = [ranking.candidate(at, candidate_row(papers[one])) for at, one in enumerate(ids)]
    return prepare(rows, learn([(one.title, one.abstract) for one in past]), encoded)


def ranked(pool: Pool, liked: list[LikedPaper]) -> list[float]:
    """The day's scores for who liked these papers, in the pool's order."""
    scores: list[float] = score(pool, [Reader(InterestProfile(), tuple(liked))]).total[0].tolist()
    return scores


def pairs(user: User, scores: Mapping[str, float]) -> Iterator[tuple[float, float]]:
    """What each pair of papers costs, and the most that it could."""
    for (one, first), (other, second) in combinations(sorted(user["ratings"].items()), 2):
        if first != second:
            apart = (scores[one] - scores[other]) * (first - second)
            yield (
                abs(first - second) * (0.0 if apart > 0 else 0.5 if apart == 0 else 1.0),
                abs(first - second),
            )


def loss(users: list[User], papers: Rows, pool: Pool, ids: list[str], sample: int) -> float:
    costs: list[tuple[float, float]] = []
    for user in users:
        liked = [words(papers[one]) for one in user["profile_versions"][sample]]
        costs += pairs(user, dict(zip(ids, ranked(pool, liked), strict=True)))
    return sum(cost for cost, _ in costs) / sum(most for _, most in costs)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("folder", type=Path)
    options.add_argument("--history", type=Path, help="a folder of tests.bench.ranking")
    options.add_argument("--semantic", default="", metavar="ENCODER")
    chosen = options.parse_args()
    papers = {row["id"]: row for row in lines(chosen.folder / "papers.jsonl")}
    users = lines(chosen.folder / "users.jsonl")
    ids = sorted({one for user in users for one in user["ratings"]})
    pool = pool_of(papers, ids, history(papers, chosen.history), chosen.semantic)
    samples = range(len(users[0]["profile_versions"]))
    found = [loss(users, papers, pool, ids, sample) for sample in samples]
    print(f"loss {mean(found):.4f} ({min(found):.4f} to {max(found):.4f}), {len(users)} persons")


if __name__ == "__main__":
    main()
