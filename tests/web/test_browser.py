"""The whole way of a reader in a real browser: wide, narrow, without scripts, by keyboard alone."""

import re
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import TypeVar

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright

from digest import pipeline, sender
from digest.cli.terminal import today
from digest.store import history
from subscribers import address as addresses
from subscribers import roster
from subscribers.consent import Status
from tests.given import lacking
from tests.stories.test_send import listing
from tests.web.conftest import Site, text, until
from tests.web.forms import press

T = TypeVar("T")

EMAIL = "ada@example.org"
TITLES = (
    "Whale song decoded by language models",
    "Robots that fold towels",
    "A tea ceremony for machines",
    "Proteins that fold themselves",
)


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    path = shutil.which("chromium")
    if path is None:
        lacking("chromium", "the pages are tried in a real browser (deploy/install-tools)")
    quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with playwright.chromium.launch(executable_path=path, args=quiet) as running:
        yield running


@pytest.fixture
def filled(site: Site) -> Site:
    """The pages over a day of four papers."""
    day = today(site.app)
    aside(pipeline.collect, site.app, [listing(site.outbox.parent, day, TITLES, votes=5)])
    return site


def aside(story: Callable[..., T], *arguments: object) -> T:
    """Run a story in a thread of its own: the browser's event loop lives in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(story, *arguments).result()


def ours(site: Site, path: str) -> str:
    return f"{site.url}{path}"


def link(site: Site, start: str, mail_number: int = -1) -> str:
    """The link of a mail that begins so, as a URL of the running server."""
    mail = site.mails()[mail_number]
    [found, *_] = [path for path in site.links(mail) if path.startswith(start)]
    return ours(site, found)


def status(site: Site) -> Status | None:
    with site.app.read() as session:
        found = roster.find(session, addresses.parse(EMAIL))
    return found.status if found else None


def subscribe(page: Page, site: Site) -> None:
    page.goto(site.url)
    page.get_by_label("E-mail address").fill(EMAIL)
    page.wait_for_timeout(2200)
    page.get_by_role("button", name="Subscribe").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(re.compile("mail|inbox", re.I))


def confirm(page: Page, site: Site) -> None:
    site.wait_for(1)
    page.goto(link(site, "/confirm/"))
    assert status(site) is Status.PENDING
    page.get_by_role("button", name="Yes, subscribe me").click()
    until(lambda: status(site) is Status.ACTIVE)
    site.wait_for(2)


def change_interests(page: Page, site: Site, *, scripts: bool) -> None:
    page.goto(link(site, "/settings/"))
    page.get_by_label("What you work on").fill("robots that fold towels")
    if not scripts:
        page.get_by_role("button", name="Preview").click()
    expect(page.locator("#preview")).to_contain_text("Robots that fold towels")
    page.get_by_label("What you work on").fill("whale song")
    if not scripts:
        page.get_by_role("button", name="Preview").click()
    expect(page.locator("#preview")).to_contain_text("Whale song decoded")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text(re.compile("saved", re.I))


def digest_of(site: Site, day: date) -> str:
    """Send a day's digest and give its text."""
    before = len(site.mails())
    aside(sender.send, site.app, day)
    return text(site.wait_for(before + 1)[-1])


WAYS = [
    pytest.param({"viewport": {"width": 1280, "height": 900}}, True, id="wide"),
    pytest.param({"viewport": {"width": 375, "height": 800}}, True, id="narrow"),
    pytest.param(
        {"viewport": {"width": 375, "height": 800}, "java_script_enabled": False},
        False,
        id="without scripts",
    ),
]


