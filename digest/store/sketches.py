"""Sketches of papers that readers spoke of: made once per text and lexicon, read by all senders.

Losing one costs only the time to make it again.
"""

from collections.abc import Collection, Iterable, Mapping

from sqlalchemy import delete, select, tuple_
from sqlalchemy.orm import Session

from digest.store.vector_tables import SketchRow
from subscribers.chunks import chunks
from subscribers.insert import insert_missing
from subscribers.tables import table


def of_keys(session: Session, lexicon: str, keys: Collection[str]) -> dict[str, bytes]:
    """The sketches of the texts with these keys; those never made with this lexicon are missing."""
    rows = table(SketchRow)
    query = select(rows.c.key, rows.c.data).where(rows.c.lexicon == lexicon)
    return {
        name: data
        for part in chunks(keys)
        for name, data in session.execute(query.where(rows.c.key.in_(part)))
    }


def known(session: Session, lexicon: str, keys: Iterable[str]) -> set[str]:
    """Those of the keys that have a sketch."""
    query = select(SketchRow.key).where(SketchRow.lexicon == lexicon)
    return {
        name
        for part in chunks(keys)
        for name in session.scalars(query.where(SketchRow.key.in_(part)))
    }


def keep(session: Session, lexicon: str, made: Mapping[str, bytes]) -> None:
    """Keep sketches; what another process kept meanwhile stays, and is the same."""
    rows = [{"lexicon": lexicon, "key": name, "data": data} for name, data in made.items()]
    insert_missing(session, SketchRow, rows)


def forget_others(session: Session, lexicon: str, limit: int) -> int:
    """Delete at most so many that were made with another lexicon; how many."""
    name = (SketchRow.lexicon, SketchRow.key)
    some = session.execute(select(*name).where(SketchRow.lexicon != lexicon).limit(limit)).all()
    for part in chunks(some, 400):  # two variables each
        session.execute(delete(SketchRow).where(tuple_(*name).in_(part)))
    return len(some)
