"""The audit log: who did what, when, on what. Only added to; it holds no address."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from digest.store.desk_tables import AuditRow

_LONGEST, _LONGEST_DETAIL = 100, 500


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was done. `about` is "reader 12", "run 3", "paper 7", "admin ada" or ""."""

    id: int
    at: datetime
    who: str
    what: str
    about: str
    detail: str


def note(
    session: Session, who: str, what: str, about: str = "", detail: str = "", *, now: datetime
) -> None:
    """Add a line, in the transaction that does what it says."""
    session.execute(
        insert(AuditRow).values(
            at=now,
            who=who[:_LONGEST],
            what=what,
            about=about[:_LONGEST],
            detail=detail[:_LONGEST_DETAIL],
        )
    )


def recent(
    session: Session, *, limit: int, before: int | None = None, about: str = ""
) -> Sequence[Line]:
    """The latest lines, newest first: those older than line `before`, those about one thing."""
    query = select(AuditRow).order_by(AuditRow.id.desc()).limit(limit)
    if before is not None:
        query = query.where(AuditRow.id < before)
    if about:
        query = query.where(AuditRow.about == about)
    return [
        Line(row.id, row.at, row.who, row.what, row.about, row.detail)
        for row in session.scalars(query)
    ]
