"""A world in which the clock is stepped: recorded days replayed at their hours, readers in forty
zones, an outbox that notes who got what when."""

import gzip
import json
import re
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

from sqlalchemy import event, select

from digest.app import App
from digest.core import announcing
from digest.core.delivery import WAITING
from digest.core.message import Message
from digest.errors import FetchError
from digest.fetch import Fetched, NotModified, Validators
from digest.scheduler import Clockwork
from digest.settings import Settings
from digest.store import jobs
from digest.store.database import Database
from digest.store.runs import OPEN
from digest.store.tables import DeliveryRow, RunRow
from subscribers.consent import Status
from subscribers.manner import Manner
from subscribers.schedule import Cadence, Schedule
from subscribers.tables import SubscriberRow
from tests import given
from tests.fakes import Outbox

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
EASTERN = ZoneInfo("America/New_York")
ARXIV = "arxiv:cs.CL+cs.CV"
FEED = "https://www.example.org/robots/feed.xml?kind=rss"
PARTS = ("cs.CL", "cs.CV")
OPERATOR = "operator@example.org"
ZONES = (
    "Africa/Cairo", "Africa/Casablanca", "Africa/Lagos", "Africa/Nairobi", "America/Anchorage",
    "America/Argentina/Buenos_Aires", "America/Bogota", "America/Chicago", "America/Denver",
    "America/Halifax", "America/Havana", "America/Los_Angeles", "America/New_York",
    "America/Nuuk", "America/Phoenix", "America/Sao_Paulo", "America/St_Johns", "Asia/Beirut",
    "Asia/Dubai", "Asia/Gaza", "Asia/Jerusalem", "Asia/Kathmandu", "Asia/Kolkata", "Asia/Manila",
    "Asia/Shanghai", "Asia/Tehran", "Asia/Tokyo", "Atlantic/Azores", "Australia/Adelaide",
    "Australia/Lord_Howe", "Australia/Sydney", "Europe/Berlin", "Europe/Kyiv", "Europe/London",
    "Europe/Paris", "Pacific/Auckland", "Pacific/Chatham", "Pacific/Honolulu",
    "Pacific/Kiritimati", "Pacific/Pago_Pago",
)  # fmt: skip
_LINK = re.compile(rb"(?:huggingface\.co/papers|arxiv\.org/abs)/(\d{4}\.\d{4,5})")
_IDS = re.compile(r"(\d{4})\.(\d{4,5})")


@cache
def hugging_face_days() -> tuple[Path, ...]:
    """The files of the recorded weekdays, in their order."""
    return tuple(sorted(given.shared("data/hf_daily_papers/raw").glob("*.json")))


@cache
def hugging_face(day: date, most: int) -> str:
    """The most voted of a recorded weekday's list, as if it were the list of `day`."""
    recorded = hugging_face_days()
    again, number = divmod(weekday_number(day), len(recorded))
    records = json.loads(recorded[number].read_bytes())
    records = sorted(records, key=lambda one: -one["paper"].get("upvotes", 0))[:most]
    for one in records:
        one["paper"]["submittedOnDailyAt"] = f"{day}T04:00:00.000Z"
        one["title"] = one["paper"]["title"] = _title(one["paper"]["title"], again)
    return moved(json.dumps(records), again)


@cache
def arxiv_days() -> tuple[tuple[dict[str, Any], ...], ...]:
    """The recorded listings that hold new papers: some of them, of cs.CL and cs.CV."""
    known: set[str] = set()
    found = []
    for file in sorted(given.shared("data/arxiv_daily_listing").iterdir()):
        data = file.read_bytes()
        text = (gzip.decompress(data) if file.suffix == ".gz" else data).decode()
        new = []
        for line in filter(None, text.splitlines()):
            record = json.loads(line)
            primary = record["categories"][0]
            if primary in PARTS and record["id"] not in known and len(new) < 20:
                known.add(record["id"])
                new.append(record)
        if {record["categories"][0] for record in new} == set(PARTS):
            found.append(tuple(new))
    return tuple(found)


