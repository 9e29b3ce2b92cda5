"""Every test of this room runs on SQLite and on PostgreSQL."""

from collections.abc import Iterator

import pytest

from digest.store.database import Database


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An empty history and ledger, with today's tables."""
    database = Database(database_url)
    yield database
    database.engine.dispose()
