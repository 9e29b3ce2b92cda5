"""How good the ranking is on real days: `python -m tests.bench.ranking FOLDER --out run.tsv`.

FOLDER holds papers.parquet, pools.json, background.json and queries.jsonl; the run is for the
scorer beside it. Every number comes from the product's own code, and a query's profile is
exactly the fields it fills in. Needs pyarrow, which the project itself does not.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from digest.core.edition import Candidate, Change
from digest.core.paper import Paper
from digest.core.ranking import LikedPaper, Reader, Vocabulary, fit, prepare
from digest.core.ranking.bars import bars, muted_by
from digest.core.ranking.score import score
from subscribers.profile import InterestProfile

Rows = dict[str, dict[str, Any]]


def papers(folder: Path) -> Rows:
    """Every paper of the folder by id."""
    from pyarrow import parquet

    return {row["id"]: row for row in parquet.read_table(folder / "papers.parquet").to_pylist()}


def queries(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / "queries.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def background(folder: Path, known: Rows) -> Vocabulary:
    earlier = json.loads((folder / "background.json").read_text())
    return fit(f"{known[one]['title']}. {known[one]['abstract']}" for one in earlier)


def reader(query: dict[str, Any], known: Rows) -> Reader:
    liked = (known[one["id"]] for one in query["liked"] if one["id"] in known)
    profile = InterestProfile(
        interests=(query["text"],) if query["text"] else (),
        keywords=tuple(query["keywords"]),
        mute=tuple(query["muted_keywords"]),
        categories=tuple(query["categories"]),
    )
    return Reader(profile, tuple(LikedPaper(row["title"], row["abstract"]) for row in liked))


def candidate(place: int, row: dict[str, Any]) -> Candidate:
    paper = Paper(
        title=row["title"],
        abstract=row["abstract"],
        identities=(f"arxiv:{row['id']}",),
        categories=tuple(row["categories"].split()),
    )
    return Candidate(place, paper, Change.NEW, date.min)


def run(folder: Path, known: Rows, asked: list[dict[str, Any]]) -> Iterator[tuple[str, str, float]]:
    """Query, paper, score: every paper that scores and is not barred, in no special order."""
    vocabulary = background(folder, known)
    pools = json.loads((folder / "pools.json").read_text())
    by_pool: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for query in asked:
        by_pool[query["pool"]].append(query)
    for name, some in by_pool.items():
        ids = pools[name]
        pool = prepare([candidate(at, known[one]) for at, one in enumerate(ids)], vocabulary)
        scores = score(pool, [reader(q, known) for q in some])
        for query, model, total in zip(some, scores.models, scores.total.tolist(), strict=True):
            out = bars(pool, model, frozenset(), lambda text, pool=pool: muted_by(pool, text))
            for at, value in enumerate(total):
                if value > 0 and at not in out:
                    yield query["query_id"], ids[at], value


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("folder", type=Path)
    options.add_argument("--out", type=Path, required=True)
    options.add_argument("--case", nargs="*", default=[])
    chosen = options.parse_args()
    asked = [q for q in queries(chosen.folder) if not chosen.case or q["case"] in chosen.case]
    with chosen.out.open("w", encoding="utf-8") as out:
        for query, paper, value in run(chosen.folder, papers(chosen.folder), asked):
            out.write(f"{query}\t{paper}\t{value:.6f}\n")


if __name__ == "__main__":
    main()
