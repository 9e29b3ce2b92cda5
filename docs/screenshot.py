"""Make docs/digest.png and docs/digest-dark.png anew: `python docs/screenshot.py`.

A sample reader's second digest, as `digest preview` writes it, in a headless Chromium. Needs the
extra `test`, `pip install pillow`, and a Chromium on the PATH (deploy/install-tools).
"""

import shutil
import sys
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.sync_api import Browser, sync_playwright
from pydantic import SecretStr

from digest import explain, pipeline, sender
from digest.app import App, build
from digest.mail.preview import parts_of
from digest.settings import load
from digest.shipped import shipped
from subscribers import intake, readerfile
from subscribers.address import Address

DOCS = Path(__file__).parent
DAYS = (date(2026, 5, 5), date(2026, 5, 6))
READER = shipped("seeds") / "profiles" / "ada.toml"
WIDTH, SCALE = 700, 2
COLOURS = 64  # as many as text on two grounds needs; a third of the bytes


def main() -> int:
    """Write both pictures; 1 where there is no browser."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        print("no chromium on the PATH: deploy/install-tools installs one", file=sys.stderr)  # noqa: T201
        return 1
    with TemporaryDirectory() as folder:
        page = Path(folder) / "mail.html"
        page.write_text(mail(Path(folder)), encoding="utf-8")
        shoot_both(page, chromium)
    return 0


def shoot_both(page: Path, chromium: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        shoot(browser, page, DOCS / "digest.png", dark=False)
        shoot(browser, page, DOCS / "digest-dark.png", dark=True)
        browser.close()


def mail(folder: Path) -> str:
    """The HTML of the reader's mail of the last day, the days before it sent."""
    app = build(
        load(
            database_url=f"sqlite:///{folder / 'digest.db'}",
            smtp_url=SecretStr(f"maildir:{folder / 'mailbox'}"),
            base_url="https://papers.example.org",
            postal_address="Example Lab, 1 Road, Town",
        )
    )
    reader = take_in(app)
    for day in DAYS:
        files = sorted((shipped("seeds") / "listings").glob(f"{day}.*"))
        pipeline.collect(app, [str(file) for file in files], day)
        if day != DAYS[-1]:
            sender.send(app, day)
    message = explain.preview(app, reader, DAYS[-1]).message
    assert message is not None, "the sample reader gets no mail of that day"  # noqa: S101
    return parts_of(message).html


def take_in(app: App) -> Address:
    entry = readerfile.read(READER.read_text("utf-8"), name=READER.name, now=app.clock())
    with app.begin() as session:
        intake.take_in(session, [entry], now=app.clock(), secret=app.secret)
    return entry.address


def shoot(browser: Browser, page: Path, picture: Path, *, dark: bool) -> None:
    tab = browser.new_page(
        viewport={"width": WIDTH, "height": 400},
        device_scale_factor=SCALE,
        color_scheme="dark" if dark else "light",
    )
    tab.goto(page.as_uri())
    tab.screenshot(path=picture, full_page=True)
    with Image.open(picture) as taken:
        few = taken.convert("RGB").quantize(COLOURS)
    few.save(picture, optimize=True)


if __name__ == "__main__":
    sys.exit(main())
