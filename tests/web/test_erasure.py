"""Erasure, seen from outside: no row names who is gone, and no byte of SQLite's files either."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from digest import personal, sender
from digest.app import App
from subscribers import address as addresses
from subscribers import roster, suppression
from subscribers.consent import Reason
from tests import given
from tests.web.conftest import ON_BOTH, Site, until
from tests.web.forms import posted, press
from tests.web.readers import ADDRESS, current, history_of, reader_of, settings

SECRETS = ("zebrafish", "lovelace", "elsewhere@example", "lives of whales")


def page(site: Site, who: int) -> None:
    path = settings(site.app, current(site.app, who))
    assert "Everything is erased" in site.client.post(f"{path}/erase").text


def command(site: Site, who: int) -> None:
    assert personal.erase(site.app, current(site.app, who).address, source="test")


@ON_BOTH
@pytest.mark.parametrize("erase", [page, command])
def test_after_erasure_nothing_of_the_reader_is_left(
    site: Site, erase: Callable[[Site, int], None]
) -> None:
    who = lived(site)
    assert all(word in whole(site.app) for word in SECRETS)
    erase(site, who)
    left = whole(site.app) + files(site.app)
    assert "eve@example.org" in left
    for word in SECRETS:
        assert word not in left, word
    with site.app.read() as session:
        address = addresses.parse(ADDRESS)
        assert roster.find(session, address) is None
        assert suppression.reason_for(session, address, key=site.app.secret) is Reason.ERASED


def lived(site: Site) -> int:
    """A reader of whom every table that can know one does; their id. Somebody else is there too."""
    day = history_of(site.app)
    who = reader_of(site.app).id
    with site.app.begin() as session:
        given.subscriber(session, "eve@example.org")
    path = settings(site.app, current(site.app, who))
    site.client.post(path, data={"interests": "lives of whales", "limit": "5", "hour": "7",
                                 "zone": "UTC", "cadence": "daily", "weekday": "mon"})  # fmt: skip
    site.client.post(f"{path}/liked", data={"papers": "Zebrafish, a life"})
    site.client.post(f"{path}/address", data={"address": "elsewhere@example.org"})
    sender.send(site.app, day)
    press(site, ADDRESS.upper(), keywords="zebrafish")
    until(lambda: posted(site.app))
    return who


def whole(app: App) -> str:
    """Every row of every table the database has, also of those we do not know."""
    names = "SELECT name FROM sqlite_master WHERE type = 'table'" if app.database.is_sqlite else (
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")  # fmt: skip
    out = io.StringIO()
    rows = csv.writer(out)
    with app.read() as session:
        for (name,) in session.execute(text(names)).all():
            rows.writerows(session.execute(text(f'SELECT * FROM "{name}"')).all())
    return out.getvalue().lower()


def files(app: App) -> str:
    """The bytes of SQLite's file and of its log, as they lie on the disk."""
    file = app.database.file
    if file is None:
        return ""
    found = b"".join(one.read_bytes() for one in Path(file.parent).glob(f"{file.name}*"))
    assert len(found) > 10_000
    return found.lower().decode("latin-1")
