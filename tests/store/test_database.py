"""Schema and transactions: the same tables on both databases, one clear line when they are not."""

from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

from digest.errors import SettingsError, StoreError
from digest.store import database as store
from digest.store import history, tables
from digest.store.database import Database
from subscribers.tables import Base
from tests import given

assert tables  # imported for its rows


def test_upgrading_twice_changes_nothing(database: Database) -> None:
    given.collected(database, [given.paper("A paper")], given.sight())
    database.upgrade()
    assert database.is_current()
    with database.read() as session:
        assert history.count(session) == 1


def test_a_downgraded_database_is_empty_and_can_be_upgraded_again(database: Database) -> None:
    with database.engine.begin() as connection:
        config = store._alembic()
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    assert inspect(database.engine).get_table_names() == ["alembic_version"]
    assert not database.is_current()
    database.upgrade()
    assert database.is_current()
    assert set(inspect(database.engine).get_table_names()) > {"papers", "deliveries"}


def test_an_account_that_was_kept_as_the_word_null_becomes_none(database: Database) -> None:
    with database.engine.begin() as connection:
        config = store._alembic()
        config.attributes["connection"] = connection
        command.downgrade(config, "0010_vectors")
    with database.begin() as session:
        session.execute(text(
            "INSERT INTO runs (kind, state, planned_at, deadline_at, audience, outcomes, note,"
            " days) VALUES ('digest', 'running', '2026-03-02', '2026-03-03', 0, 'null', '', 0)"
        ))  # fmt: skip
    database.upgrade()
    with database.read() as session:
        assert session.scalar(text("SELECT count(*) FROM runs WHERE outcomes IS NULL")) == 1


def test_the_migrations_make_exactly_the_tables_of_the_code(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_a_database_newer_than_the_program_is_refused_in_one_line(database: Database) -> None:
    with database.begin() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(
        StoreError, match=r"newer than this program.*9999.*upgrade the program"
    ) as e:
        database.upgrade()
    assert "\n" not in str(e.value)
    assert database.revision() == "9999"


def test_a_database_without_tables_says_how_to_make_them(tmp_path: Path) -> None:
    empty = Database(f"sqlite:///{tmp_path / 'empty.db'}")
    with (
        pytest.raises(StoreError, match=r"no tables yet.*digest init") as e,
        empty.read() as session,
    ):
        history.count(session)
    assert "\n" not in str(e.value)


def test_a_postgresql_database_that_is_not_there_is_not_called_empty(postgres_url: str) -> None:
    missing = Database(postgres_url.replace("/digest_", "/no_digest_"))
    with pytest.raises(StoreError, match="does not exist") as e:
        missing.upgrade()
    assert "digest init" not in str(e.value)
    assert "\n" not in str(e.value)


@pytest.mark.parametrize("url", ["mysql://x/y", "digest.db", "oracle+nothing://x", ""])
def test_an_unknown_kind_of_database_is_refused_with_an_example(url: str) -> None:
    with pytest.raises(SettingsError, match=r"DIGEST_DATABASE_URL.*sqlite:///digest.db") as e:
        Database(url)
    assert "\n" not in str(e.value)


def test_a_file_that_is_no_database_is_one_clear_line(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("this is no database at all, it only looks like a file " * 20)
    with pytest.raises(StoreError, match="not a database") as e:
        Database(f"sqlite:///{file}").upgrade()
    assert "\n" not in str(e.value)


def test_a_folder_that_is_not_there_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="unable to open") as e:
        Database(f"sqlite:///{tmp_path / 'no' / 'digest.db'}").upgrade()
    assert "\n" not in str(e.value)


def test_an_exception_rolls_the_whole_transaction_back(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.begin() as session:
        given.subscriber(session)
        raise ZeroDivisionError
    with database.read() as session:
        assert session.scalar(text("SELECT count(*) FROM subscribers")) == 0


def test_a_reading_transaction_sees_one_state_while_another_writes(database: Database) -> None:
    with database.read() as reader:
        assert history.count(reader) == 0
        given.collected(database, [given.paper("A paper")], given.sight())
        assert history.count(reader) == 0
    with database.read() as reader:
        assert history.count(reader) == 1


def test_a_password_is_never_said(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as e:
        Database("postgresql+psycopg://ada:sesame@127.0.0.1:1/digest").revision()
    assert "sesame" not in str(e.value)
    assert "\n" not in str(e.value)
