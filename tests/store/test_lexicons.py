"""What was learnt from the history is kept once a day and read by every later one."""

from datetime import timedelta

from digest.store import lexicons
from digest.store.database import Database
from tests.given import day


def test_the_last_lexicon_up_to_a_day_is_read(database: Database) -> None:
    with database.begin() as session:
        assert lexicons.latest(session, 1, day(0)) is None
        lexicons.keep(session, 1, day(0), b"first")
        lexicons.keep(session, 1, day(0), b"again")
        lexicons.keep(session, 1, day(7), b"later")
    with database.begin() as session:
        assert lexicons.latest(session, 1, day(0) - timedelta(days=1)) is None
        assert lexicons.latest(session, 1, day(6)) == b"first"
        assert lexicons.latest(session, 1, day(8)) == b"later"
        assert lexicons.latest(session, 2, day(8)) is None
        assert lexicons.learnt_on(session, 1) == day(7)


def test_only_the_last_two_are_kept(database: Database) -> None:
    with database.begin() as session:
        for week in range(4):
            lexicons.keep(session, 1, day(7 * week), b"%d" % week)
        assert lexicons.latest(session, 1, day(13)) is None
        assert lexicons.latest(session, 1, day(20)) == b"2"
