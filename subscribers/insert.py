"""Rows that may exist already, settled by the database's own unique constraints: insert_new says
which were new, insert_missing only sees to it that they are there."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import InstrumentedAttribute, Session

from subscribers.tables import Base, table

T = TypeVar("T")


def insert_new(
    session: Session,
    rows_of: type[Base],
    rows: Sequence[Mapping[str, Any]],
    unique: InstrumentedAttribute[T],
    returning: Sequence[InstrumentedAttribute[Any]] = (),
) -> list[tuple[Any, ...]]:
    """Insert the rows whose `unique` value is not there yet; of those, `unique` and `returning`.

    Of two transactions that insert the same at once, one gets the row and the other nothing:
    no error, and no check that another could overtake.
    """
    if not rows:
        return []
    statement = (
        _insert(session, rows_of)
        .on_conflict_do_nothing(index_elements=[unique.key])
        .returning(unique, *returning)
    )
    return [tuple(row) for row in session.execute(statement, rows)]


def insert_missing(
    session: Session, rows_of: type[Base], rows: Sequence[Mapping[str, Any]]
) -> None:
    """Insert the rows that no unique constraint of the table keeps out; what is there stays."""
    if rows:
        session.execute(_insert(session, rows_of).on_conflict_do_nothing(), rows)


def _insert(session: Session, rows_of: type[Base]) -> postgresql.Insert | sqlite.Insert:
    dialect = session.get_bind().dialect.name
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return insert(table(rows_of))
