"""among: a column is one of many values, which travel as one parameter.

The statement is the same for any number of values: nothing is compiled anew, and no limit of
variables is met. `column.in_` with 25 values takes three times as long.

Source: SQLite, json_each; PostgreSQL, ANY over an array.
"""

import json
from collections.abc import Collection
from typing import Any

from sqlalchemy import BigInteger, Dialect, Text, bindparam
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType, TypeDecorator, TypeEngine


class _Listed(TypeDecorator[Collection[Any]]):
    """Texts or whole numbers: an array where the database has such, else JSON."""

    impl = Text
    cache_ok = True

    def __init__(self, of: type[TypeEngine[Any]]) -> None:
        super().__init__()
        self.of = of

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(ARRAY(self.of) if _has_arrays(dialect) else Text())

    def process_bind_param(self, value: Collection[Any] | None, dialect: Dialect) -> Any:
        values = list(value or ())
        return values if _has_arrays(dialect) else json.dumps(values)


class among(FunctionElement[bool]):  # noqa: N801 (it reads as a function of SQL)
    """`among(column, "ids")`: the column's value is among those given as `ids`."""

    inherit_cache = True
    name = "among"
    # Of a Boolean, SQLite would be asked whether it "= 1", and would scan the table.
    type: TypeEngine[Any] = NullType()

    def __init__(self, column: Any, name: str) -> None:
        of = BigInteger if column.type.python_type is int else Text
        super().__init__(column, bindparam(name, type_=_Listed(of)))


def _has_arrays(dialect: Dialect) -> bool:
    return dialect.name == "postgresql"


@compiles(among, "postgresql")
def _any(element: among, compiler: SQLCompiler, **how: Any) -> str:
    column, values = (compiler.process(one, **how) for one in element.clauses)
    return f"{column} = ANY ({values})"


@compiles(among, "sqlite")
def _each(element: among, compiler: SQLCompiler, **how: Any) -> str:
    column, values = (compiler.process(one, **how) for one in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608 (both compiled)