def weekday_number(day: date) -> int:
    """How many weekdays lie between the Monday before all and this one."""
    weeks, rest = divmod((day - date(2024, 1, 1)).days, 7)
    return weeks * 5 + min(rest, 5)


def moved(text: str, again: int) -> str:
    """A text whose arXiv ids are of another year: a recording played again has other papers."""
    return _IDS.sub(lambda m: f"{(int(m[1]) + 1200 * again) % 10000:04}.{m[2]}", text)


@dataclass
class Sky:
    """What goes wrong with the sources: days on which arXiv is late (by how much), on which it
    announces nothing, on which it (and any feed) cannot be read, and on which a category stays as
    it was."""

    late: dict[date, timedelta] = field(default_factory=dict)
    holidays: frozenset[date] = frozenset()
    broken: frozenset[date] = frozenset()
    stale: dict[date, str] = field(default_factory=dict)


class Recordings:
    """The sources as they were recorded, a few papers of each day, seen at an instant."""

    def __init__(self, now: Callable[[], datetime], sky: Sky, most: int) -> None:
        self._now, self._sky, self._most = now, sky, most

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    async def get(self, url: str, validators: Validators | None = None) -> Fetched | NotModified:
        parts = urlsplit(url)
        if parts.hostname == "rss.arxiv.org":
            if self._now().astimezone(EASTERN).date() in self._sky.broken:
                raise FetchError("503 Service Unavailable", url=url, status=503)
            body = self._feed()
        elif parts.hostname == "www.example.org":
            if self._now().date() in self._sky.broken:
                raise FetchError("503 Service Unavailable", url=url, status=503)
            body = _rss(self._now().date())
        else:
            query = parse_qs(parts.query)
            body = "[]" if query["p"] != ["0"] else self._list(date.fromisoformat(query["date"][0]))
        tag = f"{zlib.crc32(body.encode()):08x}"
        if validators and validators.etag == tag:
            return NotModified(url, validators)
        return Fetched(body.encode(), url, Validators(tag), 200)

    def _list(self, day: date) -> str:
        """Hugging Face: nothing at a weekend, one paper from 4, the rest from 6 UTC on."""
        since = self._now() - datetime.combine(day, time(4), UTC)
        if day.weekday() > 4 or since < timedelta(0):
            return "[]"
        records = hugging_face(day, self._most)
        return json.dumps(json.loads(records)[:1]) if since < 2 * HOUR else records

    def _feed(self) -> str:
        """arXiv: renewed at midnight there, from Monday to Friday; else as it was, or empty."""
        local = self._now().astimezone(EASTERN)
        day = local.date()
        late = self._sky.late.get(day, timedelta(0))
        if local.replace(tzinfo=None) < datetime.combine(day, time()) + late:
            day -= DAY
        if day.weekday() > 4:
            return _atom(day, [])
        if day in self._sky.holidays:
            return _atom(day, [])
        entries = []
        for part in PARTS:
            shown = self._before(day) if self._sky.stale.get(day) == part else day
            entries += [one for one in self._announced(shown) if one["categories"][0] == part]
        return _atom(day, entries)

    def _before(self, day: date) -> date:
        day -= DAY
        while day.weekday() > 4:
            day -= DAY
        return day

    def _announced(self, day: date) -> list[dict[str, Any]]:
        recorded = arxiv_days()
        again, number = divmod(weekday_number(day), len(recorded))
        half = max(1, self._most // 4)
        found = []
        for part in PARTS:
            own = [one for one in recorded[number] if one["categories"][0] == part][:half]
            found += [json.loads(moved(json.dumps(one), again)) for one in own]
        for one in found:
            one["title"] = _title(one["title"], again)
        return found


def _title(title: str, again: int) -> str:
    """A recording played again has other papers, so they are called otherwise."""
    return f"{title} ({again})" if again else title


def _rss(day: date) -> str:
    """A feed that has one paper a day."""
    return (
        '<rss version="2.0"><channel><title>Robots</title><link>https://www.example.org/</link>'
        f"<item><title>Robots that fold towels on {day:%A} {day}</title>"
        f"<link>https://www.example.org/robots/{day}</link></item></channel></rss>"
    )


def _atom(day: date, entries: Iterable[dict[str, Any]]) -> str:
    shown = "".join(
        f"<entry><id>oai:arXiv.org:{one['id']}v1</id><title>{escape(one['title'])}</title>"
        f'<link href="https://arxiv.org/abs/{one["id"]}" rel="alternate" type="text/html"/>'
        f"<summary>arXiv:{one['id']}v1 Announce Type: new \nAbstract: "
        f"{escape(one['summary'][:300])}</summary>"
        + "".join(f'<category term="{name}"/>' for name in one["categories"])
        + f"<published>{day}T00:00:00-04:00</published>"
        "<arxiv:announce_type>new</arxiv:announce_type>"
        f"<dc:creator>{escape(', '.join(one['authors'][:3]))}</dc:creator></entry>"
        for one in entries
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><feed xmlns:arxiv="http://arxiv.org/schemas/atom" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns="http://www.w3.org/2005/Atom">'
        "<id>http://rss.arxiv.org/atom/cs</id><title>cs updates on arXiv.org</title>"
        f"<updated>{day}T04:00:00+00:00</updated>{shown}</feed>"
    )


@dataclass(frozen=True, slots=True)
class Reader:
    """A reader as the test knows them."""

    id: int
    address: str
    schedule: Schedule
    quiet_line: bool = False


@dataclass(frozen=True, slots=True)
class Got:
    """A mail as it came: when, which papers were in it, and its bytes without soft breaks."""

    at: datetime
    papers: tuple[str, ...]
    text: str


class World:
    """One installation that runs while `now` is stepped."""

    def __init__(
        self,
        home: Path,
        url: str,
        begin: datetime,
        *,
        sky: Sky | None = None,
        most: int = 4,
        sources: Sequence[str] = ("huggingface", ARXIV),
        wait_hours: float = 2.0,
    ) -> None:
        self.now = begin
        self.sky = sky or Sky()
        self.got: dict[str, list[Got]] = defaultdict(list)
        self.outbox = Outbox(told=self._note)
        settings = Settings(
            database_url=url, sources=tuple(sources), operator=OPERATOR, wait_hours=wait_hours,
            templates=None,
        )  # fmt: skip
        database = Database(url)
        if database.is_sqlite:
            event.listen(database.engine, "connect", _careless)
        self.app = App(
            settings, database, lambda: self.now, b"k" * 32, lease_now=lambda _session: self.now
        )
        self.clockwork = Clockwork(
            self.app,
            fetchers=lambda: Recordings(lambda: self.now, self.sky, most),
            transports=lambda: self.outbox,
        )
        self.clockwork.enter()

    def reader(self, typed: str, schedule: Schedule, *, quiet_line: bool = False) -> Reader:
        """An active reader."""
        from subscribers import preferences

        with self.app.begin() as session:
            number = given.subscriber(session, typed, status=Status.ACTIVE, schedule=schedule)
            preferences.change_manner(session, number, Manner(quiet_line=quiet_line))
        return Reader(number, typed, schedule, quiet_line)

    def readers(self, count: int, *, minutes: Iterable[int] = (0, 30, 45)) -> list[Reader]:
        """So many readers: all zones, hours, cadences; one in five wants a line on quiet days."""
        cadences = (Cadence.DAILY, Cadence.DAILY, Cadence.WEEKDAYS, Cadence.WEEKLY, Cadence.DAILY)
        return [
            self.reader(
                f"reader{n}@example.org",
                Schedule(
                    zone=ZONES[n % len(ZONES)],
                    hour=(0, 2, 7, 8, 23)[n // len(ZONES) % 5],
                    cadence=cadences[n % 5],
                    weekday=n % 7 if cadences[n % 5] is Cadence.WEEKLY else 0,
                ),
                quiet_line=n % 5 == 4,
            )
            for n in range(count)
        ]

    def run(self, until: datetime, step: timedelta = HOUR) -> None:
        """Step the clock, doing at each step what is due."""
        while self.now < until:
            self.clockwork.tick()
            self.now += step

    def leap(self, until: datetime) -> None:
        """As `run`, but from one instant at which anything can happen to the next."""
        while self.now < until:
            self.clockwork.tick()
            self.now = min(self._next(), until)

    def _next(self) -> datetime:
        """When a reader is due, or has waited long enough, a delivery is to be tried again, the sky
        changes or what is expected of it, or a source is to be asked that has changed since."""
        coming = [*self._owed(), *self._turns()]
        return min(at for at in coming if at > self.now)

    def _owed(self) -> Iterator[datetime]:
        waits = timedelta(hours=self.app.settings.wait_hours)
        still_open = select(RunRow.id).where(RunRow.state.in_(OPEN), RunRow.edition_id.is_not(None))
        tried_again = select(DeliveryRow.due_at).where(
            DeliveryRow.run_id.in_(still_open), DeliveryRow.state.in_(WAITING)
        )
        readers = select(SubscriberRow.due_at).where(SubscriberRow.due_at.is_not(None)).distinct()
        with self.app.read() as session:
            for at in session.scalars(readers):
                yield at if at > self.now else at + waits
            yield from session.scalars(tried_again)
            changed = max(at for at in self._turns() if at <= self.now)
            for job in jobs.every(session):
                if job.name.startswith("collect ") and job.began_at and job.began_at < changed:
                    yield job.due_at

    def _turns(self) -> Iterator[datetime]:
        for number in range(-2, 3):
            day = self.now.date() + number * DAY
            midnight = datetime.combine(day, time(), UTC)
            yield from (midnight + hours * HOUR for hours in (0, 4, 6, 8))
            there = datetime.combine(day, time(), EASTERN)
            expected = announcing.ARXIV.of(day)
            yield (there + self.sky.late.get(day, timedelta(0))).astimezone(UTC)
            yield from (expected.opens, expected.due, expected.closes)

    def alerts(self) -> list[str]:
        """The subjects of what the operator was told."""
        return [one.subject for one in self.outbox.messages if one.to == OPERATOR]

    def _note(self, message: Message) -> None:
        data = message.data.replace(b"=\r\n", b"")
        plain = data.partition(b"text/html")[0].replace(b"=3D", b"=")
        papers = tuple(dict.fromkeys(one.decode() for one in _LINK.findall(data)))
        self.got[message.to].append(Got(self.now, papers, plain.decode("utf-8", "replace")))


def _careless(connection: Any, _record: Any) -> None:
    """A simulated world survives no power cut anyway."""
    connection.execute("PRAGMA synchronous=OFF")


def due_days(reader: Reader, begin: datetime, end: datetime) -> list[tuple[date, datetime]]:
    """The local days a reader is due between two instants, each with its instant, found by looking
    at the reader's clock every quarter of an hour."""
    there, hour = ZoneInfo(reader.schedule.zone), reader.schedule.hour
    found: dict[date, datetime] = {}
    latest: dict[date, datetime] = {}
    at = begin - 2 * DAY
    while at < end:
        local = at.astimezone(there)
        latest[local.date()] = at
        if local.hour >= hour:
            found.setdefault(local.date(), at)
        at += timedelta(minutes=15)
    over = latest.keys() - {max(latest)}
    days = found.keys() | (over if hour == 23 else set())  # the last hour of a day may be skipped
    return [
        (day, found.get(day, latest[day]))
        for day in sorted(days)
        if wanted(reader.schedule, day) and begin <= found.get(day, latest[day]) < end
    ]


def wanted(schedule: Schedule, day: date) -> bool:
    """Whether this is one of a schedule's days."""
    if schedule.cadence is Cadence.WEEKLY:
        return day.isoweekday() == schedule.weekday + 1
    return schedule.cadence is Cadence.DAILY or day.isoweekday() <= 5
