"""The past of readers: their last digest, what they may have been sent, every message they had."""

from collections.abc import Sequence

import pytest
from sqlalchemy import update

from digest.core.delivery import State
from digest.core.packing import pack_ids
from digest.store import deliveries, freezing
from digest.store.database import Database
from digest.store.editions import Last
from digest.store.tables import DeliveryRow
from tests import given
from tests.given import at, collected, day, paper, plan, sight

HAD = {State.SENT, State.IN_DOUBT, State.EMPTY, State.BOUNCED, State.IN_FLIGHT}
MAY_HAVE = {State.SENT, State.IN_DOUBT, State.IN_FLIGHT, State.DEFERRED}


def digest(
    database: Database, who: int, number: int, state: State, papers: Sequence[int] | None = None
) -> None:
    """A reader's digest of a day, as it stands."""
    with database.begin() as session:
        assert freezing.freeze(session, plan(number, only=[who]))
        session.execute(
            update(DeliveryRow)
            .where(DeliveryRow.subscriber_id == who, DeliveryRow.local_day == day(number))
            .values(state=state, papers=None if papers is None else pack_ids(papers))
        )


def reader(database: Database, name: str = "ada") -> int:
    with database.begin() as session:
        return given.subscriber(session, f"{name}@example.org")


def last(database: Database, who: int, number: int) -> Last | None:
    with database.read() as session:
        return deliveries.last_digests(session, [who], day(number)).get(who)


def sent(database: Database, who: int, since: int) -> frozenset[int] | None:
    with database.read() as session:
        return deliveries.sent_papers(session, [who], day(since)).get(who)


@pytest.mark.parametrize("state", State)
def test_the_last_digest_is_the_last_that_may_have_been_had(
    database: Database, state: State
) -> None:
    who = reader(database)
    digest(database, who, 0, State.SENT)
    digest(database, who, 1, state)
    expected = 1 if state in HAD else 0
    assert last(database, who, 2) == Last(day(expected), at(expected, 7))


def test_the_days_own_digest_is_not_its_past(database: Database) -> None:
    who = reader(database)
    digest(database, who, 3, State.SENT)
    assert last(database, who, 3) is None
    assert last(database, who, 4) == Last(day(3), at(3, 7))


def test_every_reader_of_a_shard_has_a_past_of_their_own(database: Database) -> None:
    ada, bob, cyd = (reader(database, name) for name in ("ada", "bob", "cyd"))
    digest(database, ada, 0, State.SENT)
    digest(database, ada, 1, State.SENT)
    digest(database, bob, 0, State.SENT)
    with database.read() as session:
        found = deliveries.last_digests(session, [ada, bob, cyd], day(2))
    assert {who: one.day for who, one in found.items()} == {ada: day(1), bob: day(0)}


@pytest.mark.parametrize("state", State)
def test_what_may_be_in_the_mailbox_counts_as_sent(database: Database, state: State) -> None:
    who = reader(database)
    digest(database, who, 1, state, [5, 3])
    assert sent(database, who, 1) == (frozenset({3, 5}) if state in MAY_HAVE else None)
    assert sent(database, who, 2) is None


def test_papers_that_were_merged_since_are_named_by_what_they_became(database: Database) -> None:
    who = reader(database)
    collected(database, [paper("A preprint", "10.1101/x1"), paper("A", "2603.00001")], sight(0))
    digest(database, who, 0, State.SENT, [2])
    collected(database, [paper("A", "2603.00001", "10.1101/x1")], sight(1))
    assert sent(database, who, 0) == frozenset({1})


def test_a_readers_messages_are_told_oldest_first(database: Database) -> None:
    who = reader(database)
    for number in (1, 0):
        digest(database, who, number, State.SENT)
    digest(database, reader(database, "bob"), 0, State.SENT)
    with database.read() as session:
        found = deliveries.of_subscriber(session, who)
        assert [one.day for one in found] == [day(1), day(0)]
        assert found[0].key == f"digest.{day(1)}.{who}"
        of_day = deliveries.digest_of(session, who, day(0))
        assert of_day is not None
        assert of_day.id == found[1].id
        assert deliveries.digest_of(session, who, day(9)) is None


def test_a_promise_made_again_is_the_same_message(database: Database) -> None:
    who = reader(database)
    digest(database, who, 0, State.EMPTY)
    with database.read() as session:
        [before] = deliveries.of_subscriber(session, who)
    digest(database, who, 0, State.SENT)
    with database.read() as session:
        [after] = deliveries.of_subscriber(session, who)
    assert (after.id, after.key) == (before.id, before.key)
    assert after.run_id != before.run_id
