"""Whether the database is whole, and takes what we write. Source: sqlite.org/pragma.html."""

from sqlalchemy import delete, false, text
from sqlalchemy.orm import Session

from digest.store.tables import JobRow

_WHOLE = "ok"


def damage(session: Session) -> str:
    """The first thing that SQLite finds broken in its file, "" for none; PostgreSQL looks after
    itself."""
    if session.get_bind().dialect.name != "sqlite":
        return ""
    found = str(session.scalar(text("PRAGMA quick_check(1)")))
    return "" if found == _WHOLE else " ".join(found.split())


def try_write(session: Session) -> None:
    """Write as we do, but no row; an error if it may not be."""
    session.execute(delete(JobRow).where(false()))
