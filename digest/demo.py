"""Story: the demo. Three sample days to six sample readers, into a mailbox one can open."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from digest import explain, pipeline, sender
from digest.app import App
from digest.core.edition import Pick, ReasonKind
from digest.mail.preview import parts_of
from digest.shipped import shipped
from subscribers import intake, readerfile
from subscribers.address import Address

Step = Callable[[str, int, int], None]

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class Row:
    """One reader of the demo: how many mails they have, the last one's papers, its best reason."""

    reader: str
    mails: int
    papers: int
    best: str
    reason: str


@dataclass(frozen=True, slots=True)
class Demo:
    """What the demo did. `sent` and `already` count mails of this run and of runs before it."""

    rows: tuple[Row, ...]
    reports: tuple[pipeline.Report, ...]
    sent: int
    already: int
    mailbox: Path
    page: Path


def play(app: App, folder: Path, step: Step) -> Demo:
    """Take in the sample readers, then collect and send day by day, as a small week would go.

    The second time, every paper is known and every reader served: nothing is sent twice.
    """
    readers = _take_in(app)
    reports: list[pipeline.Report] = []
    sent = already = 0
    days = _days()
    for place, (day, files) in enumerate(days.items()):
        step(f"{day}", place, len(days))
        reports += pipeline.collect(app, files, day)
        told = sender.send(app, day)
        new = max(told.outcomes.total() - told.already, 0) if told.audience else 0
        sent, already = sent + new, already + told.already
    step("done", len(days), len(days))
    last = max(days)
    pages = folder / "html"
    rows = tuple(_row(app, reader, last, pages) for reader in readers)
    first = pages / f"{_name(readers[0])}.html"
    return Demo(rows, tuple(reports), sent, already, folder / "mailbox", first)


def _take_in(app: App) -> list[Address]:
    now = app.clock()
    files = sorted((shipped("seeds") / "profiles").glob("*.toml"))
    entries = [readerfile.read(file.read_text("utf-8"), name=file.name, now=now) for file in files]
    with app.begin() as session:
        intake.take_in(session, entries, now=now, secret=app.secret)
    return [one.address for one in entries]


def _days() -> dict[date, list[str]]:
    """The sample listings by day, oldest first."""
    days: dict[date, list[str]] = {}
    for file in sorted((shipped("seeds") / "listings").iterdir()):
        if found := _DAY.match(file.name):
            days.setdefault(date.fromisoformat(found[0]), []).append(str(file))
    return days


def _row(app: App, reader: Address, day: date, pages: Path) -> Row:
    shown = explain.preview(app, reader, day)
    mails = [one for one in explain.deliveries_to(app, reader) if one.state == "sent"]
    if shown.message is None:
        return Row(reader.as_typed, len(mails), 0, "", "nothing new that fits")
    pages.mkdir(parents=True, exist_ok=True)
    (pages / f"{_name(reader)}.html").write_text(parts_of(shown.message).html, encoding="utf-8")
    best = shown.digest.picks[0]
    title = shown.papers[best.paper_id].paper.title
    return Row(reader.as_typed, len(mails), len(shown.digest.picks), title, top_reason(best))


def _name(reader: Address) -> str:
    return reader.as_typed.partition("@")[0]


_WORDS = {
    ReasonKind.INTEREST: "your interest: {}",
    ReasonKind.KEYWORD: "your keyword: {}",
    ReasonKind.LIKED: "close to {}, which you liked",
    ReasonKind.AUTHOR: "by {}",
    ReasonKind.CATEGORY: "in {}",
    ReasonKind.VOTES: "{} votes",
    ReasonKind.RISING: "rising: {} votes",
}


def top_reason(pick: Pick) -> str:
    """The strongest reason of a pick in words."""
    return _WORDS[pick.reasons[0].kind].format(pick.reasons[0].text) if pick.reasons else ""


def collected(reports: Sequence[pipeline.Report], change: str) -> int:
    """The sum of one count over some reports."""
    return sum(n for report in reports for kind, n in report.counts.items() if kind == change)