@pytest.mark.parametrize(("options", "scripts"), WAYS)
def test_from_the_form_to_the_last_mail(
    browser: Browser, filled: Site, options: dict[str, object], scripts: bool
) -> None:
    site, day = filled, today(filled.app)
    page = browser.new_page(**options)  # type: ignore[arg-type]
    subscribe(page, site)
    confirm(page, site)
    change_interests(page, site, scripts=scripts)
    assert TITLES[0] in " ".join(digest_of(site, day).split())
    paths = site.links(site.mails()[-1])
    page.goto(ours(site, next(p for p in paths if "/feedback/" in p and "/less/" in p)))
    page.get_by_role("button", name="Yes, not for me").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Noted")
    page.goto(link(site, "/settings/"))
    expect(page.locator("#feedback")).to_contain_text("Less like")
    page.goto(link(site, "/unsubscribe/"))
    page.get_by_role("button", name="Unsubscribe").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You are unsubscribed")
    count = len(site.mails())
    tomorrow = day + timedelta(days=1)
    aside(pipeline.collect, site.app, [listing(site.outbox.parent, tomorrow, ["Whales again"])])
    assert aside(sender.send, site.app, tomorrow).audience == 0
    assert len(site.mails()) == count
    page.close()


def test_by_keyboard_alone(browser: Browser, filled: Site) -> None:
    page = browser.new_page()
    page.goto(filled.url)
    reach(page, "#email")
    page.keyboard.type(EMAIL)
    page.wait_for_timeout(2200)
    page.keyboard.press("Enter")
    filled.wait_for(1)
    page.goto(link(filled, "/confirm/"))
    reach(page, "main button")
    page.keyboard.press("Enter")
    until(lambda: status(filled) is Status.ACTIVE)
    filled.wait_for(2)
    page.goto(link(filled, "/unsubscribe/"))
    reach(page, "main button")
    page.keyboard.press("Enter")
    until(lambda: status(filled) is Status.UNSUBSCRIBED)
    page.close()


def test_without_scripts_who_is_quick_presses_twice(browser: Browser, filled: Site) -> None:
    page = browser.new_page(java_script_enabled=False)
    page.goto(filled.url)
    page.get_by_label("E-mail address").fill(EMAIL)
    page.get_by_role("button", name="Subscribe").click()
    expect(page.get_by_role("alert")).to_have_text(
        "That was quick: please press the button once more."
    )
    page.wait_for_timeout(2000)
    expect(page.get_by_label("E-mail address")).to_have_value(EMAIL)
    page.get_by_role("button", name="Subscribe").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your mail")
    assert [mail["To"] for mail in filled.wait_for(1)] == [EMAIL]
    page.close()


def test_the_button_waits_with_who_is_quick_and_works_again_for_who_comes_back(
    browser: Browser, filled: Site
) -> None:
    page = browser.new_page()
    page.goto(filled.url)
    button = page.get_by_role("button", name="Subscribe")
    page.get_by_label("E-mail address").fill(EMAIL)
    button.click()
    expect(button).to_be_disabled()
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your mail")
    page.go_back()
    expect(button).to_be_enabled()
    page.evaluate("document.querySelector('form.subscribe button').disabled = true")
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    expect(button).to_be_enabled()
    page.close()


def reach(page: Page, selector: str) -> None:
    """Press Tab until this has the focus, and see that the focus can be seen."""
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            style = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert style != "none"
            return
    raise AssertionError(f"{selector} cannot be reached by keyboard")


def test_the_settings_offer_the_zone_of_a_browser_that_travels(
    browser: Browser, filled: Site
) -> None:
    press(filled, EMAIL, zone="Europe/Berlin")
    filled.wait_for(1)
    filled.client.post(link(filled, "/confirm/"))
    filled.wait_for(2)
    with browser.new_context(timezone_id="Asia/Tokyo") as context:
        page = context.new_page()
        page.goto(link(filled, "/settings/"))
        expect(page.get_by_text("This browser’s clock is that of Asia/Tokyo")).to_be_visible()
        page.get_by_role("button", name="Take it").click()
        expect(page.get_by_label("Time zone")).to_have_value("Asia/Tokyo")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_label("Time zone")).to_have_value("Asia/Tokyo")
        expect(page.get_by_role("button", name="Take it")).to_be_hidden()


