"""What the desk does from the log-in to the mail, without a browser: on both databases."""

import re
from pathlib import Path

import httpx2
from pydantic import SecretStr
from sqlalchemy import text as sql

from digest.app import App, build
from digest.cli.terminal import today
from digest.core.admin import Role
from digest.core.announcing import SourceState
from digest.core.delivery import State
from digest.settings import load
from digest.store import audit, runs, sends, states
from digest.store.sends import SendState
from subscribers import preferences, roster
from subscribers.profile import InterestProfile
from tests.stories.conftest import home  # noqa: F401 - a fixture
from tests.web.admin.conftest import (
    PASSWORD,
    READERS,
    Person,
    furnished,
    log_in,
    make_admin,
    token_in,
)
from tests.web.conftest import ON_BOTH, Site, served, text, until

HEADER = "email,interests,keywords,mute,categories,authors,zone,hour,cadence"


def wish(site: Site, whom: str = "all", words: str = "") -> dict[str, str]:
    return {"day": today(site.app).isoformat(), "days": "0", "whom": whom, "text": words}


def look(client: httpx2.Client, site: Site, **more: str) -> dict[str, str]:
    """The form that a look at a send shows, as it would be sent on."""
    csrf = {"csrf": token_in(client.get("/admin").text)}
    page = client.post("/admin/send/look", data=csrf | wish(site) | more)
    assert page.status_code == 200
    fields = dict(re.findall(r'name="(key|expected)" value="([^"]*)"', page.text))
    return csrf | wish(site) | more | fields


def order(client: httpx2.Client, form: dict[str, str], person: Person) -> int:
    """Confirm it; the number of the run."""
    proof = {"count": form["expected"], "password": PASSWORD, "code": person.code()}
    answer = client.post("/admin/send/order", data=form | proof)
    assert answer.status_code == 303, answer.text
    return int(answer.headers["location"].rpartition("/")[2])


def let_go(app: App) -> None:
    """The minute in which it could be undone is over."""
    with app.begin() as session:
        session.execute(sql("UPDATE sends SET go_at = at WHERE state = 'held'"))


def account(app: App, run_id: int) -> dict[State, int]:
    with app.read() as session:
        found = runs.get(session, run_id)
    return found.outcomes if found else {}


@ON_BOTH
def test_a_send_is_looked_at_confirmed_undone_and_sent_to_each_once(
    desk: Site, owner: httpx2.Client, ada: Person
) -> None:
    form = look(owner, desk)
    assert form["expected"] == f"{READERS}"
    undone = order(owner, form, ada)
    csrf = {"csrf": token_in(owner.get("/admin").text)}
    assert owner.post(f"/admin/runs/{undone}/undo", data=csrf).status_code == 303
    assert account(desk.app, undone) == {State.CANCELLED: READERS}
    form = look(owner, desk)
    run_id = order(owner, form, ada)
    csrf = {"csrf": token_in(owner.get("/admin").text)}  # of the session that the proof began
    again = owner.post("/admin/send/order", data=form | csrf | {"count": form["expected"]})
    assert again.status_code == 303, again.text
    assert again.headers["location"].endswith(f"/{run_id}")  # the button, pressed twice
    let_go(desk.app)
    until(lambda: account(desk.app, run_id) == {State.SENT: READERS})
    assert sorted(mail["To"] for mail in desk.mails()) == [
        f"reader{n}@example.org" for n in range(READERS)
    ]
    until(lambda: "done" in owner.get(f"/admin/runs/{run_id}").text)
    with desk.app.read() as session:
        told = [line.what for line in audit.recent(session, limit=9)]
    assert told.count("ordered a send") == 2
    assert told.count("undid a send") == 1


@ON_BOTH
def test_readers_are_found_and_one_s_whole_story_is_told(desk: Site, owner: httpx2.Client) -> None:
    csrf = {"csrf": token_in(owner.get("/admin").text)}
    found = owner.post("/admin/readers", data=csrf | {"q": "READER3@"}).text
    [number] = re.findall(r'href="/admin/readers/(\d+)"', found)
    page = owner.get(f"/admin/readers/{number}").text
    assert "reader3@example.org" in page
    assert "whale song" in page
    assert "<dt>picked by</dt><dd>mostly my interests</dd>" in page
    with desk.app.begin() as session:
        profile = InterestProfile(popularity=60)
        preferences.change_profile(session, int(number), profile, now=desk.app.clock())
    page = owner.get(f"/admin/readers/{number}").text
    assert "<dt>picked by</dt><dd>60 % what trends</dd>" in page
    nobody = owner.post("/admin/readers", data=csrf | {"q": "stranger@"}).text
    assert "/admin/readers/1" not in nobody
    for path in ("/admin", "/admin/runs", "/admin/papers", "/admin/papers/1", "/admin/settings"):
        assert owner.get(path).status_code == 200, path


@ON_BOTH
def test_readers_are_taken_in_from_a_file_and_given_out_again(
    desk: Site, owner: httpx2.Client
) -> None:
    csrf = {"csrf": token_in(owner.get("/admin/file").text)}
    rows = "new@example.org,tea ceremonies,,,,,Asia/Tokyo,9,weekdays", "no-address,,,,,,,,"
    lines = "\n".join((HEADER, *rows))
    page = owner.post("/admin/file/import", data=csrf, files={"file": ("in.csv", lines)})
    assert page.status_code == 200
    assert "no-address" in page.text
    answer = owner.post("/admin/file/export", data=csrf)
    assert answer.headers["content-type"].startswith("text/csv")
    [line] = [line for line in answer.text.splitlines() if line.startswith("new@example.org")]
    assert "tea ceremonies" in line
    assert "Asia/Tokyo,9,weekdays" in line
    assert len(answer.text.splitlines()) == READERS + 2
    with desk.app.read() as session:
        told = {line.what: line.detail for line in audit.recent(session, limit=5)}
    assert told["imported readers"] == "1 added, 0 updated, 1 bad"
    assert told["exported readers"] == f"{READERS + 1}"


