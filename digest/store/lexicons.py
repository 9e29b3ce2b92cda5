"""What was learnt from the history: kept for all senders, so that they rank alike."""

from datetime import date

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from digest.store.tables import LexiconRow

KEPT = 2  # a day that is looked at again ranks by what was known then, for a week or so


def latest(session: Session, version: int, until: date) -> bytes | None:
    """The lexicon of this version that was learnt last, on a day not after `until`; None before
    any."""
    return session.scalar(
        select(LexiconRow.data)
        .where(LexiconRow.version == version, LexiconRow.learnt_on <= until)
        .order_by(LexiconRow.learnt_on.desc())
        .limit(1)
    )


def learnt_on(session: Session, version: int) -> date | None:
    """The day of the last lexicon of this version."""
    return session.scalar(
        select(func.max(LexiconRow.learnt_on)).where(LexiconRow.version == version)
    )


def keep(session: Session, version: int, day: date, data: bytes) -> None:
    """Keep what was learnt on a day; what another process learnt that day stays."""
    same = (LexiconRow.version == version, LexiconRow.learnt_on == day)
    if session.scalar(select(LexiconRow.id).where(*same)) is None:
        session.add(LexiconRow(version=version, learnt_on=day, data=data))
        session.flush()
    last = select(LexiconRow.id).order_by(LexiconRow.learnt_on.desc()).limit(KEPT)
    kept = session.scalars(last).all()
    session.execute(delete(LexiconRow).where(LexiconRow.id.not_in(kept)))
