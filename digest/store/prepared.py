"""Prepared: a statement for many rows at once, compiled once and handed to the driver as it is.

SQLAlchemy makes the parameters of each row anew, at 30 us a row; a send runs two such rows for
each mail. Here what is the same for all rows is converted once, the rest by columns.

Source: https://docs.sqlalchemy.org/en/21/core/connections.html (exec_driver_sql).
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import repeat
from typing import Any

from sqlalchemy import Connection, CursorResult, Dialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ClauseElement

_Convert = Callable[[Any], Any] | None


class Prepared:
    """`statement` with parameters of its own names, `columns` where it is a bare INSERT."""

    def __init__(self, statement: ClauseElement, columns: Sequence[str] | None = None) -> None:
        self._statement, self._columns = statement, columns
        self._compiled: dict[str, SQLCompiler] = {}

    def run(
        self, connection: Connection, same: Mapping[str, Any], rows: Mapping[str, Sequence[Any]]
    ) -> CursorResult[Any]:
        """Run it once for each row: `same` is of all rows, `rows` holds the others by name, one
        value for each row."""
        dialect = connection.dialect
        compiled = self._of(dialect)
        names = compiled.positiontup or list(compiled.binds)
        columns = [_column(compiled, name, same, rows, dialect) for name in names]
        values = list(zip(*columns, strict=False))  # what is the same repeats without end
        if not compiled.positional:
            return connection.exec_driver_sql(
                str(compiled), [dict(zip(names, row, strict=True)) for row in values]
            )
        return connection.exec_driver_sql(str(compiled), values)

    def _of(self, dialect: Dialect) -> SQLCompiler:
        found = self._compiled.get(dialect.name)
        if found is None:
            made: Any = self._statement.compile(dialect=dialect, column_keys=self._columns)
            found = self._compiled[dialect.name] = made
        return found


def _column(
    compiled: SQLCompiler,
    name: str,
    same: Mapping[str, Any],
    rows: Mapping[str, Sequence[Any]],
    dialect: Dialect,
) -> Any:
    """The values of one parameter, as the driver takes them."""
    bind = compiled.binds[name]
    convert: _Convert = bind.type.dialect_impl(dialect).bind_processor(dialect)
    if name in rows:
        return map(convert, rows[name]) if convert else rows[name]
    value = same.get(name, bind.value)
    return repeat(convert(value) if convert else value)
