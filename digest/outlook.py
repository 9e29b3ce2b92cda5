"""Outlook: how the sources stand. What a look at one showed is learned; readers are told of it.

A standing depends on the hour as well as on what was seen, so whoever asks gets it for now.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from sqlalchemy.orm import Session

from digest.core.announcing import Calendar, Seen, SourceState, Standing, listing_day, standing
from digest.core.paper import Paper
from digest.mail import notes
from digest.sources.named import label_of, name_of
from digest.sources.rhythm import ALL, Rhythm, rhythm_of
from digest.store import feeds, states
from digest.store.states import Batch, State
from subscribers.schedule import Schedule

_FARTHEST_EAST, _FARTHEST_WEST = timedelta(hours=14), timedelta(hours=12)


@dataclass(slots=True)
class Look:
    """What one look at a source shows: the papers of its answers, or that they are the same as
    before."""

    papers: list[Paper] = field(default_factory=list)
    is_unchanged: bool = False


def learn(
    session: Session, source: str, look: Look, *, now: datetime, error: str = ""
) -> tuple[State, bool]:
    """Keep what a look showed; how the source stands then, and whether papers were new to it.

    `error` is why the look did not succeed.
    """
    rhythm, before = rhythm_of(source), states.of(session, source)
    if rhythm.calendar is None:
        listed = SourceState.FRESH if look.papers or look.is_unchanged else SourceState.QUIET
        found = SourceState.FAILED if error else listed
        return _keep(session, _after(source, before, found, now, error)), bool(look.papers)
    known = states.batches(session, source)
    shown = _shown(rhythm, rhythm.calendar, look, now)
    new = _new(rhythm.calendar, known, shown, now)
    states.save_batches(session, source, new, at=now)
    days = {part: batch.day for part, batch in (known | new).items()}
    looked = not (error or look.is_unchanged)
    empty = [part for part in rhythm.parts if part not in shown] if looked else _empty(before)
    stands = standing(rhythm.calendar, Seen(rhythm.parts, days, empty, bool(error)), now)
    after = _after(source, before, stands.state, now, error)
    return _keep(session, replace(after, day=stands.day, late=_marked(stands, empty))), bool(new)


def standings(session: Session, sources: Sequence[str], now: datetime) -> list[State]:
    """How these sources of the settings stand now, by name; what was never looked at is missing."""
    names = [name_of(spec) for spec in sources]
    return [_at(session, state, now) for state in states.every(session, names)]


def late_parts(state: State) -> tuple[str, ...]:
    """The parts of a source that still show what they showed before."""
    return tuple(part for part in state.late if not part.startswith(_NOTHING))


# How a part that showed nothing at all is kept beside those that are late.
_NOTHING = "-"


def _marked(stands: Standing, empty: Sequence[str]) -> tuple[str, ...]:
    return (*stands.late, *(f"{_NOTHING}{part}" for part in empty))


def _empty(state: State | None) -> list[str]:
    kept = state.late if state else ()
    return [part.removeprefix(_NOTHING) for part in kept if part.startswith(_NOTHING)]


def _at(session: Session, state: State, now: datetime) -> State:
    """A state as the hour has made it since."""
    rhythm = rhythm_of(state.source)
    if rhythm.calendar is None:
        return state
    days = {part: one.day for part, one in states.batches(session, state.source).items()}
    seen = Seen(rhythm.parts, days, _empty(state), state.failures > 0)
    stands = standing(rhythm.calendar, seen, now)
    return replace(
        state, state=stands.state, day=stands.day, late=_marked(stands, _empty(state))
    )  # fmt: skip


def _shown(
    rhythm: Rhythm, calendar: Calendar, look: Look, now: datetime
) -> Mapping[str, list[Paper]]:
    """The papers that tell something of what is announced now, by part."""
    day = calendar.opened(now).day
    found: dict[str, list[Paper]] = defaultdict(list)
    for paper in look.papers:
        if rhythm.tells(paper, day):
            found[rhythm.part_of(paper)].append(paper)
    return found


def _new(
    calendar: Calendar,
    known: Mapping[str, Batch],
    shown: Mapping[str, Sequence[Paper]],
    now: datetime,
) -> dict[str, Batch]:
    """What each part announces that it did not announce before."""
    found = {}
    for part, papers in shown.items():
        ids = frozenset(f"{paper.id}v{paper.version or 0}" for paper in papers)
        last = known.get(part)
        if last is None or last.lacks(ids):
            dated = {paper.listed_on for paper in papers if paper.listed_on}
            before = last.day if last else None
            found[part] = Batch(listing_day(calendar, now, before, dated), ids)
    return found


def _after(
    source: str, before: State | None, state: SourceState, now: datetime, error: str
) -> State:
    failures = (before.failures if before else 0) + 1 if error else 0
    good_at = (before.good_at if before else None) if error else now
    return State(
        source=source, state=state, since=now, day=None, tried_at=now, good_at=good_at,
        failures=failures, error=error,
    )  # fmt: skip


def _keep(session: Session, state: State) -> State:
    before = states.of(session, state.source)
    if before is not None and before.state is state.state:
        state = replace(state, since=before.since)
    states.save(session, state)
    return state


@dataclass(frozen=True, slots=True)
class Outlook:
    """What readers of a day's digest are told of `sources`, as they stand when it is asked.

    Without sources, or of a day that has passed everywhere, it is what the log of that day says.
    """

    day: date
    sources: tuple[str, ...] = ()
    now: Callable[[], datetime] | None = None

    def told(self, session: Session) -> tuple[tuple[str, str], ...]:
        """Texts of digest.mail.notes, each with what readers call the source; each once."""
        now = self.now() if self.now else None
        if now is None or not self._is_today(now):
            log = feeds.sources_of(session, self.day)
            failed = {label_of(name) for name, state in log.items() if state == "failed"}
            return tuple((notes.FAILED, label) for label in sorted(failed))
        found = (self._told(state) for state in standings(session, self.sources, now))
        return tuple(sorted({one for one in found if one is not None}))

    def _is_today(self, now: datetime) -> bool:
        now = now.astimezone(UTC)
        return (now - _FARTHEST_WEST).date() <= self.day <= (now + _FARTHEST_EAST).date()

    def _told(self, state: State) -> tuple[str, str] | None:
        """What is told of a source; nothing of what it owes a later day than this one."""
        late = late_parts(state)
        text = {
            SourceState.FAILED: notes.FAILED,
            SourceState.STALLED: notes.STALLED,
            SourceState.WAITING: notes.LATE if late else notes.NOTHING_YET,
        }.get(state.state)
        if text is None or (state.day is not None and state.day > self.day):
            return None
        some = len(late) < len(rhythm_of(state.source).parts) and late != (ALL,)
        label = label_of(state.source)
        return text, f"{label} ({', '.join(late)})" if late and some else label


def lines(told: Sequence[tuple[str, str]], day: date, schedule: Schedule) -> tuple[str, ...]:
    """The lines of one reader: tomorrow is promised to who gets a mail tomorrow."""
    tomorrow = schedule.due_on(day + timedelta(days=1))
    return tuple(
        notes.note(notes.LATE_LATER if text == notes.LATE and not tomorrow else text, source)
        for text, source in told
    )


def quiet(considered: int) -> str:
    """The line that a reader may have wished for instead of no mail."""
    return notes.NOTHING_FITS if considered else notes.NOTHING_NEW
