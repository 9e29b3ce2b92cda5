"""What Alembic runs: the migrations on the connection it was given."""

from typing import Any, Literal

from alembic import context

from digest.store import desk_tables, tables, vector_tables
from subscribers.tables import Base, UtcDateTime

assert tables  # noqa: S101 - imported for its rows
assert desk_tables  # noqa: S101 - so are these
assert vector_tables  # noqa: S101 - and these


def _render(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """A migration stands by itself: it names no type of ours."""
    is_ours = kind == "type" and isinstance(item, UtcDateTime)
    return "sa.DateTime(timezone=True)" if is_ours else False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_item=_render,
    render_as_batch=connection.dialect.name == "sqlite",
)
with context.begin_transaction():
    context.run_migrations()
