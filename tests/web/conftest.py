"""A real server on loopback for every test of the pages: SQLite and a Maildir in a fresh folder;
for the tests marked ON_BOTH, PostgreSQL too."""

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import httpx2
import pytest
import uvicorn
from pydantic import SecretStr

from digest.app import App, build
from digest.settings import load
from digest.web import server
from tests.stories.conftest import home  # noqa: F401 - a fixture

SOON_S = 90.0
ON_BOTH = pytest.mark.parametrize("kind", ["sqlite", "postgresql"])


@dataclass(frozen=True, slots=True)
class Site:
    """A running installation: its address, its App, and the mails it has sent."""

    url: str
    app: App
    outbox: Path
    client: httpx2.Client

    def mails(self) -> list[EmailMessage]:
        """What was sent, oldest first."""
        folder = self.outbox / "new"
        files = (
            sorted(folder.iterdir(), key=lambda file: file.stat().st_mtime_ns)
            if folder.exists()
            else []
        )
        return [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]

    def wait_for(self, count: int) -> list[EmailMessage]:
        """The mails, once there are so many."""
        until(lambda: len(self.mails()) >= count)
        return self.mails()

    def links(self, mail: EmailMessage) -> list[str]:
        """Every link of ours in a mail, as paths."""
        found = re.findall(r"http://[\w.:-]+(/[^\s\"<>]+)", text(mail) + text(mail, "html"))
        header = re.findall(r"<http://[\w.:-]+(/[^>]+)>", str(mail.get("List-Unsubscribe", "")))
        return list(dict.fromkeys(found + header))


def text(mail: EmailMessage, kind: str = "plain") -> str:
    """One body of a mail."""
    part = mail.get_body((kind,))
    return str(part.get_content()) if part is not None else ""


def until(holds: Callable[[], bool]) -> None:
    """Wait for something that happens behind the pages."""
    end = time.monotonic() + SOON_S
    while not holds():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


@pytest.fixture
def kind() -> str:
    """The database behind the pages, where a test does not say it."""
    return "sqlite"


@pytest.fixture
def app(home: Path, kind: str, request: pytest.FixtureRequest) -> Iterator[App]:  # noqa: F811
    """An App with an empty history, sending into home/outbox."""
    url = request.getfixturevalue("sqlite_url" if kind == "sqlite" else "postgres_url")
    made = build(load(database_url=url, secret=SecretStr("s" * 32)))
    yield made
    made.database.engine.dispose()


@pytest.fixture
def site(app: App) -> Iterator[Site]:
    """The pages of `app` on a free port, with the postman at work behind them."""
    with served(app) as running:
        yield running


@contextmanager
def served(app: App, *, with_desk: bool = True) -> Iterator[Site]:
    """Serve `app` on a free port; without its desk, nothing happens but what is asked for."""
    listening = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    web = server.create(app, with_desk=with_desk)
    running = uvicorn.Server(server.config(app, web))
    thread = threading.Thread(target=running.run, args=([listening],), daemon=True)
    thread.start()
    until(lambda: running.started)
    with httpx2.Client(base_url=url, timeout=30) as client:
        yield Site(url, app, Path("outbox").absolute(), client)
    running.should_exit = True
    thread.join(SOON_S)
    assert not thread.is_alive()
    listening.close()
