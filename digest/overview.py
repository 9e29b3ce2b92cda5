"""Story, read-only: how the day stands, for the desk's first page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from statistics import median

from sqlalchemy.orm import Session

from digest.app import App
from digest.core.delivery import WAITING, State
from digest.sources.named import label_of, name_of
from digest.store import account, audit, tallies
from digest.store.audit import Line
from digest.store.runs import Run
from digest.store.tallies import Collected, Job
from subscribers.consent import ConsentKind, Status

DAYS = 30
_LATELY, _BY_HAND = timedelta(days=2), 5  # files that were collected by hand
_JOINED = (ConsentKind.CONFIRMED, ConsentKind.ADDED, ConsentKind.IMPORTED,
           ConsentKind.RESUBSCRIBED)  # fmt: skip
_LEFT = (ConsentKind.UNSUBSCRIBED,)
_FAILED = ("hard", "soft", "policy")
_DONE_STATES = ("fresh", "quiet")


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A source today: its state, what the last try found, and what is usual. `usual` is the lowest,
    the middle and the highest number of papers listed by the tries before; None for none."""

    name: str
    label: str
    state: str
    last: Collected | None
    usual: tuple[int, int, int] | None
    late: tuple[str, ...] = ()

    @property
    def is_unusual(self) -> bool:
        """Whether the last listing was shorter or longer than any of the tries before."""
        if self.usual is None or self.last is None or self.last.state not in _DONE_STATES:
            return False
        return not self.usual[0] <= self.last.listed <= self.usual[2]


@dataclass(frozen=True, slots=True)
class Series:
    """One number a day, oldest first, up to today; `other` is a second one beside it."""

    name: str
    numbers: tuple[int, ...]
    other_name: str = ""
    other: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything the page shows. `edition_day` is the latest with papers, None before any."""

    today: date
    edition_day: date | None
    papers: int
    readers: dict[Status, int]
    outcomes: dict[State, int]
    doubts: list[tuple[int, int]]
    sources: list[SourceLine]
    jobs: list[Job]
    runs: list[Run]
    series: tuple[Series, ...]
    log: Sequence[Line]

    @property
    def due(self) -> int:
        """How many digests of today wait to be sent."""
        return sum(self.outcomes.get(state, 0) for state in WAITING)


def look(app: App) -> Overview:
    """How things stand now; writes nothing."""
    now = app.clock()
    today = now.astimezone(UTC).date()
    with app.read() as session:
        latest = tallies.latest_day(session)
        live = tallies.live(session)
        series = _series(session, today, live)
        return Overview(
            today=today,
            edition_day=latest,
            papers=series[0].numbers[-1] if latest == today else _papers_of(session, latest),
            readers=tallies.readers(session),
            outcomes=tallies.outcomes(session, today),
            doubts=tallies.in_doubt(session, live),
            sources=_sources(session, app, now),
            jobs=tallies.jobs(session, limit=12),
            runs=account.recent(session, limit=5, live=live),
            series=series,
            log=audit.recent(session, limit=6),
        )


def _papers_of(session: Session, day: date | None) -> int:
    return tallies.papers_by_day(session, day).get(day, 0) if day else 0


def _sources(session: Session, app: App, now: datetime) -> list[SourceLine]:
    """The sources of the settings and of the clock, and what was collected by hand lately."""
    states = tallies.states(session)
    named = {name_of(spec) for spec in app.settings.sources}
    ours = dict.fromkeys([*app.settings.sources, *(one for one in states if one not in named)])
    names = [*ours, *(name for name in tallies.sources(session) if name not in ours)]
    lines = [
        _source(name, tallies.collected(session, name), states.get(name_of(name))) for name in names
    ]
    by_hand = [
        line
        for line in lines
        if line.name not in ours and line.last and now - line.last.at < _LATELY
    ]
    by_hand.sort(key=lambda line: line.last.at if line.last else now, reverse=True)
    return [*(line for line in lines if line.name in ours), *by_hand[:_BY_HAND]]


def _source(
    name: str,
    tries: Sequence[Collected],
    stands: tuple[str, datetime, tuple[str, ...]] | None,
) -> SourceLine:
    last = tries[0] if tries else None
    state = stands[0] if stands else last.state if last else "never collected"
    listed = sorted(one.listed for one in tries[1:] if one.state in _DONE_STATES)
    usual = (listed[0], round(median(listed)), listed[-1]) if listed else None
    return SourceLine(name, label_of(name), state, last, usual, stands[2] if stands else ())


def _series(
    session: Session, today: date, live: Mapping[int, dict[State, int]]
) -> tuple[Series, ...]:
    days = [today - timedelta(days=back) for back in reversed(range(DAYS))]
    papers = tallies.papers_by_day(session, days[0])
    sent = tallies.sent_by_day(session, days[0], live)
    joined = tallies.steps_by_day(session, _JOINED, days)
    left = tallies.steps_by_day(session, _LEFT, days)
    failed = tallies.reports_by_day(session, _FAILED, days)
    refused = [sent.get(day, {}).get(State.BOUNCED, 0) for day in days]
    complaints = tallies.reports_by_day(session, ("complaint",), days)
    return (
        Series("Papers", tuple(papers.get(day, 0) for day in days)),
        Series("Digests sent", tuple(sent.get(day, {}).get(State.SENT, 0) for day in days)),
        Series("Readers who came", tuple(joined.get(day, 0) for day in days),
               "who left", tuple(left.get(day, 0) for day in days)),
        Series("Bounces",
               tuple(failed.get(day, 0) + n for day, n in zip(days, refused, strict=True)),
               "complaints", tuple(complaints.get(day, 0) for day in days)),
    )  # fmt: skip
