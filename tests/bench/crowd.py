"""A crowd of readers with different profiles, and a real day of papers, for the benchmarks."""

import csv
import json
import random
from datetime import date
from pathlib import Path
from typing import Any

from subscribers.entry import COLUMNS

DAY = date(2026, 5, 7)
PAPERS = 25


def write_day(seed: Path, file: Path) -> list[dict[str, Any]]:
    """The first PAPERS of a recorded day's listing as a file of its own; what they are."""
    listed = json.loads(seed.read_text(encoding="utf-8"))[:PAPERS]
    file.write_text(json.dumps(listed), encoding="utf-8")
    return [one["paper"] for one in listed]


def write_readers(papers: list[dict[str, Any]], count: int, file: Path) -> None:
    """A CSV of so many readers, each with two interests, three keywords and a category."""
    draw = random.Random(7)
    words = sorted({word for one in papers for word in one["summary"].split() if len(word) > 5})
    titles = [one["title"] for one in papers]
    with file.open("w", encoding="utf-8", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(COLUMNS)
        for number in range(count):
            rows.writerow(_reader(number, draw, words, titles))


def _reader(number: int, draw: random.Random, words: list[str], titles: list[str]) -> list[str]:
    interests = [" ".join(draw.sample(words, 4)), draw.choice(titles)[:40]]
    return [
        f"reader{number}@sink{number % 50}.example",
        "; ".join(interests),
        "; ".join(draw.sample(words, 3)),
        "",
        draw.choice(["cs.CL", "cs.LG", "cs.CV", "cs.AI"]),
        "",
        "Europe/Zurich",
        "8",
        "daily",
        "2026-01-05T00:00:00Z",
        "form",
    ]
