"""The clock of leases: one that all who share a database agree on, and nobody can set back.

On PostgreSQL it is the server's. SQLite's processes share a machine, so there it is the time
since the machine's start: it goes on while the machine sleeps or a process is stopped, and does
not follow when somebody sets the clock. Source: clock_gettime(2), CLOCK_BOOTTIME.
"""

import time
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

_START = datetime(2000, 1, 1, tzinfo=UTC)


def elapsed_s() -> float:
    """Seconds of this machine's own, only good for differences."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


def lease_now(session: Session) -> datetime:
    """The instant by the clock of leases."""
    if session.get_bind().dialect.name == "postgresql":
        found: datetime = session.scalars(select(func.clock_timestamp())).one()
        return found
    return _START + timedelta(seconds=elapsed_s())
