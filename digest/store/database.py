"""Engine, transactions and schema: the one place that knows which database it is.

Alembic is loaded when the schema is upgraded: every command asks whether that is needed, and
hardly one needs it.
"""

import json
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.orm import Session

from digest.errors import SettingsError, StoreError
from digest.store.holding import SCHEMA, hold

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).parent / "migrations"
_PRAGMAS = (
    "busy_timeout=30000",
    "journal_mode=WAL",
    "synchronous=FULL",  # what was told to a relay is not forgotten by a power cut
    "foreign_keys=ON",
    "secure_delete=ON",  # an erased person leaves no bytes behind
    "cache_size=-4000",  # KiB for each connection: the system's own cache is there for all
)
_REVISION = re.compile(r'^revision(?:: str)? = "([^"]+)"$', re.MULTILINE)


class Database:
    """One database: sessions for writing and for reading, and its schema.

    SQLite runs in WAL mode; a writer takes the write lock when it begins and waits up to 30 s for
    another one, so that no transaction fails half-way for want of it.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = _engine(url)
        if self.is_sqlite:
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @property
    def file(self) -> Path | None:
        """The file of a SQLite database; None for a server or one in memory."""
        name = self.engine.url.database
        return Path(name) if self.is_sqlite and name and name != ":memory:" else None

    @contextmanager
    def begin(self) -> Iterator[Session]:
        """One transaction that writes; committed at the end, rolled back by an exception."""
        with self._session(digest_begin="BEGIN IMMEDIATE") as session:
            yield session
            session.commit()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """One transaction that reads a single state of the database."""
        one_state = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        with self._session(digest_begin="BEGIN", **one_state) as session:
            yield session

    @contextmanager
    def _session(self, **options: str) -> Iterator[Session]:
        try:
            with (
                self.engine.connect().execution_options(**options) as connection,
                Session(connection, expire_on_commit=False) as session,
            ):
                yield session
        except SQLAlchemyError as error:
            raise StoreError(_explain(error, self.engine)) from error

    def close(self) -> None:
        """Close all connections that are at rest; the next transaction opens one anew."""
        self.engine.dispose()

    def settle(self) -> None:
        """Let nothing of what was erased stay in SQLite's write-ahead log, as far as readers at
        work allow it; the next settling, or closing, does the rest."""
        if self.is_sqlite:
            with closing(self.engine.raw_connection()) as plain:
                plain.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def upgrade(self) -> None:
        """Create the tables, or bring them up to this program; doing it again changes nothing."""
        from alembic import command

        self._refuse_newer()
        try:
            with self.engine.begin() as connection:
                hold(connection, SCHEMA)
                config = _alembic()
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
        except SQLAlchemyError as error:
            raise StoreError(_explain(error, self.engine)) from error

    def revision(self) -> str | None:
        """The schema's revision; None for an empty database."""
        try:
            reading = self.engine.execution_options(digest_begin="BEGIN")
            with reading.connect() as connection:
                if not inspect(connection).has_table("alembic_version"):
                    return None
                found = connection.scalar(text("SELECT version_num FROM alembic_version"))
                return None if found is None else str(found)
        except SQLAlchemyError as error:
            raise StoreError(_explain(error, self.engine)) from error

    def is_current(self) -> bool:
        return self.revision() == known_revisions()[-1]

    def _refuse_newer(self) -> None:
        here = self.revision()
        if here is not None and here not in known_revisions():
            raise StoreError(
                f"the database is newer than this program (its schema is {here}): "
                "upgrade the program"
            )


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
        engine = create_engine(
            parsed,
            pool_pre_ping=parsed.get_backend_name() != "sqlite",
            json_serializer=partial(json.dumps, ensure_ascii=False),  # names are searched for
            hide_parameters=True,  # they hold addresses, and errors go into logs
        )
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        raise SettingsError(
            f"DIGEST_DATABASE_URL: {url.partition('://')[0]!r} is no database we know; "
            "for example sqlite:///digest.db or postgresql+psycopg://user:password@host/digest"
        ) from error
    return engine


def _begin_sqlite(connection: Any) -> None:
    options = connection.get_execution_options()
    connection.exec_driver_sql(options.get("digest_begin", "BEGIN IMMEDIATE"))


def _prepare_sqlite(connection: Any, _: Any) -> None:
    # The driver must not open transactions by itself: it would do so too late, without the lock.
    connection.isolation_level = None
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def known_revisions() -> list[str]:
    """The revisions that this program can bring a database to, oldest first: the migrations are
    numbered by their files' names."""
    files = sorted(MIGRATIONS.glob("versions/[0-9]*.py"))
    return [found for file in files for found in _REVISION.findall(file.read_text("utf-8"))]


def _alembic() -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def _explain(error: SQLAlchemyError, engine: Engine) -> str:
    where = engine.url.render_as_string(hide_password=True)
    cause = str(getattr(error, "orig", None) or error).strip().splitlines()
    reason = cause[0] if cause else type(error).__name__
    if "no such table" in reason or ("relation" in reason and "does not exist" in reason):
        return f"the database {where} has no tables yet ({reason}): run `digest init`"
    return f"the database {where}: {reason}"
