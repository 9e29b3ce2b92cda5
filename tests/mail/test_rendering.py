"""The mail in a real browser: light and dark, wide and narrow (standards.md 44 and 46)."""

import shutil
from collections.abc import Iterator
from datetime import date
from email import message_from_bytes, policy
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from digest.core.edition import Change, Section
from digest.mail.compose import compose
from tests.mail import given

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

# The smallest contrast of any visible text to the nearest ground behind it, and whose it is.
CONTRAST = """() => {
  const rgb = text => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = e => { for (; e; e = e.parentElement) {
    const c = rgb(getComputedStyle(e).backgroundColor);
    if (c.length === 3 || c[3] > 0) return c; } };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const e = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !e.offsetParent) continue;
    const [a, b] = [light(rgb(getComputedStyle(e).color)), light(ground(e))].sort((x, y) => x - y);
    found.push([(b + 0.05) / (a + 0.05), walker.currentNode.data.trim().slice(0, 40)]);
  }
  return found.sort((x, y) => x[0] - y[0]);
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no chromium is installed here")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield running
        running.close()


def mail() -> str:
    parts = given.parts(
        given.candidate(1, code_url="https://github.com/a/b", code_stars=310, summary="Short."),
        given.candidate(2, Change.RISING, votes_before=2, since=date(2026, 11, 16)),
        given.candidate(3, title="Unbreakable" * 20),
    )
    picks = [given.pick(1), given.pick(2, Section.RISING), given.pick(3, Section.TRENDING)]
    digest = given.digest(*picks, notes=("arXiv cs.CV was late this morning.",))
    message = compose(parts, digest, given.reader(), given.NOW)
    found: Any = message_from_bytes(message.data, policy=policy.default)
    return str(list(found.iter_parts())[1].get_content())


@pytest.mark.parametrize("width", [320, 375, 640])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_is_readable_and_nothing_overflows(
    browser: Browser, scheme: Any, width: int
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page.set_content(mail())
    texts = page.evaluate(CONTRAST)
    assert len(texts) > 25
    assert texts[0][0] >= 4.5, texts[0]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


def test_dark_is_dark(browser: Browser) -> None:
    page = browser.new_page(color_scheme="dark")
    page.set_content(mail())
    ground = page.evaluate("getComputedStyle(document.querySelector('.sheet')).backgroundColor")
    assert ground == "rgb(26, 25, 23)"
    page.close()


def test_what_is_tapped_is_at_least_24_pixels_high(browser: Browser) -> None:
    """standards.md 46; links inside a sentence are exempt (WCAG 2.5.8)."""
    page = browser.new_page(viewport={"width": 375, "height": 800})
    page.set_content(mail())
    heights = page.evaluate(
        "[...document.querySelectorAll('h3 a, .t a, .foot a, .meta a')]"
        ".map(a => a.getBoundingClientRect().height)"
    )
    assert len(heights) >= 5
    assert min(heights) >= 24
    page.close()
