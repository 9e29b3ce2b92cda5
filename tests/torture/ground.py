"""The ground of a torture: a day of papers and a crowd, promised nothing yet; and senders on it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pydantic import SecretStr

from digest import sender
from digest.app import App, build
from digest.pipeline import collect
from digest.settings import load
from tests import given
from tests.torture.stem import Branch, Stem

DAY = date(2026, 5, 7)
SECRET = "s" * 40
END_S = 120.0
_PAPERS = ("Whale song decoded", "A tea ceremony", "Robots that fold towels", "Slow proteins")


def app_on(database_url: str, **settings: Any) -> App:
    """An App on this database, with the secret of all senders here."""
    return build(load(database_url=database_url, secret=SecretStr(SECRET), **settings))


def prepare(database_url: str, readers: int, home: Path) -> None:
    """Fill a migrated database: four papers of DAY, and so many active readers."""
    app = app_on(database_url)
    file = home / f"{DAY}.json"
    file.write_text(json.dumps([_listed(number, title) for number, title in enumerate(_PAPERS)]))
    collect(app, [str(file)])
    with app.begin() as session:
        given.subscribers(session, readers)
    app.database.close()


def _listed(number: int, title: str) -> dict[str, object]:
    return {
        "paper": {
            "id": f"2605.{number:05d}",
            "title": title,
            "summary": f"We study {title} and find much.",
            "upvotes": 9 - number,
            "authors": [{"name": "Ada Author"}],
            "submittedOnDailyAt": f"{DAY}T06:00:00.000Z",
        }
    }


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended, and what it said."""

    status: int
    out: str
    err: str


class Sending:
    """`digest send` of DAY as a process group of its own; leaving kills what is left of it.

    It branches off a `stem`, or is loaded anew.
    """

    def __init__(
        self,
        home: Path,
        environment: Mapping[str, str],
        *words: str,
        crew_from: int | None = None,
        stem: Stem | None = None,
    ) -> None:
        command = ["send", "--day", f"{DAY}", *words]
        self.process: Branch | subprocess.Popen[str]
        if stem is not None:
            self.process = stem.start(command, environment, home, crew_from or sender.CREW_FROM)
        else:
            self.process = _loaded(home, environment, command, crew_from)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.signal_all(signal.SIGKILL)
        self.process.communicate(timeout=END_S)

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def is_alive(self) -> bool:
        return self.process.poll() is None

    def workers(self) -> list[int]:
        """The process numbers of its living workers."""
        return [pid for pid in group(self.pid) if pid != self.pid]

    def signal_all(self, number: signal.Signals) -> None:
        """Send a signal to every process of the group."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def end(self, timeout_s: float = END_S) -> Ran:
        """Wait for its end."""
        try:
            out, err = self.process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            self.signal_all(signal.SIGKILL)
            raise
        return Ran(self.process.returncode, out, err)


def _loaded(
    home: Path, environment: Mapping[str, str], command: list[str], crew_from: int | None
) -> subprocess.Popen[str]:
    program = ["-m", "digest"]
    if crew_from is not None:
        program = ["-m", "tests.torture.launch", str(crew_from)]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("DIGEST_")}
    return subprocess.Popen(
        [sys.executable, *program, *command],
        cwd=home,
        env=clean | {"PYTHONPATH": str(given.ROOT)} | dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def group(leader: int) -> list[int]:
    """The living processes of a process group. Source: proc(5), /proc/PID/stat."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError, IndexError):
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                if int(fields[2]) == leader and fields[0] not in "ZX":
                    found.append(int(folder.name))
    return sorted(found)
