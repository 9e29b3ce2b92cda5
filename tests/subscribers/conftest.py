"""A real SQLite database with our tables, for the tests of this room."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session, sessionmaker

from subscribers.tables import Base

Begin = Callable[[], AbstractContextManager[Session]]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = create_engine(f"sqlite:///{tmp_path / 'people.db'}")
    Base.metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def begin(engine: Engine) -> Begin:
    return sessionmaker(engine).begin


@pytest.fixture
def session(begin: Begin) -> Iterator[Session]:
    with begin() as session:
        yield session
