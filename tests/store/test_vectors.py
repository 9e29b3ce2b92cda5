"""What an encoder said is kept once, by its text, and read by whoever ranks."""

from datetime import timedelta

from digest.store import vectors
from digest.store.database import Database
from tests.given import day


def test_what_is_kept_is_found_and_what_is_kept_twice_stays_as_it_was(database: Database) -> None:
    with database.begin() as session:
        vectors.keep(session, "tiny", {"a": b"\0\x01", "b": b"two"}, day=day(0))
        vectors.keep(session, "tiny", {"b": b"other", "c": b"three"}, day=day(1))
        vectors.keep(session, "another", {"a": b"one"}, day=day(0))
        vectors.keep(session, "tiny", {}, day=day(0))
    with database.read() as session:
        found = vectors.of_keys(session, "tiny", ["a", "b", "never"])
        assert found == {"a": b"\0\x01", "b": b"two"}
        assert vectors.known(session, "tiny", ["b", "c", "d"]) == {"b": day(0), "c": day(1)}


def test_more_keys_than_a_statement_takes_are_found(database: Database) -> None:
    many = {f"{number:032x}": b"%d" % number for number in range(2_000)}
    with database.begin() as session:
        vectors.keep(session, "tiny", many, day=day(0))
        assert vectors.of_keys(session, "tiny", list(many)) == many


def test_what_was_not_wanted_for_long_is_forgotten(database: Database) -> None:
    with database.begin() as session:
        vectors.keep(session, "tiny", {"a": b"one", "b": b"two"}, day=day(0))
        vectors.want(session, "tiny", ["b", "never"], day=day(9))
        assert vectors.forget(session, day(9)) == 1
        assert vectors.known(session, "tiny", ["a", "b"]) == {"b": day(9)}


def test_the_lens_of_a_day_is_the_last_one_learnt_by_then(database: Database) -> None:
    one, other = vectors.Lens("tiny", b"first"), vectors.Lens("large", b"second")
    with database.begin() as session:
        assert vectors.lens(session, 1, day(0)) is None
        vectors.keep_lens(session, 1, day(0), one)
        vectors.keep_lens(session, 1, day(0), vectors.Lens("tiny", b"again"))
        vectors.keep_lens(session, 1, day(7), other)
    with database.read() as session:
        assert vectors.lens(session, 1, day(0) - timedelta(days=1)) is None
        assert vectors.lens(session, 1, day(6)) == one
        assert vectors.lens(session, 1, day(8)) == other
        assert vectors.lens(session, 2, day(8)) is None
        assert vectors.learnt_on(session, 1, "tiny") == day(0)
        assert vectors.learnt_on(session, 1, "never") is None


def test_only_the_last_lenses_are_kept(database: Database) -> None:
    with database.begin() as session:
        for week in range(4):
            vectors.keep_lens(session, 1, day(7 * week), vectors.Lens("tiny", b"%d" % week))
        assert vectors.lens(session, 1, day(13)) is None
        assert vectors.lens(session, 1, day(20)) == vectors.Lens("tiny", b"2")
