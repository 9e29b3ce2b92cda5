"""SIGKILL at any moment: the database is consistent, and the same command completes it."""

import json
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from tests.cli.conftest import in_a_process
from tests.given import shared


def state(home: Path) -> dict[str, list[object]]:
    """What the history holds, without instants and row numbers."""
    engine = create_engine(f"sqlite:///{home / 'digest.db'}")
    queries = {
        "ok": "PRAGMA integrity_check",
        "keys": "PRAGMA foreign_key_check",
        "papers": "SELECT title, votes, first_day, last_day FROM papers ORDER BY title",
        "names": "SELECT identity FROM identities ORDER BY identity",
        "changes": "SELECT day, title, change FROM changes JOIN papers ON papers.id = paper_id "
        "ORDER BY day, title, change",
        "sightings": "SELECT day, title, sightings.votes FROM sightings JOIN papers "
        "ON papers.id = paper_id ORDER BY day, title, sightings.votes",
    }
    with engine.connect() as connection:
        found = {name: list(connection.execute(text(query))) for name, query in queries.items()}
    engine.dispose()
    return found


@pytest.mark.timeout(240)
def test_killed_anywhere_collect_is_completed_by_the_same_command(tmp_path: Path) -> None:
    files = [str(f) for f in sorted(shared("data/hf_daily_papers/raw").glob("2026-0[45]*.json"))]
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    whole.mkdir()
    cut.mkdir()
    done = in_a_process("collect", *files, cwd=whole)
    done.communicate()
    assert done.returncode == 0
    dice = random.Random(20260507)
    kills = 0
    for delay in [dice.uniform(0.5, 4.0) for _ in range(5)]:
        process = in_a_process("collect", *files, cwd=cut)
        try:
            process.wait(delay)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        process.communicate()
        kills += process.returncode == -signal.SIGKILL
        if (cut / "digest.db").exists() and has_tables(cut):
            found = state(cut)
            assert found["ok"] == [("ok",)]
            assert found["keys"] == []
    process = in_a_process("collect", *files, "--json", cwd=cut)
    told = json.loads(process.communicate()[0])
    assert process.returncode == 0
    assert {source["error"] for source in told["sources"].values()} == {None}
    assert kills
    assert state(cut) == state(whole)


def has_tables(home: Path) -> bool:
    copy = home / "copy"
    copy.mkdir(exist_ok=True)
    for file in home.glob("digest.db*"):
        shutil.copy(file, copy)
    engine = create_engine(f"sqlite:///{copy / 'digest.db'}")
    with engine.connect() as connection:
        found = connection.execute(text("SELECT 1 FROM sqlite_master WHERE name = 'papers'"))
        there = found.first() is not None
    engine.dispose()
    return there


@pytest.mark.parametrize("delay", [0.5, 1.0, 3.0])
def test_ctrl_c_is_answered_in_words_at_any_moment(tmp_path: Path, delay: float) -> None:
    files = [str(f) for f in sorted(shared("data/hf_daily_papers/raw").glob("*.json"))]
    process = in_a_process("collect", *files, cwd=tmp_path)
    wait_for_python(process)
    try:
        process.wait(delay)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert told == "interrupted: what was done is kept; the same command again does the rest\n"


def test_ctrl_c_while_a_library_makes_its_classes_ends_the_same_way(tmp_path: Path) -> None:
    (tmp_path / "begun.py").write_text(
        "import sys, types, digest.cli\n"
        "library = types.ModuleType('digest.cli.program')\n"
        "library.run = lambda: exec('raise KeyboardInterrupt')\n"
        "sys.modules['digest.cli.program'] = library\n"
        "digest.cli.main()\n"
    )
    ran = subprocess.run(
        [sys.executable, "-m", "begun"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stderr.partition(":")[0]) == (130, "interrupted")


def wait_for_python(process: subprocess.Popen[str]) -> None:
    """Until the interpreter itself would take a Ctrl-C: before, no program can answer it."""
    caught = 0
    while not caught & 1 << (signal.SIGINT - 1):
        assert process.poll() is None
        status = Path(f"/proc/{process.pid}/status").read_text()
        caught = int(status.partition("SigCgt:")[2].split()[0], 16)
        time.sleep(0.01)
