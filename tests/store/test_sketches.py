"""Sketches are kept once per text and lexicon."""

from digest.store import sketches
from digest.store.database import Database


def test_what_is_kept_is_found_and_what_is_kept_twice_stays_as_it_was(database: Database) -> None:
    with database.begin() as session:
        sketches.keep(session, "old", {"a": b"\0\x01"})
        sketches.keep(session, "new", {"a": b"one", "b": b"two"})
        sketches.keep(session, "new", {"b": b"other", "c": b"three"})
        sketches.keep(session, "new", {})
    with database.read() as session:
        found = sketches.of_keys(session, "new", ["a", "b", "never"])
        assert found == {"a": b"one", "b": b"two"}
        assert sketches.of_keys(session, "old", ["a", "b"]) == {"a": b"\0\x01"}
        assert sketches.known(session, "new", ["b", "c", "d"]) == {"b", "c"}


def test_those_of_other_lexicons_go_a_part_at_a_time(database: Database) -> None:
    many = {f"{number:032x}": b"%d" % number for number in range(1_000)}
    with database.begin() as session:
        sketches.keep(session, "old", many)
        sketches.keep(session, "new", many)
        assert sketches.forget_others(session, "new", 900) == 900
        assert len(sketches.known(session, "old", many)) == 100
        assert sketches.forget_others(session, "new", 900) == 100
        assert sketches.forget_others(session, "new", 900) == 0
        assert sketches.of_keys(session, "new", [*many]) == many
