"""The run of the letters: it never ends, whoever queues one at whatever moment."""

from datetime import timedelta

from digest.core.delivery import Outcome, Phase, State
from digest.store import letters, outbox
from digest.store.database import Database
from digest.store.outbox import Shard
from tests import given
from tests.given import at

NOW = at(0, 8)
DAY = timedelta(days=1)
SENT = Outcome(State.SENT, "250 queued", 250, Phase.DOT)
SAME_SHARD = (1, 1 + letters.SHARDS)


def claim(database: Database) -> Shard | None:
    with database.begin() as session:
        return outbox.claim_shard(session, letters.RUN, owner="a", now=NOW)


def queue(session, subscriber_id: int) -> None:
    letters.queue(session, "welcome", subscriber_id, now=NOW, lives=DAY)


def send_all(database: Database, shard: Shard) -> int:
    with database.begin() as session:
        due = outbox.claim_due(session, shard, now=NOW)
        ids = [one.id for one in due]
        outbox.start(session, shard, ids, now=NOW)
        outbox.record(session, shard, [(one, SENT) for one in due], now=NOW)
    return len(due)


def one_letter(database: Database) -> Shard:
    """The shard of one letter, claimed."""
    with database.begin() as session:
        given.subscribers(session, max(SAME_SHARD))
        queue(session, SAME_SHARD[0])
    claimed = claim(database)
    assert claimed is not None
    return claimed


def test_a_letter_that_comes_after_the_last_one_is_found(database: Database) -> None:
    shard = one_letter(database)
    assert send_all(database, shard) == 1
    with database.begin() as session:
        outbox.release(session, shard)
    assert claim(database) is None
    with database.begin() as session:
        queue(session, SAME_SHARD[1])
    again = claim(database)
    assert again is not None
    assert send_all(database, again) == 1


def test_a_letter_that_is_being_queued_while_its_shard_is_given_back_is_found(
    postgres_url: str,
) -> None:
    """On PostgreSQL; SQLite has one writer at a time, so there this moment cannot be."""
    database = Database(postgres_url)
    shard = one_letter(database)
    assert send_all(database, shard) == 1
    with database.begin() as queuing:
        queue(queuing, SAME_SHARD[1])
        with database.begin() as releasing:
            outbox.release(releasing, shard)
    again = claim(database)
    assert again is not None
    assert send_all(database, again) == 1
    database.engine.dispose()
