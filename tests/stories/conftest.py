"""An App of its own for every test: SQLite and a Maildir in a fresh folder."""

from pathlib import Path

import pytest

from digest.app import App, build
from digest.settings import load


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh folder to work in, with no setting from outside."""
    import os

    for name in list(os.environ):
        if name.startswith("DIGEST_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def app(home: Path, sqlite_url: str) -> App:
    """An App with an empty history, sending into home/outbox."""
    return build(load(database_url=sqlite_url))
