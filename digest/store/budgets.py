"""Budgets: how often something may be done in a window of time, counted in SQL.

Counted by the database, they hold over any number of processes and machines. `count` does it
within a transaction of the caller's; Budgets is the same as a storage of the package `limits`.
"""

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from datetime import datetime, timedelta

from limits.storage import Storage
from sqlalchemy import case, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from digest.errors import StoreError
from digest.store.tables import BudgetRow
from subscribers.tables import table

Begin = Callable[[], AbstractContextManager[Session]]


def count(
    session: Session, amounts: Mapping[str, int], window: timedelta, *, now: datetime
) -> dict[str, int]:
    """Add to the counts of some keys; what each is then, in its window that began with its first.

    One statement, in the order of the keys: of two processes that count the same, neither
    overtakes the other and neither waits for the other in a ring.
    """
    rows = [
        {"key": key, "count": amount, "expires_at": now + window}
        for key, amount in sorted(amounts.items())
    ]
    if not rows:
        return {}
    on = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    insert = on.insert(table(BudgetRow))
    over = BudgetRow.expires_at <= now
    statement = insert.on_conflict_do_update(
        index_elements=["key"],
        set_={
            "count": case((over, insert.excluded.count), else_=BudgetRow.count
                          + insert.excluded.count),
            "expires_at": case((over, insert.excluded.expires_at), else_=BudgetRow.expires_at),
        },
    ).returning(BudgetRow.key, BudgetRow.count)  # fmt: skip
    return {key: number for key, number in session.execute(statement, rows)}  # noqa: C416


def running(
    session: Session, keys: Collection[str], *, now: datetime
) -> dict[str, tuple[int, datetime]]:
    """The counts of those of these keys whose window still runs, and when it ends."""
    row = table(BudgetRow).c
    query = select(row.key, row.count, row.expires_at).where(row.key.in_(keys))
    found = session.execute(query.where(row.expires_at > now))
    return {key: (number, ends_at) for key, number, ends_at in found}


def sweep(session: Session, *, now: datetime) -> None:
    """Forget the windows that are over."""
    session.execute(delete(BudgetRow).where(BudgetRow.expires_at <= now))


def forget(session: Session, key: str) -> None:
    """Forget one count."""
    session.execute(delete(BudgetRow).where(BudgetRow.key == key))


class Budgets(Storage):
    """The table as a storage of `limits`, for its strategies; each step is one transaction."""

    STORAGE_SCHEME = None  # made by hand, not from a URI

    def __init__(self, begin: Begin, clock: Callable[[], datetime]) -> None:
        super().__init__()
        self._begin, self._clock = begin, clock

    @property
    def base_exceptions(self) -> type[Exception]:
        return StoreError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count `amount` more; the number in this window of `expiry` seconds."""
        with self._begin() as session:
            window = timedelta(seconds=expiry)
            return count(session, {key: amount}, window, now=self._clock())[key]

    def get(self, key: str) -> int:
        """The number in the window that runs; 0 where none does."""
        running = BudgetRow.key == key, BudgetRow.expires_at > self._clock()
        with self._begin() as session:
            return session.scalar(select(BudgetRow.count).where(*running)) or 0

    def get_expiry(self, key: str) -> float:
        """When the window ends, in seconds of the epoch; now where none runs."""
        with self._begin() as session:
            found = session.scalar(select(BudgetRow.expires_at).where(BudgetRow.key == key))
        now = self._clock()
        return (max(found, now) if found else now).timestamp()

    def check(self) -> bool:
        """Whether the table can be read."""
        try:
            with self._begin() as session:
                session.scalar(select(func.count()).select_from(BudgetRow))
        except StoreError:
            return False
        return True

    def reset(self) -> int:
        """Forget every count; how many there were."""
        with self._begin() as session:
            return len(session.scalars(delete(BudgetRow).returning(BudgetRow.key)).all())

    def clear(self, key: str) -> None:
        """Forget one count."""
        with self._begin() as session:
            forget(session, key)
