"""What is installed is whole: the wheel alone, in an empty environment, plays the demo."""

import json
import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

from tests.given import ROOT, lacking

pytestmark = pytest.mark.timeout(300)

PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--python")

# Imports every module, so that nothing undeclared is needed; where the parts come from.
PARTS = """
import json, pkgutil, sys
from importlib import import_module
import digest, subscribers
for package in (digest, subscribers):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if module.name not in ("digest.__main__", "digest.store.migrations.env"):
            import_module(module.name)
from digest.shipped import shipped
from digest.store import migrations
print(json.dumps({
    "path": sys.path,
    "prefix": [sys.prefix],
    "parts": [*digest.__path__, *subscribers.__path__, *migrations.__path__,
              str(shipped("templates")), str(shipped("seeds"))],
}))
"""


def run(*command: str | Path, cwd: Path) -> str:
    """What a command prints; nothing of ours in the environment reaches it."""
    ours = ("DIGEST_", "PYTHON", "VIRTUAL_ENV")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, env=clean, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the source archive of this tree."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    [found] = built.glob("*.whl")
    return found


def test_the_wheel_holds_the_licence_the_types_and_what_the_program_reads(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as opened:
        names = set(opened.namelist())
    wanted = {"digest/py.typed", "subscribers/py.typed"}
    for folder in ("templates", "seeds"):
        inside = [file for file in (ROOT / folder).rglob("*") if file.is_file()]
        wanted |= {f"digest/_shipped/{file.relative_to(ROOT).as_posix()}" for file in inside}
    assert wanted <= names
    assert [name for name in names if name.endswith("licenses/LICENSE")]
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {
        "digest", "subscribers", "papers_digest"}  # fmt: skip


def test_the_source_archive_builds_the_same_wheel(built: Path, wheel: Path, tmp_path: Path) -> None:
    [archive] = built.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        opened.extractall(tmp_path, filter="data")
    [tree] = tmp_path.iterdir()
    for name in ("LICENSE", "README.md", "Makefile", "CHANGELOG.md", "tests", "deploy", "docs"):
        assert (tree / name).exists(), name
    command = (sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path)
    run(*command, tree, cwd=tmp_path)
    with zipfile.ZipFile(wheel) as one, zipfile.ZipFile(tmp_path / wheel.name) as other:
        assert sorted(one.namelist()) == sorted(other.namelist())


@pytest.fixture
def python(wheel: Path, tmp_path: Path) -> Path:
    """The Python of an environment that has the wheel and what the wheel asks for."""
    home = tmp_path / "installed"
    venv.create(home)
    found = home / ("Scripts" if os.name == "nt" else "bin") / "python"
    try:
        run(*PIP, found, "install", "--quiet", "--no-compile", wheel, cwd=tmp_path)
    except AssertionError as error:
        if "No matching distribution" in str(error):
            lacking("a package index", error)
        raise
    return found


def test_the_wheel_alone_plays_the_demo_far_from_the_source(python: Path, tmp_path: Path) -> None:
    assert "No broken requirements" in run(*PIP, python, "check", cwd=tmp_path)
    _check_where_the_parts_come_from(json.loads(run(python, "-I", "-c", PARTS, cwd=tmp_path)))
    told = json.loads(run(python.parent / "digest", "demo", "--out", "X", "--json", cwd=tmp_path))
    assert len(told["readers"]) == 6
    assert told["sent"] == sum(reader["mails"] for reader in told["readers"]) > 6
    assert len(list((tmp_path / told["mailbox"] / "new").iterdir())) == told["sent"]
    assert (tmp_path / told["page"]).read_text("utf-8").startswith("<!DOCTYPE html>")


def _check_where_the_parts_come_from(told: dict[str, list[str]]) -> None:
    assert not [place for place in told["path"] if Path(place).is_relative_to(ROOT)]
    for part in told["parts"]:
        assert Path(part).is_relative_to(told["prefix"][0]), part
        assert list(Path(part).iterdir())
