"""subscribers erase: asked on a terminal, done only when the address is typed."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Digest

ADA = "ada@example.org"


def on_a_terminal(cwd: Path, typed: str, *arguments: str) -> tuple[int, str]:
    """Run a command on a terminal of its own and type this; its status, and what was shown."""
    ours, its = pty.openpty()
    clean = {name: v for name, v in os.environ.items() if not name.startswith("DIGEST_")}
    with subprocess.Popen(
        [sys.executable, "-m", "digest", *arguments],
        cwd=cwd, env=clean | {"COLUMNS": "120"}, stdin=its, stdout=its, stderr=its,
    ) as running:  # fmt: skip
        os.close(its)
        os.write(ours, f"{typed}\n".encode())
        shown = b""
        try:
            while part := os.read(ours, 4096):
                shown += part
        except OSError:  # the other end is closed
            pass
    os.close(ours)
    return running.returncode, shown.decode()


@pytest.mark.parametrize("typed", ["", "y", "ada", "ADA@example.org"])
def test_anything_but_the_address_erases_nothing(
    digest: Digest, tmp_path: Path, typed: str
) -> None:
    digest("subscribers", "add", ADA)
    status, shown = on_a_terminal(tmp_path, typed, "subscribers", "erase", ADA)
    assert status == 1
    assert "gone for good" in shown
    assert "nothing was erased: the address was not typed" in shown
    assert "Traceback" not in shown
    assert ADA in digest("subscribers", "show", ADA).stdout


def test_the_typed_address_erases(digest: Digest, tmp_path: Path) -> None:
    digest("subscribers", "add", ADA)
    status, shown = on_a_terminal(tmp_path, ADA, "subscribers", "erase", ADA)
    assert (status, f"{ADA} is erased" in shown) == (0, True)
    digest("subscribers", "show", ADA, status=1)


@pytest.mark.parametrize("options", [["--yes"], []], ids=["told so", "no terminal"])
def test_it_does_not_ask_who_said_yes_or_cannot_answer(digest: Digest, options: list[str]) -> None:
    digest("subscribers", "add", ADA)
    assert "is erased" in digest("subscribers", "erase", ADA, *options).stdout
    assert "nobody" in digest("subscribers", "erase", ADA, status=1).stderr
