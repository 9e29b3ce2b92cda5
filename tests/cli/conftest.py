"""The command `digest` as a user runs it, in a fresh folder, without a terminal or settings."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from digest.cli import main


@dataclass(frozen=True)
class Ran:
    """What a command printed."""

    stdout: str
    stderr: str


Digest = Callable[..., Ran]


@pytest.fixture
def digest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Digest:
    """Run `digest ARGUMENTS` here and now; a process of its own for each would cost a second."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("DIGEST_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("NO_COLOR", "1")

    def run(*arguments: str, status: int = 0, **settings: str) -> Ran:
        with monkeypatch.context() as now:
            now.setattr(sys, "argv", ["digest", *arguments])
            for name, value in settings.items():
                now.setenv(name, value)
            with pytest.raises(SystemExit) as end:
                main()
        told = capsys.readouterr()
        assert "Traceback" not in told.out + told.err
        assert end.value.code == status, told.out + told.err
        return Ran(told.out, told.err)

    return run


def in_a_process(*arguments: str, cwd: Path) -> subprocess.Popen[str]:
    """Start `digest ARGUMENTS` as a process, to be killed or waited for."""
    clean = {name: v for name, v in os.environ.items() if not name.startswith("DIGEST_")}
    return subprocess.Popen(
        [sys.executable, "-m", "digest", *arguments],
        cwd=cwd,
        env=clean,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
