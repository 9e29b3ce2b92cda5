"""Marks on papers: hidden from every digest, or pinned to the top of one day's, with a note."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from digest.core.marks import Pin
from digest.errors import BadMark
from digest.store import history
from digest.store.desk_tables import PaperMarkRow

HIDE, PIN = "hide", "pin"
MOST_PINS, LONGEST_NOTE = 3, 300


@dataclass(frozen=True, slots=True)
class Mark:
    """One mark as it is kept."""

    paper_id: int
    kind: str
    day: date | None
    note: str
    marked_by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Marks:
    """The marks that count on one day, by the numbers that the papers have now."""

    hidden: frozenset[int] = frozenset()
    pins: tuple[Pin, ...] = ()


def of_day(session: Session, day: date) -> Marks:
    """What is hidden, and what is pinned to this day, the oldest pin first."""
    hidden = session.scalars(select(PaperMarkRow.paper_id).where(PaperMarkRow.kind == HIDE)).all()
    pinned = session.scalars(
        select(PaperMarkRow)
        .where(PaperMarkRow.kind == PIN, PaperMarkRow.day == day)
        .order_by(PaperMarkRow.id)
    ).all()
    now = history.current(session, [*hidden, *(row.paper_id for row in pinned)])
    gone = frozenset(now[number] for number in hidden)
    pins = {now[row.paper_id]: Pin(now[row.paper_id], row.note) for row in pinned}
    return Marks(gone, tuple(pin for number, pin in pins.items() if number not in gone))


def of_paper(session: Session, numbers: list[int]) -> list[Mark]:
    """The marks of a paper, by all numbers it has or had."""
    query = select(PaperMarkRow).where(PaperMarkRow.paper_id.in_(numbers))
    return [
        Mark(row.paper_id, row.kind, row.day, row.note, row.marked_by, row.at)
        for row in session.scalars(query.order_by(PaperMarkRow.id))
    ]


def hide(session: Session, paper_id: int, note: str, *, by: str, at: datetime) -> None:
    """Never pick this paper again; a second time changes nothing."""
    _lift(session, [paper_id], HIDE, None)
    _add(session, paper_id, HIDE, None, note, by, at)


def pin(session: Session, paper_id: int, day: date, note: str, *, by: str, at: datetime) -> None:
    """Put this paper on top of a day's digests, with a note readers see; BadMark for too much."""
    if len(note) > LONGEST_NOTE or not note.isprintable():
        raise BadMark(f"a note is one line of at most {LONGEST_NOTE} characters")
    _lift(session, [paper_id], PIN, day)
    if len(of_day(session, day).pins) >= MOST_PINS:
        raise BadMark(f"{MOST_PINS} papers are pinned to {day} already: take one down first")
    _add(session, paper_id, PIN, day, note, by, at)


def lift(session: Session, numbers: list[int], kind: str, day: date | None = None) -> None:
    """Take a mark away: hidden no more, or pinned to this day no more."""
    _lift(session, numbers, kind, day)


def _lift(session: Session, numbers: list[int], kind: str, day: date | None) -> None:
    on = PaperMarkRow.day.is_(None) if day is None else PaperMarkRow.day == day
    session.execute(
        delete(PaperMarkRow).where(
            PaperMarkRow.paper_id.in_(numbers), PaperMarkRow.kind == kind, on
        )
    )


def _add(
    session: Session, paper_id: int, kind: str, day: date | None, note: str, by: str, at: datetime
) -> None:
    session.add(PaperMarkRow(paper_id=paper_id, kind=kind, day=day, note=note, marked_by=by, at=at))
    session.flush()
