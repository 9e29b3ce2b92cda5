"""Story: collect. fetch -> parse -> diff -> store, every source on its own.

A listing is kept in parts of some hundred records, a transaction each: killed anywhere, the
history is consistent, and the same command again adds what is missing.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, timedelta
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from digest import outlook
from digest.app import App
from digest.core.announcing import SourceState
from digest.core.diff import diff
from digest.core.edition import Change
from digest.core.paper import Listing, Paper
from digest.errors import FetchError, SourceError, SourceFormatError
from digest.fetch import Fetched, Fetcher, NotModified, Validators
from digest.sources.base import Source
from digest.sources.files import FileListing, recognise
from digest.sources.named import source_named
from digest.store import feeds, papers

log = logging.getLogger(__name__)

PART = 500
MOST_PAGES = 100
MOST_BYTES = 512 * 1024 * 1024

Progress = Callable[[str, int, int], None]


@dataclass(slots=True)
class Report:
    """What became of one source or file: listed = new + revised + rising + seen."""

    name: str
    state: SourceState = SourceState.QUIET
    counts: dict[Change, int] = field(default_factory=lambda: dict.fromkeys(Change, 0))
    error: str | None = None

    @property
    def listed(self) -> int:
        return sum(self.counts.values())

    def fail(self, error: str) -> None:
        """Note an error; what was read beside it stays."""
        self.error = self.error or error
        self.state = SourceState.FRESH if self.listed else SourceState.FAILED


class Fetches(Protocol):
    """What the pages of a source are asked of, as `async with`: digest.fetch, or a recording."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    async def get(
        self, url: str, validators: Validators | None = None
    ) -> Fetched | NotModified: ...


def collect(
    app: App,
    names: Sequence[str],
    day: date | None = None,
    progress: Progress | None = None,
    fetcher: Fetches | None = None,
) -> list[Report]:
    """Collect these files and sources (default: the settings' sources), one after the other.

    A name that is a file, or looks like one, is read; any other is a source. A record belongs to
    its own day, else to `day`, else to the day in the file's name, else to today (UTC). One that
    fails stops no other: its report says why.
    """
    asked = fetcher or Fetcher(app.limits)
    names = names or app.settings.sources
    return asyncio.run(_collect(app, names, day, progress or _silent, asked))


def _silent(_name: str, _done: int, _total: int) -> None:
    """Shows nothing."""


async def _collect(
    app: App, names: Sequence[str], day: date | None, progress: Progress, asked: Fetches
) -> list[Report]:
    reports = []
    async with asked as fetcher:
        for name, shown in _shown(names):
            report = Report(shown)
            collector = _Collector(app, report, day, progress)
            try:
                await collector.run(name, fetcher)
            except SourceError as error:
                report.fail(_one_line(error))
            collector.learn()
            collector.log()
            reports.append(report)
            await asyncio.sleep(0)  # where Ctrl-C is heard, between two sources
    return reports


def _shown(names: Sequence[str]) -> list[tuple[str, str]]:
    """Each name with what a report calls it: a file by its own name unless two share it."""
    short = [Path(name).name if _is_file(name) else name for name in names]
    unique = dict.fromkeys(names)
    return [
        (name, label if short.count(label) == 1 else name)
        for name, label in dict(zip(names, short, strict=True)).items()
        if name in unique
    ]


def _is_file(name: str) -> bool:
    """A name with a known scheme or no look of a path is a source."""
    if name.startswith(("http://", "https://")):
        return False
    return Path(name).exists() or name.endswith((".json", ".jsonl", ".csv", ".txt", ".xml", ".gz"))


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


