"""Troubles: what the operator must know of, told once when it begins and once when it is over."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, delete, or_, select, update
from sqlalchemy.orm import Session

from digest.store.tables import TroubleRow


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something in trouble ("source arxiv:cs.CL"), why, since when and until when."""

    id: int
    about: str
    what: str
    began_at: datetime
    ended_at: datetime | None
    is_told: bool


def meet(session: Session, now_true: Mapping[str, str], *, now: datetime) -> None:
    """Open what is in trouble now (why, by what), and end all that is not any more."""
    still = _open(session)
    for about, what in now_true.items():
        if about not in still:
            session.add(TroubleRow(about=about, what=what, began_at=now))
    over = [row.id for about, row in still.items() if about not in now_true]
    if over:
        step = update(TroubleRow).where(TroubleRow.id.in_(over))
        session.execute(step.values(ended_at=now))


def current(session: Session) -> list[Trouble]:
    """What is in trouble now, oldest first."""
    return [_value(row) for row in _open(session).values()]


def untold(session: Session) -> list[Trouble]:
    """What the operator was not told of yet: a beginning, or the end of what they were told of."""
    query = select(TroubleRow).where(
        or_(
            TroubleRow.alerted_at.is_(None),
            and_(TroubleRow.ended_at.is_not(None), TroubleRow.cleared_at.is_(None)),
        )
    )
    return [_value(row) for row in session.scalars(query.order_by(TroubleRow.id))]


def told(session: Session, trouble: Trouble, *, now: datetime) -> None:
    """The beginning was told, or if it was before, the end."""
    moment = {"cleared_at": now} if trouble.is_told else {"alerted_at": now}
    session.execute(update(TroubleRow).where(TroubleRow.id == trouble.id).values(**moment))


def forget(session: Session, before: datetime) -> None:
    """Delete what was over before then."""
    session.execute(delete(TroubleRow).where(TroubleRow.ended_at < before))


def _open(session: Session) -> dict[str, TroubleRow]:
    query = select(TroubleRow).where(TroubleRow.ended_at.is_(None)).order_by(TroubleRow.id)
    return {row.about: row for row in session.scalars(query)}


def _value(row: TroubleRow) -> Trouble:
    return Trouble(
        row.id, row.about, row.what, row.began_at, row.ended_at, row.alerted_at is not None
    )
