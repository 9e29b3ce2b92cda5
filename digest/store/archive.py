"""The editions as anybody may leaf through them: which days there are, and a day's papers."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from digest.core.edition import Change
from digest.store import history
from digest.store.history import Stored
from digest.store.tables import ChangeRow, PaperRow


@dataclass(frozen=True, slots=True)
class Happened:
    """A paper of a day, and what made it one: new, revised, rising."""

    stored: Stored
    changes: tuple[Change, ...]


def days(session: Session, *, before: date | None, limit: int) -> list[tuple[date, int]]:
    """The days that have an edition, latest first, each with its number of papers."""
    query = select(ChangeRow.day, func.count(ChangeRow.paper_id.distinct()))
    if before is not None:
        query = query.where(ChangeRow.day < before)
    found = session.execute(query.group_by(ChangeRow.day).order_by(ChangeRow.day.desc()))
    return [(day, number) for day, number in found.fetchmany(limit)]


def of_day(session: Session, day: date, *, limit: int, offset: int = 0) -> list[Happened]:
    """The papers of one day's edition, most votes first."""
    happened = select(ChangeRow.paper_id).where(ChangeRow.day == day)
    query = (
        select(PaperRow.id)
        .where(PaperRow.id.in_(happened))
        .order_by(func.coalesce(PaperRow.votes, -1).desc(), PaperRow.id)
    )
    ids = session.scalars(query.limit(limit).offset(offset)).all()
    stored = history.by_ids(session, ids)
    changes: dict[int, list[Change]] = defaultdict(list)
    rows = select(ChangeRow.paper_id, ChangeRow.change).where(
        ChangeRow.day == day, ChangeRow.paper_id.in_(ids)
    )
    for paper_id, change in session.execute(rows.order_by(ChangeRow.at)):
        changes[paper_id].append(Change(change))
    return [Happened(stored[n], tuple(changes[n])) for n in ids if n in stored]
