"""A desk with an admin of each role, papers and readers behind it."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import httpx2
import pyotp
import pytest

from digest import credentials, pipeline
from digest.app import App
from digest.cli.terminal import today
from digest.core.admin import Role
from digest.store import admins
from digest.store.admins import Secrets
from tests.stories.test_send import listing, reader
from tests.web.conftest import Site
from tests.web.test_browser import aside

PASSWORD = "correct horse battery"
TITLES = ("Whale song decoded by language models", "Robots that fold towels",
          "A tea ceremony for machines", "Proteins that fold themselves")  # fmt: skip
READERS = 5
SLOWEST_S = 5.0  # from a code that is made to the server that reads it


@dataclass
class Person:
    """An admin with their app: each code it shows is new."""

    name: str
    totp: str
    app: App
    used: int = field(default=-1)

    def code(self) -> str:
        """A code that was not used yet, at most one step ahead of now."""
        made = pyotp.TOTP(self.totp)
        left = made.interval - self.app.clock().timestamp() % made.interval
        if left < SLOWEST_S:  # the oldest code that holds would end on its way to the server
            time.sleep(left)
        now = made.timecode(self.app.clock())
        self.used = max(self.used + 1, now - 1)
        assert self.used <= now + 1, "three codes in half a minute"
        return made.generate_otp(self.used)


def make_admin(app: App, name: str, role: Role) -> Person:
    totp = credentials.new_totp()
    hashed = credentials.hash_password(PASSWORD, name)
    with app.begin() as session:
        secrets = Secrets(hashed, credentials.seal(totp, app.secret), 0)
        admin = admins.add(session, name, role, secrets, now=app.clock())
        admins.keep_codes(session, admin.id, credentials.code_hashes(["aaaaa-bbbbb"], app.secret))
    return Person(name, totp, app)


@pytest.fixture
def ada(app: App) -> Person:
    return make_admin(app, "ada", Role.OWNER)


@pytest.fixture
def vic(app: App) -> Person:
    return make_admin(app, "vic", Role.VIEWER)


@pytest.fixture
def desk(site: Site, ada: Person) -> Site:
    """Papers of yesterday and today, and five readers."""
    return furnished(site)


def furnished(site: Site) -> Site:
    """The same site, with all that."""
    day, home = today(site.app), site.outbox.parent
    older = listing(home, day - timedelta(days=1), ["An older paper"])
    aside(pipeline.collect, site.app, [older, listing(home, day, TITLES, votes=5)])
    for number in range(READERS):
        reader(site.app, f"reader{number}@example.org", interests=["robots", "whale song"])
    return site


def token_in(page: str) -> str:
    """The CSRF token of a page."""
    [found, *_] = re.findall(r'name="csrf" value="([^"]+)"', page)
    return str(found)


@contextmanager
def log_in(site: Site, person: Person, **more: str) -> Iterator[httpx2.Client]:
    """A browser's worth of cookies, logged in."""
    with httpx2.Client(base_url=site.url, timeout=30) as client:
        form = client.get("/admin/login").text
        sent = {"csrf": token_in(form), "name": person.name, "password": PASSWORD, "to": ""} | more
        sent.setdefault("code", person.code() if "code" not in more else "")
        answer = client.post("/admin/login", data=sent)
        assert answer.status_code == 303, answer.text
        yield client


@pytest.fixture
def owner(desk: Site, ada: Person) -> Iterator[httpx2.Client]:
    with log_in(desk, ada) as client:
        yield client


@pytest.fixture
def viewer(desk: Site, vic: Person) -> Iterator[httpx2.Client]:
    with log_in(desk, vic) as client:
        yield client
