"""Holding others off until a transaction ends, where no row stands for what is held."""

from sqlalchemy import Connection, func, select
from sqlalchemy.orm import Session

SCHEMA = 0x70610000
HISTORY = 0x70610001


def hold(session: Session | Connection, what: int) -> None:
    """Wait until nobody else holds this, then hold it to the end of the transaction.

    A transaction's lock, never a session's: it works behind pgbouncer. In SQLite a writing
    transaction is alone anyway.
    Source: https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
    """
    connection = session.connection() if isinstance(session, Session) else session
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(what)))
