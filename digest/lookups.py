"""Story: ask arXiv for what readers named and no source listed, in paced batches.

The clock does it between two collections, and so does `digest collect`: arXiv is asked by one at a
time. Where it cannot be reached, nothing else suffers: each name waits longer with each try.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from http import HTTPStatus
from itertools import islice

from sqlalchemy.orm import Session

from digest.app import App
from digest.core.paper import Listing, Paper
from digest.errors import FetchError, SourceError, SourceFormatError
from digest.fetch import Fetched, Fetcher
from digest.fetch.limits import PACE
from digest.pipeline import Fetches
from digest.sources import arxiv, arxiv_lookup
from digest.store import lookups
from subscribers import preferences, roster
from subscribers.profile import CAPS

log = logging.getLogger(__name__)

REST_S = PACE["arxiv.org"]  # what passes between two clients of ours
MOST_REQUESTS = 20  # of one turn; at arXiv's pace some two minutes
MOST_OF_AUTHOR = 100  # of an author's papers the newest so many are liked
_MOST_LIKED = CAPS["liked"][0]


@dataclass(frozen=True, slots=True)
class At:
    """Where arXiv answers: the query API, and its authors' pages."""

    api: str = arxiv.API
    authors: str = arxiv_lookup.AUTHORS


@dataclass(slots=True)
class Answered:
    """What a turn came to; `error` is why it ended early, "" if it did not."""

    found: int = 0
    missing: int = 0
    error: str = ""


class _RefusedError(Exception):
    """arXiv answered, and there is no such thing, or it cannot read the question."""


def look_up(
    app: App,
    fetcher: Fetches | None = None,
    *,
    rest_s: float = 0.0,
    at: At | None = None,
    asked: Callable[[], bool] = bool,
) -> Answered:
    """Ask for all that is due, MOST_REQUESTS requests at most; without anything due, none.

    `rest_s` passes before the first request: arXiv may have been asked just now, by another client
    of ours. Once `asked` says so, there is no further request. An answer that could not be had is
    no error: it is told, and asked for again later.
    """
    with app.read() as session:
        if not _due(session, app.clock()):
            return Answered()
    turn = _Turn(app, at or At(), asked)
    asyncio.run(turn.run(fetcher or Fetcher(app.limits), rest_s))
    done = turn.answered
    counts = {"found": done.found, "missing": done.missing, "reason": done.error}
    log.log(logging.WARNING if done.error else logging.INFO, "looked up", extra=counts)
    return done


def _due(session: Session, now: datetime) -> list[str]:
    """The next request's names: one author, or as many papers as one may ask for."""
    author = lookups.due(session, now=now, limit=1, authors=True)
    return author or lookups.due(session, now=now, limit=arxiv_lookup.MOST_IDS, authors=False)


@dataclass(slots=True)
class _Turn:
    app: App
    at: At
    asked: Callable[[], bool]
    answered: Answered = field(default_factory=Answered)
    left: int = MOST_REQUESTS

    async def run(self, client: Fetches, rest_s: float) -> None:
        await asyncio.sleep(rest_s)
        async with client as fetcher:
            while self._goes_on() and (names := self._next()):
                try:
                    await self._answer(names, fetcher)
                except SourceError as error:
                    self._put_off(names, " ".join(str(error).split()))

    def _goes_on(self) -> bool:
        return self.left > 0 and not self.answered.error and not self.asked()

    def _next(self) -> list[str]:
        with self.app.read() as session:
            return _due(session, self.app.clock())

    def _put_off(self, names: Sequence[str], error: str) -> None:
        self.answered.error = error
        with self.app.begin() as session:
            lookups.put_off(session, names, error, now=self.app.clock())

    async def _answer(self, names: Sequence[str], fetcher: Fetches) -> None:
        """Ask for these and keep the answer; where one of many is refused, ask for halves."""
        if self.left <= 0 or self.asked():
            return
        self.left -= 1
        try:
            listing = await self._asked(names, fetcher)
        except _RefusedError as refused:
            if len(names) == 1:
                self._keep(names, Listing(()), str(refused))
                return
            half = len(names) // 2
            await self._answer(names[:half], fetcher)
            await self._answer(names[half:], fetcher)
            return
        self._keep(names, listing, "arXiv has no paper with this id")

    async def _asked(self, names: Sequence[str], fetcher: Fetches) -> Listing:
        url = self._url(names)
        try:
            answer = await fetcher.get(url)
        except FetchError as error:
            if why := _refusal(error, is_author=names[0].startswith(lookups.AUTHOR)):
                raise _RefusedError(why) from error
            raise
        if not isinstance(answer, Fetched):  # nothing was said of an older version
            raise SourceFormatError(f"{url}: answered without a body")
        if why := arxiv_lookup.refusal(answer.body):
            raise _RefusedError(why)
        return arxiv_lookup.read(answer.body)

    def _url(self, names: Sequence[str]) -> str:
        if names[0].startswith(lookups.AUTHOR):
            return arxiv_lookup.author_url(names[0].removeprefix(lookups.AUTHOR), self.at.authors)
        return arxiv_lookup.ids_url([one.removeprefix(lookups.PAPER) for one in names], self.at.api)

    def _keep(self, names: Sequence[str], listing: Listing, missing: str) -> None:
        """Keep the words of what was found, and change the likes that waited for it."""
        papers = {paper.id: paper for paper in listing.papers if paper.id.startswith(lookups.PAPER)}
        is_author = names[0].startswith(lookups.AUTHOR)
        if is_author:
            papers = dict(islice(papers.items(), MOST_OF_AUTHOR))
        there = [name for name in names if name in papers or (is_author and papers)]
        absent = [name for name in names if name not in there]
        now = self.app.clock()
        with self.app.begin() as session:
            lookups.found(session, _words(papers), now=now)
            lookups.missed(session, absent, missing, now=now)
            _change_likes(session, there, list(papers), now=now)
            if is_author and there:  # whoever names the author again wants the newer papers
                lookups.forget(session, names)
        self.answered.found += len(there)
        self.answered.missing += len(absent)


def _words(papers: dict[str, Paper]) -> dict[str, tuple[str, str]]:
    return {name: (paper.title, paper.abstract) for name, paper in papers.items()}


def _refusal(error: FetchError, *, is_author: bool) -> str:
    """Why arXiv refused for good; "" if it may answer another time."""
    if is_author and error.status == HTTPStatus.NOT_FOUND:
        return "arXiv has no author with this id"
    return arxiv_lookup.refusal(error.body) if error.status == HTTPStatus.BAD_REQUEST else ""


def _change_likes(
    session: Session, names: Sequence[str], papers: Sequence[str], *, now: datetime
) -> None:
    """In the profiles that waited for these, ids for titles, and an author's papers beside them."""
    waiting: dict[int, list[lookups.LookupWish]] = {}
    for one in lookups.wishes_for(session, names):
        waiting.setdefault(one.subscriber_id, []).append(one)
    known = roster.by_ids(session, waiting)
    for who, wishes in waiting.items():
        if who in known:
            change = partial(_changed, wishes=wishes, papers=papers)
            preferences.change_liked(session, who, change, now=now)
    lookups.fulfil(session, names)


def _changed(
    liked: Iterable[str], wishes: Sequence[lookups.LookupWish], papers: Sequence[str]
) -> list[str]:
    by_title = {one.liked_as: one.name for one in wishes if one.liked_as}
    kept = dict.fromkeys(by_title.get(name, name) for name in liked)
    if any(one.name.startswith(lookups.AUTHOR) for one in wishes):
        kept |= dict.fromkeys(papers)
    return list(kept)[:_MOST_LIKED]
