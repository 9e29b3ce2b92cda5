"""The front page's day: the latest one the history knows, as its templates show it."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from digest.app import App
from digest.core.edition import Candidate, Change
from digest.mail import card as cards
from digest.mail.links import safe_url
from digest.mail.wording import clean, count, long_date
from digest.sources.named import label_of
from digest.store import editions, history
from digest.store.editions import Last

MOST = 50
KEEP = timedelta(seconds=30)
_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One paper as the page shows it; "" for what is unknown."""

    title: str
    url: str
    direction: str
    votes: str
    mark: str
    tags: tuple[str, ...]
    about: str
    code_url: str
    stars: str
    summary: str


@dataclass(frozen=True, slots=True)
class Day:
    """A day's papers, the most voted first; `more` are not shown. No name: nothing is known."""

    name: str = ""
    is_today: bool = False
    counts: str = ""
    papers: tuple[Shown, ...] = ()
    more: int = 0


class Today:
    """The day as it was some seconds ago at most: reading it takes longer than a page may."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._guard = threading.Lock()
        self._day, self._until = Day(), datetime.min.replace(tzinfo=UTC)

    def day(self) -> Day:
        with self._guard:
            now = self._app.clock()
            if now >= self._until:
                self._day, self._until = _read(self._app, now.date()), now + KEEP
            return self._day


def _read(app: App, today: date) -> Day:
    with app.read() as session:
        days = history.days(session)
        if not days:
            return Day()
        day = days[-1]
        before = Last(day - timedelta(days=1), _NEVER)
        found = editions.candidates(session, day, before, app.rising)
    found.sort(key=lambda one: (-(one.paper.votes or 0), one.paper.title))
    return Day(
        name=long_date(day),
        is_today=day == today,
        counts=_counts(found),
        papers=tuple(_shown(one) for one in found[:MOST]),
        more=max(len(found) - MOST, 0),
    )


def _counts(found: Sequence[Candidate]) -> str:
    """ "34 new · 3 rising"."""
    numbers = {kind: sum(one.change is kind for one in found) for kind in editions.STRONGEST}
    return " · ".join(f"{number:,} {kind}" for kind, number in numbers.items() if number)


def _shown(one: Candidate) -> Shown:
    paper, known = one.paper, cards.card(one, one.listed_on)
    votes = paper.votes
    return Shown(
        title=known.title,
        url=known.url,
        direction=known.direction,
        votes=f"{votes:,}" if votes is not None else "",
        mark=_mark(one),
        tags=_tags(one),
        about=_about(one, known.authors),
        code_url=safe_url(paper.code_url),
        stars=f"{paper.code_stars:,}" if paper.code_stars else "",
        summary=known.summary,
    )


def _mark(one: Candidate) -> str:
    rose = one.change is Change.RISING and one.votes_before is not None
    return f"was {one.votes_before:,}" if rose else ""


def _tags(one: Candidate) -> tuple[str, ...]:
    change = () if one.change is Change.NEW else (
        ("rising",) if one.change is Change.RISING else ("new version",))  # fmt: skip
    categories = (clean(name, 40) for name in one.paper.categories[:2])
    sources = (clean(label_of(name), 40) for name in one.sources)
    return tuple(dict.fromkeys(filter(None, (*change, *categories, *sources))))


def _about(one: Candidate, authors: str) -> str:
    """ "Ada Lovelace, Charles Babbage and 6 more · 14 comments"."""
    comments = count(one.paper.comments, "comment") if one.paper.comments else ""
    return " · ".join(filter(None, (authors, comments)))
