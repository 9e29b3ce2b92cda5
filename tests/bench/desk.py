"""How long each page of the desk takes with many readers and deliveries, on SQLite.

    python -m tests.bench.desk [--readers 100000] [--days 10]

Prints the slowest and the median of five requests a page, and the first ones' time, after the
server has loaded. No page may take more than 300 ms, nor a mail in its frame.
"""

import argparse
import tempfile
import time
from datetime import date, datetime, timedelta
from pathlib import Path
from statistics import median

import httpx2
import pyotp
from pydantic import SecretStr
from sqlalchemy import insert, text

from digest import credentials
from digest.app import App, build, initialise
from digest.core.admin import Role
from digest.core.edition import Change, Pick, Section
from digest.core.packing import pack_ids, pack_picks
from digest.settings import load
from digest.store import admins
from digest.store.admins import Secrets
from digest.store.tables import AttemptRow, DeliveryRow, EditionRow, RunRow, ShardRow
from subscribers.tables import ConsentEventRow, ProfileRow, SubscriberRow, table
from tests.web.admin.conftest import PASSWORD, token_in
from tests.web.conftest import served

LIMIT_MS, TIMES, PART, SHARD = 300.0, 5, 10_000, 200
PAPERS = 60


def main() -> None:
    """Make the crowd, ask for every page, print."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--readers", type=int, default=100_000)
    asked.add_argument("--days", type=int, default=10)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        app = crowd(Path(folder), given.readers, given.days)
        print(f"{given.readers:,} readers, {given.readers * given.days:,} deliveries")
        slow = measure(app, given.readers)
        app.database.engine.dispose()
    raise SystemExit(1 if slow else 0)


def crowd(folder: Path, readers: int, days: int) -> App:
    """An App with so many readers who each had a digest on so many days."""
    url, secret = f"sqlite:///{folder / 'digest.db'}", SecretStr("s" * 32)
    given = load(database_url=url, secret=secret, smtp_url=SecretStr(f"maildir:{folder}/outbox"))
    initialise(given)
    app = build(given)
    today = app.clock().date()
    _papers(app, folder, today, days)
    _readers(app, readers)
    for back in range(days, 0, -1):
        _day(app, today - timedelta(days=back), readers, is_open=back == 1)
    with app.begin() as session:
        session.execute(text("ANALYZE"))
    return app


def _papers(app: App, folder: Path, today: date, days: int) -> None:
    from digest.pipeline import collect
    from tests.stories.test_send import listing

    for back in range(days, -1, -1):
        day = today - timedelta(days=back)
        titles = [f"Paper {n} of {day} on robots and whales" for n in range(PAPERS)]
        collect(app, [f"{folder}/{listing(folder, day, titles)}"])


def _readers(app: App, count: int) -> None:
    now = app.clock()
    for start in range(1, count + 1, PART):
        ids = range(start, min(start + PART, count + 1))
        with app.begin() as session:
            session.execute(insert(table(SubscriberRow)), [_reader(n, now) for n in ids])
            session.execute(insert(table(ProfileRow)), [_profile(n, now) for n in ids])
            session.execute(insert(table(ConsentEventRow)), [_consent(n, now) for n in ids])


def _reader(number: int, now: datetime) -> dict[str, object]:
    address = f"reader{number}@host{number % 500}.example.org"
    return {"id": number, "address": address, "address_key": address,
            "status": "active" if number % 20 else "unsubscribed", "zone": "Europe/Berlin",
            "hour": 8, "cadence": "daily", "weekday": 0, "plain_only": False, "language": "en",
            "profile_version": 1, "token_version": 0, "created_at": now, "confirmed_at": now,
            "consent_source": "bench"}  # fmt: skip


def _profile(number: int, now: datetime) -> dict[str, object]:
    data = {"v": 1, "interests": ["robots that fold"], "limit": 10}
    return {"subscriber_id": number, "version": 1, "data": data, "created_at": now}


def _consent(number: int, now: datetime) -> dict[str, object]:
    return {"subscriber_id": number, "kind": "added", "at": now - timedelta(days=number % 30),
            "wording": "", "source": "bench", "ip_hash": None}  # fmt: skip


def _day(app: App, day: date, readers: int, *, is_open: bool) -> None:
    """One run of a day: its deliveries with picks as large as real ones, and their tries."""
    now = app.clock()
    ids = list(range(1, 11))
    picks = [Pick(n, 1.0, Section.FOR_YOU, Change.NEW) for n in ids]
    packed = {"papers": pack_ids(ids), "picks": pack_picks(picks) + b" " * 300}
    with app.begin() as session:
        edition = EditionRow(day=day, published_at=now)
        session.add(edition)
        session.flush()
        state, outcomes = ("running", None) if is_open else ("done", {"sent": readers})
        run = RunRow(kind="digest", edition_id=edition.id, state=state, planned_at=now,
                     deadline_at=now + timedelta(hours=18), audience=readers, outcomes=outcomes,
                     note="")  # fmt: skip
        session.add(run)
        session.flush()
        shards = range(-(-readers // SHARD))
        rows = [{"run_id": run.id, "number": n, "epoch": 1, "owner": "", "done": not is_open}
                for n in shards]  # fmt: skip
        session.execute(insert(table(ShardRow)), rows)
        edition_id, run_id = edition.id, run.id
    same = {"kind": "digest", "edition_id": edition_id, "local_day": day, "run_id": run_id,
            "epoch": 1, "reason": "", "attempts": 1, "due_at": now, "changed_at": now,
            "profile_version": 1, "considered": 60, **packed}  # fmt: skip
    for start in range(1, readers + 1, PART):
        some = range(start, min(start + PART, readers + 1))
        made = [same | {"subscriber_id": n, "shard": (n - 1) // SHARD,
                        "state": "in_doubt" if is_open and n % 10_000 == 0 else "sent"}
                for n in some]  # fmt: skip
        with app.begin() as session:
            found = session.execute(
                insert(table(DeliveryRow)).returning(table(DeliveryRow).c.id), made
            )
            tries = [{"delivery_id": n, "number": 1, "at": now, "state": "sent", "phase": "dot",
                      "code": 250, "reply": "2.0.0 Ok: queued"} for (n,) in found]  # fmt: skip
            session.execute(insert(table(AttemptRow)), tries)


def measure(app: App, readers: int) -> list[str]:
    """Print each page's times; the pages that are too slow."""
    totp = credentials.new_totp()
    with app.begin() as session:
        hashed = credentials.hash_password(PASSWORD, "ada")
        secrets = Secrets(hashed, credentials.seal(totp, app.secret), 0)
        admins.add(session, "ada", Role.OWNER, secrets, now=app.clock())
    slow = []
    with served(app, with_desk=False) as site:
        client = site.client
        form = token_in(client.get("/admin/login").text)
        client.post("/admin/login", data={"csrf": form, "name": "ada", "password": PASSWORD,
                                          "code": pyotp.TOTP(totp).now(), "to": ""})  # fmt: skip
        token = token_in(client.get("/admin").text)
        for name, path, sent in pages(app, readers, token):
            times = [ask(client, path, sent) for _ in range(TIMES)]
            if max(times) > LIMIT_MS:
                slow.append(name)
            mark = "  TOO SLOW" if name in slow else ""
            print(f"{name:<34} {max(times):7.0f} ms at most {median(times):7.0f} ms median{mark}")
    return slow


