"""How good the ranking is on real days: `python -m tests.bench.ranking FOLDER --out run.tsv`.

FOLDER holds papers.parquet, pools.json, background.json and queries.jsonl; where its judgements
(qrels.tsv) and the scorer beside it are at hand too, its table is printed. Every number comes from
the product's own code, and a query's profile is exactly the fields it fills in. `--semantic` names
a sentence encoder, or a folder that holds one (see tests.bench.semantic): the large size.
"""

import argparse
import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from digest.core.edition import Candidate, Change
from digest.core.paper import Paper
from digest.core.ranking import LikedPaper, Pool, Reader, Vocabulary, learn, prepare
from digest.core.ranking.bars import bars, muted_by
from digest.core.ranking.encoded import Encoded
from digest.core.ranking.score import score
from subscribers.profile import InterestProfile
from tests.bench import semantic

Rows = dict[str, dict[str, Any]]
Query = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Bench:
    """A folder read once: its papers, the ids of each day's pool, what its background teaches."""

    papers: Rows
    days: dict[str, list[str]]
    vocabulary: Vocabulary
    encoded: Encoded | None = None
    pools: dict[str, Pool] = field(default_factory=dict)

    def pool(self, day: str) -> Pool:
        if day not in self.pools:
            rows = [candidate(at, self.papers[one]) for at, one in enumerate(self.days[day])]
            self.pools[day] = prepare(rows, self.vocabulary, self.encoded)
        return self.pools[day]


def bench(folder: Path, encoder: str = "", asked: Sequence[Query] = ()) -> Bench:
    """The folder read; with an encoder, what these queries need is encoded too."""
    found = papers(folder)
    days = json.loads((folder / "pools.json").read_text())
    earlier = [found[one] for one in json.loads((folder / "background.json").read_text())]
    texts = [(row["title"], row["abstract"]) for row in earlier]
    vocabulary = learn(texts, [row["categories"].split() for row in earlier])
    if not encoder:
        return Bench(found, days, vocabulary)
    needed = dict.fromkeys(one for query in asked for one in days[query["pool"]])
    spoken = [paper for q in asked for paper in _spoken([*q["liked"], *q["disliked"]], found)]
    wanted = [*map(_words, map(found.__getitem__, needed)), *spoken]
    lines = semantic.lines_of(asked)
    encoded = semantic.known(encoder, wanted, lines, map(_words, earlier))
    return Bench(found, days, vocabulary, encoded)


def papers(folder: Path) -> Rows:
    """Every paper of the folder by id."""
    from pyarrow import parquet

    return {row["id"]: row for row in parquet.read_table(folder / "papers.parquet").to_pylist()}


def queries(folder: Path) -> list[Query]:
    lines = (folder / "queries.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def reader(query: Query, known: Rows) -> Reader:
    liked, disliked = _spoken(query["liked"], known), _spoken(query["disliked"], known)
    profile = InterestProfile(
        interests=(query["text"],) if query["text"] else (),
        keywords=tuple(query["keywords"]),
        mute=tuple(query["muted_keywords"]),
        categories=tuple(query["categories"]),
    )
    return Reader(profile, liked, disliked=disliked)


def _spoken(some: list[dict[str, Any]], known: Rows) -> tuple[LikedPaper, ...]:
    return tuple(_words(known[one["id"]]) for one in some if one["id"] in known)


def _words(row: dict[str, Any]) -> LikedPaper:
    return LikedPaper(row["title"], row["abstract"], tuple(row["categories"].split()))


def candidate(place: int, row: dict[str, Any]) -> Candidate:
    paper = Paper(
        title=row["title"],
        abstract=row["abstract"],
        identities=(f"arxiv:{row['id']}",),
        categories=tuple(row["categories"].split()),
    )
    return Candidate(place, paper, Change.NEW, date.min)


def run(bench: Bench, asked: list[Query]) -> Iterator[tuple[str, str, float]]:
    """Query, paper, score: every paper that scores and is not barred, in no special order."""
    by_day: defaultdict[str, list[Query]] = defaultdict(list)
    for query in asked:
        by_day[query["pool"]].append(query)
    for day, some in by_day.items():
        pool, ids = bench.pool(day), bench.days[day]
        scores = score(pool, [reader(query, bench.papers) for query in some])
        for query, model, total in zip(some, scores.models, scores.total.tolist(), strict=True):
            out = bars(pool, model, frozenset(), lambda text, pool=pool: muted_by(pool, text))
            for at, value in enumerate(total):
                if value > 0 and at not in out:
                    yield query["query_id"], ids[at], value


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("folder", type=Path)
    options.add_argument("--out", type=Path, required=True)
    options.add_argument("--case", nargs="*", default=[])
    options.add_argument("--semantic", default="", metavar="ENCODER")
    options.add_argument("--compare", type=Path, help="another run, to be compared query by query")
    chosen = options.parse_args()
    asked = [q for q in queries(chosen.folder) if not chosen.case or q["case"] in chosen.case]
    with chosen.out.open("w", encoding="utf-8") as out:
        for query, paper, value in run(bench(chosen.folder, chosen.semantic, asked), asked):
            out.write(f"{query}\t{paper}\t{value:.6f}\n")
    scorer = chosen.folder.resolve().parent / "score.py"
    if not (scorer.exists() and (chosen.folder / "qrels.tsv").exists()):
        return 0
    asks = ["--data", chosen.folder, "--run", chosen.out]
    asks += ["--compare", chosen.compare] if chosen.compare else []
    return subprocess.run([sys.executable, scorer, *asks], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
