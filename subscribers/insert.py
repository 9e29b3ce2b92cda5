"""insert_new: rows that may exist already, settled by the database's own unique constraint."""

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
    dialect = session.get_bind().dialect.name
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    statement = (
        insert(table(rows_of))
        .on_conflict_do_nothing(index_elements=[unique.key])
        .returning(unique, *returning)
    )
    return [tuple(row) for row in session.execute(statement, rows)]