def test_a_file_that_is_none_is_told_and_changes_nothing(desk: Site, owner: httpx2.Client) -> None:
    csrf = {"csrf": token_in(owner.get("/admin/file").text)}
    assert "Choose a CSV file" in owner.post("/admin/file/import", data=csrf).text
    wrong = owner.post("/admin/file/import", data=csrf, files={"file": ("in.csv", "a,b\n1,2\n")})
    assert wrong.status_code == 400
    assert "email" in wrong.text
    with desk.app.read() as session:
        assert len(roster.search(session, "example.org")) == READERS


def test_an_export_asks_for_the_log_in_again_where_it_was_long_ago(
    desk: Site, owner: httpx2.Client, ada: Person
) -> None:
    with desk.app.begin() as session:
        session.execute(sql("UPDATE admin_sessions SET proved_at = '2020-01-01 00:00:00'"))
    csrf = {"csrf": token_in(owner.get("/admin/file").text)}
    refused = owner.post("/admin/file/export", data=csrf)
    assert refused.status_code == 403
    assert "reader1@" not in refused.text
    proof = {"password": PASSWORD, "code": ada.code()}
    assert "reader1@" in owner.post("/admin/file/export", data=csrf | proof).text


@ON_BOTH
def test_a_test_goes_to_whom_it_was_asked_for_and_to_no_reader(
    desk: Site, owner: httpx2.Client
) -> None:
    asked = {
        "csrf": token_in(owner.get("/admin/mail").text),
        "kind": "digest",
        "email": "reader2@example.org",
        "day": today(desk.app).isoformat(),
        "to": "me@example.com",
    }
    shown = owner.post("/admin/mail", data=asked).text
    assert f"/mail?kind=digest&amp;day={asked['day']}" in shown or "<iframe" in shown
    page = owner.post("/admin/mail/test", data=asked)
    assert "sent:" in page.text
    [mail] = desk.wait_for(1)
    assert mail["To"] == "me@example.com"
    assert "Robots that fold towels" in text(mail)
    assert mail["List-Unsubscribe"] is None
    with desk.app.read() as session:
        assert [line.what for line in audit.recent(session, limit=1)] == ["sent a test"]


def test_a_send_goes_on_when_the_web_process_starts_again(
    home: Path,  # noqa: F811
    sqlite_url: str,
) -> None:
    secret = SecretStr("s" * 32)
    app = build(load(database_url=sqlite_url, secret=secret, pace="example.org=1/s"))
    ada = make_admin(app, "ada", Role.OWNER)
    with served(app) as site, log_in(furnished(site), ada) as client:
        run_id = order(client, look(client, site), ada)
        let_go(app)
        before = len(site.wait_for(1))
    left = account(app, run_id)
    assert left[State.PLANNED] >= 1
    assert left.keys() <= {State.PLANNED, State.SENT}
    with app.read() as session:
        send = sends.of_run(session, run_id)
    assert send is not None
    assert send.state is SendState.GOING
    with served(app) as site:
        until(lambda: account(app, run_id) == {State.SENT: READERS})
        mails = [mail["To"] for mail in site.mails()]
    assert before < READERS
    assert sorted(mails) == [f"reader{n}@example.org" for n in range(READERS)]
    app.database.engine.dispose()


def test_a_look_at_a_day_without_papers_warns(desk: Site, owner: httpx2.Client) -> None:
    csrf = {"csrf": token_in(owner.get("/admin").text)}
    bare = owner.post("/admin/send/look", data=csrf | wish(desk) | {"day": "2020-02-02"})
    assert "No papers are listed for 2020-02-02" in bare.text
    assert "No papers are listed" not in owner.post("/admin/send/look", data=csrf | wish(desk)).text


def test_what_is_in_doubt_shows_the_message_id_that_the_relay_s_log_has(
    desk: Site, owner: httpx2.Client, ada: Person
) -> None:
    run = order(owner, look(owner, desk, whom="one", text="reader1@example.org"), ada)
    let_go(desk.app)
    until(lambda: account(desk.app, run) == {State.SENT: 1})
    [mail] = desk.wait_for(1)
    number = str(mail["Message-ID"]).strip("<>")
    assert number not in owner.get(f"/admin/runs/{run}").text
    with desk.app.begin() as session:
        session.execute(sql("UPDATE deliveries SET state = 'in_doubt'"))
        session.execute(sql("UPDATE runs SET outcomes = NULL"))
    assert number in owner.get(f"/admin/runs/{run}").text


def test_the_settings_say_how_the_secret_is_kept_where_none_is_set(
    desk: Site, owner: httpx2.Client
) -> None:
    page = re.sub(r"<[^>]+>", " ", owner.get("/admin/settings").text)
    assert re.search(r"secret\s+set, hidden|secret\s+kept beside the database", page)
    assert re.search(r"allow_private\s+(true|false)", page)


def test_a_preview_at_the_desk_says_of_a_source_what_the_mail_will_say(
    desk: Site, owner: httpx2.Client
) -> None:
    now = desk.app.clock()
    with desk.app.begin() as session:
        states.save(session, states.State(
            source="huggingface", state=SourceState.FAILED, since=now, day=today(desk.app),
            tried_at=now, good_at=None, failures=1, error="503"))  # fmt: skip
    frame = owner.get(f"/admin/readers/1/mail?day={today(desk.app)}").text
    assert "Hugging Face could not be read today" in " ".join(frame.split())
