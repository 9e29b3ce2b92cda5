"""The log of reports and the scores, on both databases."""

from datetime import date

from sqlalchemy import text

from digest.core.bounce import Score
from digest.core.delivery import State
from digest.store import bounces
from digest.store.bounces import Logged
from digest.store.database import Database
from digest.store.tables import DeliveryRow, EditionRow
from tests import given


def sent(database: Database, who: int, number: int, edition: int | None = None) -> int:
    """A digest of that day that the relay took at six; its id."""
    with database.begin() as session:
        row = DeliveryRow(
            kind="digest", subscriber_id=who, local_day=given.day(number), edition_id=edition,
            shard=0, epoch=1, state=State.SENT, reason="", attempts=1, due_at=given.at(number),
            changed_at=given.at(number),
        )  # fmt: skip
        session.add(row)
        session.flush()
        return row.id


def test_a_report_is_kept_once(database: Database) -> None:
    report = Logged(fingerprint="f" * 64, at=given.at(0), kind="soft", subscriber_id=1, points=1.0)
    with database.begin() as session:
        assert [bounces.log(session, report) for _ in range(2)] == [True, False]
    with database.begin() as session:
        assert not bounces.log(session, report)
        assert bounces.of_subscriber(session, 1) == [report]
        assert bounces.counts(session) == {"soft": 1}
        assert bounces.is_known(session, "f" * 64)
        assert not bounces.is_known(session, "g" * 64)


def test_a_score_is_kept_changed_and_forgotten_with_its_reader(database: Database) -> None:
    with database.begin() as session:
        who = given.subscriber(session)
        assert bounces.score(session, who) is None
        for value in (1.0, 1.9):
            bounces.keep_score(session, who, Score(value, given.at(0)))
        assert bounces.score(session, who) == Score(1.9, given.at(0))
        other = given.subscriber(session, "bob@example.org")
        bounces.keep_score(session, other, Score(1.0, given.at(0)))
        bounces.forget_score(session, other)
        assert bounces.score(session, other) is None
    with database.begin() as session:
        session.execute(text("DELETE FROM profiles"))
        session.execute(text("DELETE FROM consent_events"))
        session.execute(text("DELETE FROM subscribers"))
        assert bounces.score(session, who) is None


def test_a_delivery_without_a_report_went_well(database: Database) -> None:
    bad, good = sent(database, 1, 1), sent(database, 1, 2)
    with database.begin() as session:
        for number, delivery in enumerate((bad, good)):
            between = {"after": given.at(0), "before": given.at(number + 1, 7)}
            assert bounces.went_well(session, 1, **between)
            report = Logged(
                fingerprint=f"{delivery}",
                at=given.at(3),
                kind="soft",
                subscriber_id=1,
                delivery_id=delivery,
                points=1,
            )
            bounces.log(session, report)
            assert not bounces.went_well(session, 1, **between)
            assert bounces.has_points(session, delivery)
        assert not bounces.went_well(session, 2, after=given.at(0), before=given.at(9))


def test_a_delivery_is_found_by_day_and_reader_by_row_and_by_day_alone(database: Database) -> None:
    with database.begin() as session:
        edition = EditionRow(day=given.day(0), published_at=given.at(0))
        session.add(edition)
        session.flush()
        number = edition.id
    ada, bob = (sent(database, who, 0, number) for who in (1, 2))
    with database.read() as session:
        by_day = bounces.promised(session, 1, given.day(0))
        assert by_day is not None
        assert (by_day.delivery_id, by_day.key) == (ada, f"digest.{given.day(0)}.1")
        assert bounces.promised(session, bob, None) == bounces.promised(session, 2, given.day(0))
        assert bounces.promised(session, 3, given.day(0)) is None
        assert bounces.promised(session, 999, None) is None
        days = [given.day(0), date(2020, 1, 1)]
        assert {one.delivery_id for one in bounces.of_days(session, days)} == {ada, bob}
        assert [one.delivery_id for one in bounces.of_days(session, days, 2)] == [bob]
        assert list(bounces.of_days(session, [])) == []
