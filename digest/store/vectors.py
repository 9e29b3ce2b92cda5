"""What a sentence encoder said of texts, and the lens learnt from it; kept for all senders."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import NamedTuple

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from digest.store.vector_tables import LensRow, VectorRow
from subscribers.chunks import chunks
from subscribers.insert import insert_missing
from subscribers.tables import table

KEPT = 2  # lenses; see lexicons


class Lens(NamedTuple):
    """Whose vectors it is for, and what was learnt from them."""

    encoder: str
    data: bytes


def of_keys(session: Session, encoder: str, keys: Collection[str]) -> dict[str, bytes]:
    """What the encoder said of the texts with these keys; those it never saw are missing."""
    rows = table(VectorRow)
    query = select(rows.c.key, rows.c.data).where(rows.c.encoder == encoder)
    return {
        name: data
        for part in chunks(keys)
        for name, data in session.execute(query.where(rows.c.key.in_(part)))
    }


def known(session: Session, encoder: str, keys: Iterable[str]) -> dict[str, date]:
    """Those of the keys that were encoded, and the last day on which each was wanted."""
    rows = table(VectorRow)
    query = select(rows.c.key, rows.c.wanted_on).where(rows.c.encoder == encoder)
    return {
        name: wanted_on
        for part in chunks(keys)
        for name, wanted_on in session.execute(query.where(rows.c.key.in_(part)))
    }


def want(session: Session, encoder: str, keys: Iterable[str], *, day: date) -> None:
    """Note that what was encoded of these is wanted on a day."""
    for part in chunks(keys):
        which = (VectorRow.encoder == encoder, VectorRow.key.in_(part))
        session.execute(update(VectorRow).where(*which).values(wanted_on=day))


def keep(session: Session, encoder: str, said: Mapping[str, bytes], *, day: date) -> None:
    """Keep what the encoder said; what another process kept meanwhile stays."""
    rows = [
        {"encoder": encoder, "key": name, "wanted_on": day, "data": data}
        for name, data in said.items()
    ]
    insert_missing(session, VectorRow, rows)


def forget(session: Session, before: date) -> int:
    """Delete what was last wanted before that day, whatever encoder said it; how many."""
    gone = session.execute(delete(VectorRow).where(VectorRow.wanted_on < before))
    return int(gone.rowcount)  # type: ignore[attr-defined]


def lens(session: Session, version: int, until: date) -> Lens | None:
    """The lens of this version that was learnt last, on a day not after `until`: it says which
    encoder's vectors are read. None before any."""
    found = session.execute(
        select(LensRow.encoder, LensRow.data)
        .where(LensRow.version == version, LensRow.learnt_on <= until)
        .order_by(LensRow.learnt_on.desc(), LensRow.id.desc())
        .limit(1)
    ).one_or_none()
    return Lens(*found) if found else None


def learnt_on(session: Session, version: int, encoder: str) -> date | None:
    """The day of this encoder's last lens."""
    return session.scalar(
        select(func.max(LensRow.learnt_on)).where(
            LensRow.version == version, LensRow.encoder == encoder
        )
    )


def keep_lens(session: Session, version: int, day: date, lens: Lens) -> None:
    """Keep what was learnt on a day, and of older ones the last; of two learnt on one day for one
    encoder the first stays."""
    same = (LensRow.version == version, LensRow.encoder == lens.encoder, LensRow.learnt_on == day)
    if session.scalar(select(LensRow.id).where(*same)) is None:
        row = LensRow(version=version, encoder=lens.encoder, learnt_on=day, data=lens.data)
        session.add(row)
        session.flush()
    last = select(LensRow.id).order_by(LensRow.learnt_on.desc(), LensRow.id.desc()).limit(KEPT)
    kept = session.scalars(last).all()
    session.execute(delete(LensRow).where(LensRow.id.not_in(kept)))
