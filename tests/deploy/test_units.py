"""The systemd unit, as systemd itself reads it."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.given import ROOT, lacking

UNIT = ROOT / "deploy" / "papers-digest.service"
PROGRAM = "/opt/papers-digest/bin/digest"
EXPOSED = 15  # of 100, by systemd's own count; a service without any hardening has 96


def analyze(*words: str | Path) -> str:
    """What systemd-analyze says; it must have no objection."""
    tool = shutil.which("systemd-analyze")
    if tool is None:
        lacking("systemd-analyze", "not installed (deploy/install-tools)")
    done = subprocess.run(
        [tool, *map(str, words)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit, with the program that is here in place of the one that is not installed."""
    here = Path(sys.executable).with_name("digest")
    found = tmp_path / UNIT.name
    found.write_text(UNIT.read_text("utf-8").replace(PROGRAM, str(here)), "utf-8")
    return found


def test_systemd_takes_every_line_of_the_unit(unit: Path) -> None:
    told = analyze("verify", "--man=no", unit)
    assert UNIT.name not in told, told


def test_a_misspelt_line_would_be_noticed(unit: Path) -> None:
    unit.write_text(unit.read_text("utf-8").replace("NoNewPrivileges=", "NoNewPrivilege="), "utf-8")
    assert "NoNewPrivilege" in analyze("verify", "--man=no", unit)


def test_the_unit_is_hardened_by_systemds_own_count(unit: Path) -> None:
    analyze("security", "--offline=yes", f"--threshold={EXPOSED}", unit)


def test_the_unit_starts_the_program_as_its_user_makes_it() -> None:
    lines = UNIT.read_text("utf-8").splitlines()
    started = [line.split("=", 1)[1] for line in lines if line.startswith("ExecStart")]
    assert [line.split()[:2] for line in started] == [[PROGRAM, "init"], [PROGRAM, "run"]]
    [user] = re.findall(r"^u (\S+)", (ROOT / "deploy/papers-digest.sysusers").read_text(), re.M)
    assert f"User={user}" in lines
