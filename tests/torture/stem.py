"""A stem: a process that has loaded `digest` once, and branches off one that runs it at each order.

Loading takes seconds, in which nothing is under way: without it a kill costs a tenth. Orders come
as JSON lines on standard input; "pid NUMBER" and "end NUMBER STATUS" go out.
"""

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from tests.given import ROOT

_TICK_S = 0.01


class Stem:
    """Runs `digest` again and again: `start` gives what may be used as a subprocess.Popen."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.torture.stem"], cwd=ROOT, text=True, bufsize=1,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        self._ended: dict[int, int] = {}
        self._count = 0

    def start(
        self, words: Sequence[str], environment: Mapping[str, str], home: Path, crew_from: int
    ) -> "Branch":
        self._count += 1
        files = [home / f"{self._count}.{name}" for name in ("out", "err")]
        order = {"words": [*words], "environment": {**environment}, "home": str(home),
                 "files": [str(file) for file in files], "crew_from": crew_from}  # fmt: skip
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        pid = self._hear("pid")
        return Branch(self, pid, *files)

    def ended(self, pid: int) -> int | None:
        """How a branch ended, as Popen.returncode has it; None while it lives."""
        assert self._process.stdout is not None
        while pid not in self._ended and select.select([self._process.stdout], [], [], 0)[0]:
            self._hear("end")
        return self._ended.get(pid)

    def _hear(self, until: str) -> int:
        """Read up to such a line; its number. What others say on the way is kept."""
        assert self._process.stdout is not None
        while True:
            what, number, *status = self._process.stdout.readline().split()
            if what == "end":
                self._ended[int(number)] = int(status[0])
            if what == until:
                return int(number)

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


class Branch:
    """One run of `digest`, with as much of subprocess.Popen as is used here."""

    def __init__(self, stem: Stem, pid: int, out: Path, err: Path) -> None:
        self.pid, self.returncode = pid, 0
        self._stem, self._files = stem, (out, err)

    def poll(self) -> int | None:
        found = self._stem.ended(self.pid)
        self.returncode = 0 if found is None else found
        return found

    def wait(self, timeout: float) -> int:
        until = time.monotonic() + timeout
        while (status := self.poll()) is None:
            if time.monotonic() > until:
                raise subprocess.TimeoutExpired("digest", timeout)
            time.sleep(_TICK_S)
        return status

    def communicate(self, timeout: float) -> tuple[str, str]:
        self.wait(timeout)
        out, err = (file.read_text() for file in self._files)
        return out, err


def main() -> None:
    from digest.cli import program  # noqa: F401 - loads all

    living = 0
    while True:
        readable = select.select([0], [], [], _TICK_S)[0]
        if readable:
            line = _line()
            if not line:
                return
            pid = os.fork()
            if not pid:
                _branch(json.loads(line))
            living += 1
            print("pid", pid, flush=True)
        while living:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                break
            living -= 1
            print("end", pid, os.waitstatus_to_exitcode(status), flush=True)


def _line() -> bytes:
    """A line of standard input, and no byte more."""
    line = b""
    while not line.endswith(b"\n") and (byte := os.read(0, 1)):
        line += byte
    return line


def _branch(order: dict[str, object]) -> NoReturn:
    """Become `digest WORDS`."""
    os.setsid()
    os.chdir(str(order["home"]))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    for number, file in enumerate(order["files"], 1):  # type: ignore[arg-type, var-annotated]
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600), number)
    os.environ.update(order["environment"])  # type: ignore[call-overload]
    from digest import sender
    from digest.cli import main as digest

    sender.CREW_FROM = int(str(order["crew_from"]))
    sys.argv = ["digest", *order["words"]]  # type: ignore[misc]
    digest()
    sys.exit(0)


if __name__ == "__main__":
    main()
