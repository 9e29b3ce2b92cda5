"""What a command loads before it does anything: no more than it uses."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from typer.core import TyperGroup
from typer.main import get_command

from digest.cli.commands import Later
from digest.cli.program import cli
from digest.store import database as store
from tests.cli.conftest import Digest

HEAVY = {"premailer", "lxml", "scipy", "numpy", "babel.dates", "alembic", "fastapi", "feedparser",
         "httpx2", "cryptography", "aiosmtplib", "jinja2"}  # fmt: skip
STORE = {"sqlalchemy", "pydantic"}
ASKED = """
import sys
from digest.cli import main
sys.argv = ["digest", *sys.argv[1:]]
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
print("loaded:", *sys.modules)
"""
PROGRAM: TyperGroup = get_command(cli)  # type: ignore[assignment]


def loaded(folder: Path, *arguments: str) -> set[str]:
    """The modules that `digest ARGUMENTS` has loaded when it is done."""
    clean = {name: v for name, v in os.environ.items() if not name.startswith("DIGEST_")}
    done = subprocess.run(
        [sys.executable, "-c", ASKED, *arguments],
        cwd=folder, env=clean, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split()[1:])


@pytest.mark.parametrize("arguments", ["--help", "--version"])
def test_help_and_version_load_nothing_that_works(tmp_path: Path, arguments: str) -> None:
    assert loaded(tmp_path, arguments) & (HEAVY | STORE) == set()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", ["runs", "keys list", "subscribers list", "papers"])
def test_what_reads_the_database_loads_no_ranking_mail_or_web(
    digest: Digest, tmp_path: Path, arguments: str
) -> None:
    digest("init")
    found = loaded(tmp_path, *arguments.split())
    assert found >= STORE
    assert found & HEAVY == set()


def test_a_send_of_nothing_loads_neither_the_inliner_nor_the_migrations(
    digest: Digest, tmp_path: Path
) -> None:
    digest("init")
    found = loaded(tmp_path, "send")
    assert "aiosmtplib" in found
    assert found & {"premailer", "cssutils", "lxml", "alembic", "fastapi", "httpx2"} == set()


@pytest.mark.parametrize("name", list(PROGRAM.commands))
def test_the_list_of_commands_says_what_the_command_itself_says(name: str) -> None:
    listed = PROGRAM.commands[name]
    assert isinstance(listed, Later)
    assert listed.help == " ".join(str(listed.whole.help).partition("\n\n")[0].split())
    assert listed.whole.name == name


def test_every_command_of_a_module_is_in_the_list() -> None:
    listed = [each for each in PROGRAM.commands.values() if isinstance(each, Later)]
    for each in listed:
        assert {one.name for one in listed if one.module == each.module} == set(each.siblings)


def test_the_revisions_in_the_files_are_those_that_alembic_sees() -> None:
    script = ScriptDirectory.from_config(store._alembic())
    seen = [each.revision for each in script.walk_revisions()]
    assert store.known_revisions() == seen[::-1]
    assert store.known_revisions()[-1] == script.get_current_head()


def test_the_threads_of_numpy_are_off_unless_they_are_asked_for(
    digest: Digest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    digest("--version")
    assert (os.environ["OPENBLAS_NUM_THREADS"], os.environ["OMP_NUM_THREADS"]) == ("1", "2")


def test_the_version_is_the_packages(digest: Digest) -> None:
    assert digest("--version").stdout.startswith("digest 0.")