class _Collector:
    """Collects one source or file into its report."""

    def __init__(self, app: App, report: Report, day: date | None, progress: Progress) -> None:
        self.app, self.report, self.day, self.progress = app, report, day, progress
        self.today = app.clock().astimezone(UTC).date()
        self.source: Source | None = None
        self.look = outlook.Look()

    async def run(self, name: str, fetcher: Fetches) -> None:
        if _is_file(name):
            self.read_file(Path(name))
        else:
            self.source = source_named(name)
            await self.fetch(self.source, fetcher)

    # -- files

    def read_file(self, path: Path) -> None:
        if path.is_dir():
            raise SourceFormatError(f"{path} is a folder: name its files, as in {path}/*.json")
        found = recognise(_bytes_of(path), path.name)
        self._keep_file(found)
        self._note_problems(found.listing)

    def _keep_file(self, found: FileListing) -> None:
        fallback = self.day or found.day or self.today
        done, total = 0, len(found.listing.papers)
        for day, listed in _by_day(found.listing.papers, fallback):
            for part in _parts(listed):
                sight = papers.Sight(found.source, day, self.app.clock(), found.observed_at)
                self.keep(part, sight)
                done += len(part)
                self.progress(self.report.name, done, total)

    # -- sources

    async def fetch(self, source: Source, fetcher: Fetches) -> None:
        for day in self._days(source):
            await self._fetch_day(source, day, fetcher)

    def _days(self, source: Source) -> Iterator[date]:
        """The day asked for; else today after the days whose votes still move."""
        if self.day is not None:
            yield self.day
            return
        for back in range(source.lookback, -1, -1):
            yield self.today - timedelta(days=back)

    async def _fetch_day(self, source: Source, day: date, fetcher: Fetches) -> None:
        for page in range(MOST_PAGES):
            url = source.url(day, page)
            if url is None or not await self._fetch_page(source, url, fetcher):
                return

    async def _fetch_page(self, source: Source, url: str, fetcher: Fetches) -> bool:
        """Fetch and keep one page; whether it held a record, so that a next one may exist."""
        with self.app.read() as session:
            last = feeds.last_seen(session, url)
        answer = await _get(source, fetcher, url, last)
        if isinstance(answer, NotModified):
            self._unchanged(last)
            return last is not None and last.listed > 0
        listing = source.parse(answer.body)
        self.look.papers.extend(listing.papers)
        self._keep_page(source, listing)
        self._note_problems(listing)
        size = len(listing.papers) + len(listing.problems)
        with self.app.begin() as session:
            kept = feeds.Feed(url, answer.validators.etag, answer.validators.last_modified, size)
            feeds.remember(session, kept, self.app.clock())
        self.progress(self.report.name, self.report.listed, self.report.listed)
        return size > 0

    def _keep_page(self, source: Source, listing: Listing) -> None:
        seen_on = self.day or self.today
        for part in _parts(listing.papers):
            self.keep(part, papers.Sight(source.name, seen_on, self.app.clock()))

    def _unchanged(self, last: feeds.Feed | None) -> None:
        """A page that did not change lists what it listed."""
        self.look.is_unchanged = last is not None and last.listed > 0
        self.report.counts[Change.SEEN] += last.listed if last else 0
        if self.report.listed:
            self.report.state = SourceState.FRESH

    # -- both

    def keep(self, listed: Sequence[Paper], sight: papers.Sight) -> None:
        """Diff and store a part of a listing in one transaction."""
        with self.app.begin() as session:
            known = papers.known(session, listed)
            findings = diff(listed, known, sight.day, self.app.rising)
            papers.save(session, findings, sight)
        for finding in findings:
            self.report.counts[finding.change] += 1
        self.report.state = SourceState.FRESH

    def _note_problems(self, listing: Listing) -> None:
        if listing.problems:
            more = len(listing.problems) - 1
            tail = f" (and {more} more such)" if more else ""
            self.report.fail(f"{listing.problems[0]}{tail}")

    def learn(self) -> None:
        """Find out how a source stands by what it showed of today; of other days it says nothing.

        Papers that are new make it fresh, whatever its calendar expects.
        """
        if self.source is None or self.day is not None:
            return
        report = self.report
        error = (report.error or "") if report.state is SourceState.FAILED else ""
        with self.app.begin() as session:
            now = self.app.clock()
            found, news = outlook.learn(session, self.source.name, self.look, now=now, error=error)
        if report.state is not SourceState.FAILED:
            report.state = SourceState.FRESH if news else found.state

    def log(self) -> None:
        """Enter the try for the operator, and one line in the log."""
        report = self.report
        counts = {change.value: number for change, number in report.counts.items()}
        counts |= {"listed": report.listed}
        with self.app.begin() as session:
            feeds.log_collection(
                session,
                source=report.name,
                day=self.day or self.today,
                at=self.app.clock(),
                state=report.state,
                counts=counts,
                error=report.error,
            )
        log.info("collected", extra={"source": report.name, "state": report.state.value, **counts})


def _parts(listed: Sequence[Paper]) -> Iterator[Sequence[Paper]]:
    for start in range(0, len(listed), PART):
        yield listed[start : start + PART]


def _by_day(listed: Sequence[Paper], fallback: date) -> list[tuple[date, list[Paper]]]:
    days: dict[date, list[Paper]] = defaultdict(list)
    for paper in listed:
        days[paper.listed_on or fallback].append(paper)
    return sorted(days.items())


def _bytes_of(path: Path) -> bytes:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise SourceFormatError(
                f"{path} is larger than {MOST_BYTES // 2**20} MiB: split it into several files"
            )
        return path.read_bytes()
    except OSError as error:
        raise SourceFormatError(f"{path} cannot be read: {error.strerror}") from error


async def _get(
    source: Source, fetcher: Fetches, url: str, last: feeds.Feed | None
) -> Fetched | NotModified:
    """The answer to a conditional request; a refusal that the source can explain, explained."""
    validators = Validators(last.etag, last.last_modified) if last else None
    try:
        return await fetcher.get(url, validators)
    except FetchError as error:
        if error.body:
            _explained(source, error)
        raise


def _explained(source: Source, error: FetchError) -> None:
    """SourceFormatError in the source's own words, where the body of a refusal has some."""
    try:
        source.parse(error.body)
    except SourceFormatError as words:
        if error.status == 400:
            raise words from error
