"""What a person decides about the doubtful: said once, kept, and every account stays whole."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier

import pytest
from sqlalchemy import update

from digest.core.delivery import Outcome, Phase, State
from digest.errors import IllegalTransition, LostClaim
from digest.store import deliveries, doubts, freezing, outbox, runs
from digest.store.database import Database
from digest.store.deliveries import Delivery
from digest.store.runs import Run
from digest.store.tables import DeliveryRow
from tests import given
from tests.given import at, plan

LIFE = timedelta(hours=18)
NOON = at(0, 12)


@pytest.fixture
def ids(database: Database) -> list[int]:
    """Four readers: the first sent to, the next two in doubt, the last planned; in one shard."""
    with database.begin() as session:
        who = given.subscribers(session, 4)
        assert freezing.freeze(session, plan()) is not None
    for reader, state in zip(who, (State.SENT, State.IN_DOUBT, State.IN_DOUBT), strict=False):
        set_state(database, reader, state)
    return who


def set_state(database: Database, who: int, state: State) -> None:
    with database.begin() as session:
        session.execute(
            update(DeliveryRow)
            .where(DeliveryRow.subscriber_id == who)
            .values(state=state, attempts=1, epoch=1)
        )


def end(database: Database, who: int, state: State = State.SENT) -> None:
    """The rest of the run ends too, and the run with it."""
    set_state(database, who, state)
    with database.begin() as session:
        assert runs.finish(session, 1)


def decide(
    database: Database, to: State, only: Sequence[int] | None = None, now: datetime = NOON
) -> int:
    with database.begin() as session:
        assert runs.hold(session, 1) is not None
        return doubts.decide(session, 1, to, by="ada on here", now=now, life=LIFE, only=only)


def get(database: Database) -> Run:
    with database.read() as session:
        run = runs.get(session, 1)
    assert run is not None
    assert sum(run.outcomes.values()) == run.audience
    return run


def delivery(database: Database, who: int) -> Delivery:
    with database.read() as session:
        [found] = deliveries.of_subscriber(session, who)
    return found


def test_counted_as_sent_in_a_run_that_is_done(database: Database, ids: list[int]) -> None:
    end(database, ids[3])
    assert decide(database, State.SENT, ids[1:2]) == 1
    assert get(database).outcomes == {State.SENT: 3, State.IN_DOUBT: 1}
    assert decide(database, State.SENT) == 1
    assert (get(database).state, get(database).outcomes) == ("done", {State.SENT: 4})
    assert decide(database, State.SENT) == 0


def test_counted_as_sent_in_a_run_that_is_open(database: Database, ids: list[int]) -> None:
    assert decide(database, State.SENT) == 2
    assert get(database).outcomes == {State.SENT: 3, State.PLANNED: 1}
    assert get(database).state == "running"
    end(database, ids[3], State.EMPTY)


def test_a_decision_is_kept_with_who_made_it(database: Database, ids: list[int]) -> None:
    decide(database, State.SENT)
    for who in ids[1:3]:
        told = delivery(database, who)
        assert told.reason == "decided by command: counted as sent (ada on here)"
        [kept] = told.attempts
        assert (kept.number, kept.at, kept.state) == (2, NOON, State.SENT)
        assert (kept.phase, kept.code, kept.reply) == (Phase.DECIDED, None, told.reason)
    assert delivery(database, ids[0]).attempts == ()


@pytest.mark.parametrize("state", ["running", "paused"])
def test_promised_again_in_an_open_run_leaves_its_state(
    database: Database, ids: list[int], state: str
) -> None:
    with database.begin() as session:
        runs.set_state(session, 1, state, "why")
    assert decide(database, State.PLANNED) == 2
    found = get(database)
    assert (found.state, found.note) == (state, "why")
    assert found.outcomes == {State.SENT: 1, State.PLANNED: 3}
    assert found.deadline_at == at(1, 3)


@pytest.mark.parametrize("ended", ["done", "cancelled"])
def test_promised_again_opens_an_ended_run_as_a_paused_one(
    database: Database, ids: list[int], ended: str
) -> None:
    if ended == "cancelled":
        with database.begin() as session:
            runs.set_state(session, 1, "cancelled")
    end(database, ids[3], State.CANCELLED)
    assert get(database).state == ended
    assert decide(database, State.PLANNED, ids[1:2]) == 1
    found = get(database)
    assert (found.state, found.note) == ("paused", "1 promised again by command")
    assert found.outcomes == {
        State.SENT: 1, State.IN_DOUBT: 1, State.PLANNED: 1, State.CANCELLED: 1}  # fmt: skip


def test_what_a_later_run_took_over_is_counted_only_there(
    database: Database, ids: list[int]
) -> None:
    end(database, ids[3], State.EMPTY)
    with database.begin() as session:
        later = freezing.freeze(session, plan())
    assert later is not None
    assert (later.audience, get(database).audience) == (1, 4)
    decide(database, State.PLANNED)
    assert (get(database).audience, get(database).outcomes) == (
        3, {State.SENT: 1, State.PLANNED: 2})  # fmt: skip


def test_what_is_promised_again_is_claimed_and_sent_as_the_same_message(
    database: Database, ids: list[int]
) -> None:
    key = delivery(database, ids[1]).key
    with database.begin() as session:
        shard = outbox.claim_shard(session, 1, owner="a", now=at(0, 8))
        assert shard is not None
        claimed = outbox.claim_due(session, shard, now=at(0, 8))
        outbox.end(session, shard, [claimed[0].id], State.EMPTY, "nothing", at(0, 8))
        outbox.release(session, shard)
        assert runs.finish(session, 1)
    decide(database, State.PLANNED)
    with database.begin() as session:
        assert outbox.claim_shard(session, 1, owner="a", now=at(0, 13)) is None
        runs.set_state(session, 1, "running")
        shard = outbox.claim_shard(session, 1, owner="a", now=at(0, 13))
        assert shard is not None
        found = outbox.claim_due(session, shard, now=at(0, 13))
        assert [one.subscriber_id for one in found] == ids[1:3]
        outbox.start(session, shard, [one.id for one in found], now=at(0, 13))
        sent = Outcome(State.SENT, "250 ok", 250, Phase.DOT)
        outbox.record(session, shard, [(one, sent) for one in found], now=at(0, 13))
        outbox.release(session, shard)
        assert runs.finish(session, 1)
    assert get(database).outcomes == {State.SENT: 3, State.EMPTY: 1}
    after = delivery(database, ids[1])
    assert (after.key, after.reason) == (key, "")
    assert [one.phase for one in after.attempts] == [Phase.DECIDED, Phase.DOT]


def test_the_sender_that_left_the_doubt_can_no_more_write_to_it(
    database: Database, ids: list[int]
) -> None:
    with database.begin() as session:
        shard = outbox.claim_shard(session, 1, owner="a", now=at(0, 8))
        assert shard is not None
        [one] = outbox.claim_due(session, shard, now=at(0, 8))
        outbox.start(session, shard, [one.id], now=at(0, 8))
    set_state(database, ids[3], State.IN_DOUBT)
    decide(database, State.PLANNED, ids[3:])
    late = Outcome(State.SENT, "250 ok", 250, Phase.DOT)
    with pytest.raises(LostClaim), database.begin() as session:
        outbox.record(session, shard, [(one, late)], now=at(0, 11))


def test_a_deadline_that_passed_ends_the_rest_and_starts_anew(
    database: Database, ids: list[int]
) -> None:
    late = at(2, 9)
    assert decide(database, State.PLANNED, now=late) == 2
    assert get(database).deadline_at == late + LIFE
    assert get(database).outcomes == {State.SENT: 1, State.PLANNED: 2, State.EXPIRED: 1}
    assert delivery(database, ids[3]).reason == "its deadline passed"


def test_nobody_else_is_decided_about(database: Database, ids: list[int]) -> None:
    assert decide(database, State.PLANNED, [ids[0], ids[3], 999]) == 0
    assert decide(database, State.SENT, []) == 0
    with database.read() as session:
        assert doubts.number_of(session, 1) == 2
        assert doubts.number_of(session, 1, ids[:2]) == 1
        assert doubts.number_of(session, 2) == 0


@pytest.mark.parametrize("to", [State.BOUNCED, State.CANCELLED, State.CLAIMED, State.IN_DOUBT])
def test_no_other_decision_is_there_to_make(database: Database, ids: list[int], to: State) -> None:
    with pytest.raises(IllegalTransition):
        decide(database, to)


def test_of_two_who_decide_at_once_one_decides(database: Database, ids: list[int]) -> None:
    end(database, ids[3])
    start = Barrier(2)

    def race(to: State) -> int:
        start.wait()
        return decide(database, to)

    with ThreadPoolExecutor(2) as threads:
        counts = list(threads.map(race, [State.SENT, State.PLANNED]))
    assert sorted(counts) == [0, 2]
    get(database)
