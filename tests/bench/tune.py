"""How the weights were chosen: `python -m tests.bench.tune FOLDER NAME=VALUE,VALUE .. [--case C]`.

Tries every combination of the values given for names of digest.core.ranking.weights and prints
nDCG@10 per case, averaged over users; behind it the same for two halves of the curators, since a
weight that helps one half only is noise. The other weights stay as they are in the table.
"""

import argparse
import itertools
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from math import log2
from pathlib import Path
from statistics import mean
from typing import Any
from zlib import crc32

from digest.core.ranking import weights
from tests.bench import ranking

PLACES = [1 / log2(place) for place in range(2, 12)]
CASES = ("warm5", "warm15", "warm50", "multi", "cold_kw", "cold_text", "kw_like3", "neg")
Query = dict[str, Any]
Gains = Mapping[str, Mapping[str, float]]


def ndcg(order: Sequence[str], gains: Mapping[str, float]) -> float:
    """Of the first ten, muted papers counting nothing; gains hold at least one above 0."""
    best = sorted((max(gain, 0.0) for gain in gains.values()), reverse=True)
    got = (max(gains.get(paper, 0.0), 0.0) for paper in order[:10])
    return _discounted(got) / _discounted(best[:10])


def net(order: Sequence[str], gains: Mapping[str, float]) -> float:
    """Recall of the first ten, less the share of muted papers among them."""
    top = set(order[:10])
    wanted = [paper for paper, gain in gains.items() if gain > 0]
    muted = [paper for paper, gain in gains.items() if gain < 0]
    return mean(paper in top for paper in wanted) - mean([paper in top for paper in muted] or [0])


def _discounted(gains: Any) -> float:
    return sum(gain * place for gain, place in zip(gains, PLACES, strict=False))


def judged(folder: Path) -> Gains:
    gains: defaultdict[str, dict[str, float]] = defaultdict(dict)
    for line in (folder / "qrels.tsv").read_text().splitlines():
        query, paper, gain = line.split("\t")
        gains[query][paper] = float(gain)
    return gains


def scores(
    bench: ranking.Bench, asked: list[Query], gains: Gains
) -> Iterator[tuple[Query, str, float]]:
    """Query, measure (its case, or "net"), value."""
    ranked: defaultdict[str, list[tuple[float, str]]] = defaultdict(list)
    for query, paper, value in ranking.run(bench, asked):
        ranked[query].append((-value, paper))
    for query in asked:
        found = gains[query["query_id"]]
        order = [paper for _, paper in sorted(ranked[query["query_id"]])]
        if any(gain > 0 for gain in found.values()):
            yield query, query["case"], ndcg(order, found)
            if query["case"] == "neg":
                yield query, "net", net(order, found)


def table(found: Sequence[tuple[Query, str, float]]) -> dict[str, float]:
    """The mean over users of each user's mean, by measure."""
    users: defaultdict[str, defaultdict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for query, measure, value in found:
        users[measure][query["user"]].append(value)
    return {measure: mean(map(mean, of.values())) for measure, of in users.items()}


def half(query: Query) -> int:
    return crc32(query["curator"].encode()) % 2


def shown(one: Mapping[str, float]) -> str:
    return " ".join(f"{measure} {value:.3f}" for measure, value in one.items())


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("folder", type=Path)
    options.add_argument("values", nargs="*", metavar="NAME=VALUE,VALUE")
    options.add_argument("--case", nargs="*", default=CASES)
    options.add_argument("--halves", action="store_true")
    options.add_argument("--semantic", default="", metavar="ENCODER")
    chosen = options.parse_args()
    asked = [q for q in ranking.queries(chosen.folder) if q["case"] in chosen.case]
    bench = ranking.bench(chosen.folder, chosen.semantic, asked)
    gains = judged(chosen.folder)
    names = [one.partition("=")[0] for one in chosen.values]
    lists = [json.loads(f"[{one.partition('=')[2]}]") for one in chosen.values]
    for values in itertools.product(*lists):
        bench.pools.clear()  # they and the sketches hold what the weights before made of them
        bench.vocabulary.sketches.clear()
        bench.vocabulary.meanings.clear()
        for name, value in zip(names, values, strict=True):
            setattr(weights, name, value)
        found = [*scores(bench, asked, gains)]
        print(*(f"{n}={v}" for n, v in zip(names, values, strict=True)), shown(table(found)))
        for number in (0, 1) if chosen.halves else ():
            some = [one for one in found if half(one[0]) == number]
            print(f"    half {number}:", shown(table(some)), flush=True)


if __name__ == "__main__":
    main()
