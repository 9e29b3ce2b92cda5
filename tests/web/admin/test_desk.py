"""The desk in a real browser: a send by hand from the log-in to the last decision."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from pydantic import SecretStr
from sqlalchemy import text as sql

from digest.app import App, build
from digest.core.delivery import State
from digest.settings import load
from digest.store import audit, runs
from tests.stories.conftest import home  # noqa: F401 - a fixture
from tests.web.admin.conftest import PASSWORD, READERS, Person
from tests.web.conftest import Site, until
from tests.web.test_browser import aside, browser, check, ours, playwright

assert browser  # fixtures
assert playwright

SLOW = "example.org=1/s"


@pytest.fixture
def app(home: Path, sqlite_url: str) -> Iterator[App]:  # noqa: F811
    """As every page's, but its relay takes one message a second."""
    made = build(load(database_url=sqlite_url, secret=SecretStr("s" * 32), pace=SLOW))
    yield made
    made.database.engine.dispose()


@pytest.fixture
def page(browser: Browser, desk: Site, ada: Person) -> Iterator[Page]:
    """A browser in which ada has logged in."""
    with browser.new_context() as context:
        opened = context.new_page()
        enter(opened, desk, ada)
        yield opened


def enter(page: Page, desk: Site, person: Person) -> None:
    page.goto(ours(desk, "/admin"))
    page.get_by_label("Name").fill(person.name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Code", exact=True).fill(person.code())
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("navigation", name="Desk")).to_be_visible()


def look(page: Page, desk: Site, whom: str = "all active readers", text: str = "") -> None:
    """Choose, and look at what it would be."""
    page.goto(ours(desk, "/admin/send"))
    page.get_by_role("radio", name=whom).check()
    page.get_by_label("The words, or the addresses").fill(text)
    page.get_by_role("button", name="Look at it").click()


def confirm(page: Page, person: Person, count: int) -> None:
    page.get_by_label("to confirm").fill(str(count))
    page.get_by_label("Your password, once more").fill(PASSWORD)
    page.get_by_label("And a code").fill(person.code())
    page.get_by_role("button", name="Send to").click()


def account(desk: Site, run: int = 1) -> dict[State, int]:
    def read() -> dict[State, int]:
        with desk.app.read() as session:
            found = runs.get(session, run)
        return found.outcomes if found else {}

    return aside(read)


def write(desk: Site, statement: str) -> None:
    def do() -> None:
        with desk.app.begin() as session:
            session.execute(sql(statement))

    aside(do)


def test_a_dry_run_shows_the_count_who_is_left_out_and_real_mails(page: Page, desk: Site) -> None:
    write(desk, "UPDATE subscribers SET status = 'paused' WHERE id = 1")
    look(page, desk)
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{READERS - 1} readers")
    expect(page.locator(".kv")).to_have_text(re.compile(r"paused\s*1"))
    expect(page.locator("iframe")).to_have_count(3)
    mail = page.frame_locator("iframe").first
    expect(mail.get_by_role("link", name="Robots that fold towels")).to_be_visible()
    assert account(desk) == {}


def test_a_confirmed_send_is_held_can_be_undone_and_goes_the_next_time(
    page: Page, desk: Site, ada: Person
) -> None:
    look(page, desk, "one address", "reader2@example.org")
    confirm(page, ada, 1)
    expect(page.locator("#live")).to_contain_text("goes in")
    assert account(desk) == {State.PLANNED: 1}
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#live .state")).to_have_text("undone")
    expect(page.locator("#live")).to_contain_text("cancelled")
    assert account(desk) == {State.CANCELLED: 1}
    assert desk.mails() == []
    look(page, desk, "readers whose address contains", "reader2@")
    confirm(page, ada, 1)
    write(desk, "UPDATE sends SET go_at = at WHERE state = 'held'")
    expect(page.locator("#live")).to_contain_text("done", timeout=60_000)
    [mail] = desk.wait_for(1)
    assert mail["To"] == "reader2@example.org"
    with desk.app.read() as session:
        told = [line.what for line in audit.recent(session, limit=3)]
    assert told == ["ordered a send", "proved again", "undid a send"]


