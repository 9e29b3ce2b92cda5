"""How well the ranking finds what is like one paper: `python -m tests.bench.facets FOLDER
[--semantic ENCODER]`.

FOLDER holds papers.jsonl and queries.jsonl (CSFCube): one paper, one of its facets, and how like it
in that facet some hundred others are (0 to 3), as experts judged. The paper is a reader's only
like; the ranking knows no facets, so two queries of one paper are ranked alike. The judged papers
are the day, all papers of the folder (and of `--history`) the history that is learnt from.

Printed is nDCG@10, the mean over the queries: a grade counts as it stands, divided by log2 of the
place and 1, over the best order's; equal scores in the order of ids.

Source: Mysore, O'Gorman, McCallum, Zamani 2021, "CSFCube".
"""

import argparse
from pathlib import Path
from statistics import mean

from tests.bench import people, tune


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("folder", type=Path)
    options.add_argument("--history", type=Path, help="a folder of tests.bench.ranking")
    options.add_argument("--semantic", default="", metavar="ENCODER")
    chosen = options.parse_args()
    papers = {row["id"]: row for row in people.lines(chosen.folder / "papers.jsonl")}
    asked = people.lines(chosen.folder / "queries.jsonl")
    every = sorted({one for query in asked for one in query["gains"]})
    past = people.history(papers, chosen.history)
    pool = people.pool_of(papers, every, past, chosen.semantic)
    found: dict[str, list[float]] = {}
    for query in asked:
        liked = [people.words(papers[one]) for one in query["liked"]]
        scores = dict(zip(every, people.ranked(pool, liked), strict=True))
        order = sorted(query["gains"].keys() - {*query["liked"]}, key=lambda p: (-scores[p], p))
        found.setdefault(query["facet"], []).append(tune.ndcg(order, query["gains"]))
    whole = [value for values in found.values() for value in values]
    print(f"nDCG@10 {mean(whole):.4f}, {len(whole)} queries")
    for facet, values in sorted(found.items()):
        print(f"  {facet:<12} {mean(values):.4f}, {len(values)} queries")


if __name__ == "__main__":
    main()