def pages(app: App, readers: int, token: str) -> list[tuple[str, str, dict[str, str] | None]]:
    """Each page: its name, its path, and what is posted to it."""
    day, csrf = app.clock().date(), {"csrf": token}
    look = csrf | {"day": day.isoformat(), "days": "0", "whom": "all", "text": ""}
    middle = readers // 2
    last = f"shard={(readers - 1) // SHARD - 1}&of=sent&after=1"
    before = day - timedelta(days=1)
    return [
        ("today", "/admin", None),
        ("send by hand: choose", "/admin/send", None),
        ("send by hand: look, all", "/admin/send/look", look),
        ("send by hand: look, a day sent", "/admin/send/look", look | {"day": before.isoformat()}),
        ("send by hand: look, a search", "/admin/send/look",
         look | {"whom": "search", "text": "@host7."}),
        ("send by hand: look, one", "/admin/send/look",
         look | {"whom": "one", "text": f"reader{middle}@host{middle % 500}.example.org"}),
        ("sends", "/admin/runs", None),
        ("one run, open", "/admin/runs/10", None),
        ("one run, done", "/admin/runs/1", None),
        ("one run, in doubt", "/admin/runs/10?state=in_doubt", None),
        ("one run, its last page", f"/admin/runs/1?{last}", None),
        ("readers", "/admin/readers", None),
        ("readers: a search", "/admin/readers", csrf | {"q": "host77"}),
        ("readers: a search without result", "/admin/readers", csrf | {"q": "nowhere"}),
        ("readers: a status", "/admin/readers", csrf | {"q": "", "status": "paused"}),
        ("one reader", f"/admin/readers/{middle}", None),
        ("papers", "/admin/papers", None),
        ("papers: a search", "/admin/papers?q=robots+whales", None),
        ("one paper", "/admin/papers/1", None),
        ("one paper: who got it", f"/admin/papers/1?got={before}", None),
        ("one paper: who got it, none", f"/admin/papers/50?got={before}", None),
        ("mail", "/admin/mail", None),
        ("settings", "/admin/settings", None),
        ("log", "/admin/log", None),
        ("a mail", f"/admin/readers/{middle}/mail?day={day}", None),
    ]  # fmt: skip


def ask(client: httpx2.Client, path: str, sent: dict[str, str] | None) -> float:
    """Milliseconds until the whole page is here."""
    begun = time.perf_counter()
    answer = client.get(path) if sent is None else client.post(path, data=sent)
    took = (time.perf_counter() - begun) * 1000
    assert answer.status_code == 200, (path, answer.status_code, answer.text[:300])
    return took


if __name__ == "__main__":
    main()