def test_a_send_is_paused_resumed_and_cancelled_half_way(
    page: Page, desk: Site, ada: Person
) -> None:
    look(page, desk)
    confirm(page, ada, READERS)
    write(desk, "UPDATE sends SET go_at = at")
    expect(page.locator("#live")).to_contain_text("running", timeout=30_000)
    until(lambda: len(desk.mails()) >= 1)
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#live")).to_contain_text("paused")
    page.get_by_role("button", name="Resume").click()
    until(lambda: len(desk.mails()) >= 2)
    page.get_by_role("button", name="Cancel the rest").click()
    expect(page.locator("#live")).to_contain_text("cancelled")
    until(lambda: account(desk).keys() == {State.SENT, State.CANCELLED})
    found = account(desk)
    assert sum(found.values()) == READERS
    assert found[State.SENT] == len(desk.mails()) < READERS


def test_what_is_in_doubt_is_decided_one_by_one(page: Page, desk: Site, ada: Person) -> None:
    look(page, desk, "the addresses", "reader0@example.org\nreader1@example.org")
    confirm(page, ada, 2)
    write(desk, "UPDATE deliveries SET state = 'in_doubt'")
    write(desk, "UPDATE runs SET state = 'running'")
    page.goto(ours(desk, "/admin/runs/1"))
    expect(page.get_by_role("heading", name="2 in doubt")).to_be_visible()
    page.get_by_role("link", name="Decide one by one").click()
    page.get_by_role("button", name="Count as sent: reader0@example.org").click()
    expect(page.get_by_role("heading", name="1 in doubt")).to_be_visible()
    page.get_by_role("button", name="Send all again").click()
    expect(page.locator("#doubt")).to_have_count(0)
    assert account(desk) == {State.SENT: 1, State.PLANNED: 1}


def test_without_scripts_a_send_by_hand_works_too(
    browser: Browser,
    desk: Site,
    ada: Person,
) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        enter(page, desk, ada)
        look(page, desk, "one address", "reader0@example.org")
        confirm(page, ada, 1)
        write(desk, "UPDATE sends SET go_at = at")
        desk.wait_for(1)
        until(lambda: account(desk) == {State.SENT: 1})
        page.goto(ours(desk, "/admin/runs/1"))
        expect(page.locator("#live")).to_contain_text("every one accounted for")


def test_a_wrong_count_sends_nothing(page: Page, desk: Site, ada: Person) -> None:
    look(page, desk)
    confirm(page, ada, READERS + 1)
    expect(page.get_by_role("alert")).to_contain_text("not the number of readers")
    assert account(desk) == {}


def test_a_long_address_breaks_its_line_on_a_phone(page: Page, desk: Site) -> None:
    write(desk, f"UPDATE subscribers SET address = '{'long.' * 12}x@{'far.' * 20}example.org' "
                "WHERE id = 1")  # fmt: skip
    page.set_viewport_size({"width": 375, "height": 800})
    page.goto(ours(desk, "/admin/readers/1"))
    root = "document.documentElement"
    assert page.evaluate(f"{root}.scrollWidth <= {root}.clientWidth")


PAGES = ("/admin", "/admin/send", "/admin/runs", "/admin/runs/1", "/admin/readers",
         "/admin/readers/1", "/admin/papers", "/admin/papers/1", "/admin/mail", "/admin/settings",
         "/admin/log", "/admin/file", "/admin/runs/99")  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page_of_the_desk(
    page: Page, desk: Site, ada: Person, scheme: str
) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    look(page, desk)
    found = check(page)
    confirm(page, ada, READERS)
    write(desk, "UPDATE deliveries SET state = 'in_doubt' WHERE id > 3")
    for path in PAGES:
        page.goto(ours(desk, path))
        found += check(page)
        page.set_viewport_size({"width": 375, "height": 800})
        found += check(page)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 375, f"{path} is {wide} wide"
        page.set_viewport_size({"width": 1280, "height": 900})
    page.get_by_role("button", name="Log out").click()
    found += check(page)
    assert found == []