@pytest.mark.parametrize("width", [1200, 375])
def test_the_settings_are_even_and_each_part_is_one_jump_away(
    browser: Browser, filled: Site, width: int
) -> None:
    press(filled, EMAIL)
    filled.wait_for(1)
    filled.client.post(link(filled, "/confirm/"))
    filled.wait_for(2)
    page = browser.new_page(viewport={"width": width, "height": 800}, reduced_motion="reduce")
    page.goto(link(filled, "/settings/"))
    jumps = page.get_by_role("navigation", name="On this page").get_by_role("link")
    assert jumps.count() == 7
    for jump in jumps.all():
        assert page.evaluate("e => e.getBoundingClientRect().height", jump.element_handle()) >= 24
        jump.click()
        place = page.evaluate("document.querySelector(location.hash).getBoundingClientRect().top")
        assert -1 <= place < 800
        page.evaluate("scrollTo(0, 0)")
    gaps = page.evaluate(
        """[...document.querySelectorAll("main .field > label")].map((label) => [label.htmlFor,
        document.getElementById(label.htmlFor).getBoundingClientRect().top
        - label.getBoundingClientRect().bottom])"""
    )
    assert len(gaps) == 15
    assert [name for name, gap in gaps if not 4 <= gap <= 8] == []
    tops = page.evaluate(
        """["weekday", "hour", "zone", "limit", "popularity", "language"].map((id) =>
        document.getElementById(id).getBoundingClientRect().top)"""
    )
    beside = len({round(top) for top in tops[:3]}), len({round(top) for top in tops[3:]})
    assert beside == ((1, 1) if width == 1200 else (3, 3))
    page.close()


def test_the_file_chooser_is_drawn_in_the_pages_own_colours(browser: Browser, filled: Site) -> None:
    press(filled, EMAIL)
    filled.wait_for(1)
    filled.client.post(link(filled, "/confirm/"))
    filled.wait_for(2)
    page = browser.new_page(color_scheme="dark")
    page.goto(link(filled, "/settings/"))
    drawn = page.evaluate(
        """["file", "until"].map((id) => getComputedStyle(document.getElementById(id),
        id === "file" ? "::file-selector-button" : null).color)"""
    )
    assert drawn[0] == drawn[1] == "rgb(243, 239, 229)"
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page(browser: Browser, filled: Site, scheme: str) -> None:
    page = browser.new_page(color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(filled.url)
    page.get_by_label("E-mail address").fill(EMAIL)
    page.evaluate("document.querySelector('form.subscribe').submit()")
    expect(page.get_by_role("alert")).to_contain_text("That was quick")
    checked = [check(page)]
    subscribe(page, filled)
    checked.append(check(page))
    filled.wait_for(1)
    page.goto(link(filled, "/confirm/"))
    checked.append(check(page))
    page.get_by_role("button", name="Yes, subscribe me").click()
    checked.append(check(page))
    filled.wait_for(2)
    digest_of(filled, today(filled.app))
    paths = [path for mail in filled.mails() for path in filled.links(mail)]
    settings = next(path for path in paths if path.startswith("/settings/")).split("#")[0]
    some = [next(p for p in paths if p.startswith(s)) for s in ("/unsubscribe/", "/feedback/")]
    for path in ("/", "/nowhere", settings, f"{settings}/erase", "/confirm/forged", *some):
        page.goto(ours(filled, path))
        checked.append(check(page))
        page.set_viewport_size({"width": 375, "height": 800})
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 375, f"{path} is {wide} px wide on a telephone"
        page.set_viewport_size({"width": 1280, "height": 800})
    assert [fault for faults in checked for fault in faults] == []
    page.close()


def check(page: Page) -> list[str]:
    """What axe finds wrong with a page, in a line each."""
    found = Axe().run(page).response["violations"]
    return [f"{page.url}: {one['id']} at {one['nodes'][0]['target']}" for one in found]


def test_scripts_and_styles_stay_small_and_are_all_that_is_loaded(
    browser: Browser, filled: Site
) -> None:
    page = browser.new_page()
    loaded: dict[str, int] = {}
    page.on("response", lambda answer: loaded.update({answer.url: len(answer.body())}))
    page.goto(filled.url)
    page.wait_for_load_state("networkidle")
    assert all(url.startswith(filled.url) for url in loaded)
    assert sum(size for url, size in loaded.items() if "/static/" in url) < 30_000
    with filled.app.read() as session:
        assert history.count(session) == len(TITLES)
    page.close()
