"""What it costs to collect 10,000 listings beside a long history.

    python -m tests.bench.diff [PAPERS ...]

Prints, as JSON, seconds and peak memory of the same listing beside 100,000 and 1,000,000 papers
(or as many as are named): both should be the same, since every look-up has its index. Each runs in
a process of its own, so that one's memory is not another's.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from digest.core.diff import Rising, diff
from digest.core.identity import identities
from digest.core.paper import Paper
from digest.store import papers
from digest.store.database import Database
from digest.store.rows import values
from digest.store.tables import ChangeRow, IdentityRow, PaperRow, SightingRow

LISTED, PART, BATCH = 10_000, 500, 5_000
FIRST = date(2016, 1, 1)
TODAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
ABSTRACT = "We show that a method does what it is said to do, on data that others can have. " * 12


def paper(number: int, votes: int) -> Paper:
    """A work with an arXiv id of its own, in a plausible shape."""
    title = f"On the matter of {number} and what follows from it for models"
    arxiv = f"{1600 + number // 100_000:04}.{number % 100_000:05}"
    return Paper(
        title=title, identities=identities(title, arxiv), abstract=ABSTRACT, votes=votes,
        authors=(f"Ada {number % 977}", f"Bob {number % 1009}", "Cyd Dee"),
        categories=("cs.LG", "cs.CL"), url=f"https://arxiv.org/abs/{arxiv}",
    )  # fmt: skip


def fill(database: Database, count: int) -> None:
    """A history of so many papers, spread over ten years."""
    for start in range(0, count, BATCH):
        numbers = range(start, min(start + BATCH, count))
        with database.begin() as session:
            session.connection().execute(insert(PaperRow.__table__), [row(n) for n in numbers])
            for table, rows in beside(numbers):
                session.connection().execute(insert(table.__table__), rows)


def row(number: int) -> dict[str, Any]:
    listed = FIRST + timedelta(days=number % 3_700)
    return values(paper(number, 5)) | {
        "id": number + 1, "sources": ["hf"], "first_day": listed, "last_day": listed,
        "baseline_votes": 5, "baseline_day": listed, "counted_at": NOW, "created_at": NOW,
        "updated_at": NOW,
    }  # fmt: skip


def beside(numbers: range) -> Iterator[tuple[Any, list[dict[str, Any]]]]:
    """The identities, sightings and changes of these papers."""
    yield (
        IdentityRow,
        [{"identity": name, "paper_id": n + 1} for n in numbers for name in paper(n, 5).identities],
    )
    days = {n: FIRST + timedelta(days=n % 3_700) for n in numbers}
    yield SightingRow, [
        {"paper_id": n + 1, "source": "hf", "day": days[n], "at": NOW, "votes": 5,
         "comments": None, "version": None}
        for n in numbers
    ]  # fmt: skip
    yield ChangeRow, [
        {"day": days[n], "paper_id": n + 1, "change": "new", "source": "hf", "at": NOW,
         "votes_before": None, "since": None}
        for n in numbers
    ]  # fmt: skip


def listing(count: int) -> Iterator[Paper]:
    """A third new, a third known, a third risen, spread over the whole history."""
    step = max(count // LISTED, 1)
    for n in range(LISTED):
        number = count + n if n % 3 == 0 else n * step
        yield paper(number, 5 if n % 3 < 2 else 50)


def collect(database: Database, count: int) -> Counter[str]:
    """Keep the listing as `digest collect` does."""
    told: Counter[str] = Counter()
    sight = papers.Sight("hf", TODAY, NOW)
    listed = list(listing(count))
    for start in range(0, LISTED, PART):
        part = listed[start : start + PART]
        with database.begin() as session:
            findings = diff(part, papers.known(session, part), TODAY, Rising())
            papers.save(session, findings, sight)
        told.update(finding.change.value for finding in findings)
    return told


def peak() -> float:
    """Peak memory of this process in MiB; getrusage would tell its parent's where that was more."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise SystemExit("this kernel does not tell a process's peak memory")


def measure(file: Path, count: int) -> dict[str, Any]:
    """What one collecting costs, in a process that has done nothing else."""
    database = Database(f"sqlite:///{file}")
    before, begin, busy = peak(), time.perf_counter(), time.process_time()
    told = collect(database, count)
    return {
        "papers": count, "listed": LISTED, **told, "seconds": round(time.perf_counter() - begin, 2),
        "cpu_seconds": round(time.process_time() - busy, 2), "peak_mib": round(peak(), 1),
        "before_mib": round(before, 1), "file_mib": round(file.stat().st_size / 2**20),
    }  # fmt: skip


def main(arguments: list[str]) -> None:
    if arguments[:1] == ["--measure"]:
        print(json.dumps(measure(Path(arguments[1]), int(arguments[2]))))
        return
    results = []
    for count in map(int, arguments or ["100000", "1000000"]):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "history.db"
            database = Database(f"sqlite:///{file}")
            database.upgrade()
            fill(database, count)
            database.engine.dispose()
            command = [sys.executable, "-m", "tests.bench.diff", "--measure", file, str(count)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            results.append(json.loads(done.stdout))
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main(sys.argv[1:])
