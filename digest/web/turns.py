"""Whose turn it is to write: the intake goes before the desk.

SQLite has one writer and gives its lock to whoever asks first, polling: a desk that writes letter
after letter would keep visitors waiting for seconds.
"""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

from sqlalchemy.orm import Session

from digest.store.database import Database


class Turns:
    """A lock with one place in front of the queue."""

    def __init__(self) -> None:
        self._free = threading.Condition()
        self._held = False
        self._wanted = False

    @contextmanager
    def first(self) -> Iterator[None]:
        """The next turn, whoever else waits; for one thread."""
        with self._free:
            self._wanted = True
            self._free.wait_for(lambda: not self._held)
            self._held, self._wanted = True, False
        try:
            yield
        finally:
            self._give_back()

    @contextmanager
    def after(self) -> Iterator[None]:
        """A turn when the first wants none."""
        with self._free:
            self._free.wait_for(lambda: not self._held and not self._wanted)
            self._held = True
        try:
            yield
        finally:
            self._give_back()

    def _give_back(self) -> None:
        with self._free:
            self._held = False
            self._free.notify_all()


class Patient(Database):
    """The same database, for who writes only when the intake wants no turn."""

    def __init__(self, other: Database, turns: Turns) -> None:
        self.url, self.engine = other.url, other.engine
        self._turns = turns

    @contextmanager
    def begin(self) -> Iterator[Session]:
        """As Database.begin, once it is our turn."""
        with self._turns.after(), super().begin() as session:
            yield session

    def tidy(self) -> None:
        """Move the write-ahead log into the file, as far as it can be done beside who writes: a
        log grown long is moved by the transaction it gets too long for, whose visitors wait."""
        with closing(self.engine.raw_connection()) as plain:
            plain.cursor().execute("PRAGMA wal_checkpoint(PASSIVE)")
