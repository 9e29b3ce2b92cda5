"""The ledger of a shard: one holder at a time, every row one outcome, a stale sender none."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from digest.core.delivery import Outcome, Phase, State, retry_at
from digest.core.edition import Change, Pick, Section
from digest.core.packing import pack_ids, pack_picks
from digest.errors import IllegalTransition, LostClaim
from digest.store import deliveries, freezing, outbox, runs
from digest.store.database import Database
from digest.store.outbox import LEASE, Claimed, Composed, Shard
from digest.store.tables import DeliveryRow, ShardRow
from tests import given
from tests.given import at, plan

NOW = at(0, 8)
LATER = NOW + LEASE + timedelta(seconds=1)
SENT = Outcome(State.SENT, "250 queued", 250, Phase.DOT)
BUSY = Outcome(State.DEFERRED, "450 busy", 450, Phase.RCPT)


@pytest.fixture
def run_id(database: Database) -> int:
    """A run of three readers in one shard."""
    with database.begin() as session:
        given.subscribers(session, 3)
        run = freezing.freeze(session, plan())
    assert run is not None
    return run.id


def claim(database: Database, run_id: int, owner: str = "a", now=NOW) -> Shard | None:
    with database.begin() as session:
        return outbox.claim_shard(session, run_id, owner=owner, now=now)


def held(database: Database, run_id: int, now=NOW) -> tuple[Shard, list[Claimed]]:
    """The shard and all of it that is due."""
    shard = claim(database, run_id, now=now)
    assert shard is not None
    with database.begin() as session:
        return shard, outbox.claim_due(session, shard, now=now)


def act(database: Database, step: Callable[..., None], *args: object, **named: object) -> None:
    with database.begin() as session:
        step(session, *args, **named)


def states(database: Database) -> list[State]:
    with database.read() as session:
        rows = session.scalars(select(DeliveryRow.state).order_by(DeliveryRow.subscriber_id))
        return [State(state) for state in rows]


def rows(database: Database) -> list[tuple[object, ...]]:
    """Everything of the ledger."""
    with database.read() as session:
        return [
            *map(tuple, session.execute(select(*DeliveryRow.__table__.c).order_by("id"))),
            *map(tuple, session.execute(select(*ShardRow.__table__.c))),
        ]


def test_all_goes_well(database: Database, run_id: int) -> None:
    shard, due = held(database, run_id)
    assert states(database) == [State.CLAIMED] * 3
    act(database, outbox.start, shard, [one.id for one in due], now=NOW)
    assert states(database) == [State.IN_FLIGHT] * 3
    act(database, outbox.record, shard, [(one, SENT) for one in due], now=NOW)
    act(database, outbox.release, shard)
    assert states(database) == [State.SENT] * 3
    assert claim(database, run_id, now=LATER) is None
    with database.begin() as session:
        assert runs.finish(session, run_id)


def test_a_held_shard_is_nobody_elses_until_its_lease_ends(database: Database, run_id: int) -> None:
    first = claim(database, run_id)
    assert first == Shard(run_id, 0, 1)
    assert claim(database, run_id, "b", NOW + LEASE) is None
    assert claim(database, run_id, "b", LATER) == Shard(run_id, 0, 2)


def test_a_longer_hold_is_kept(database: Database, run_id: int) -> None:
    first = claim(database, run_id)
    assert first is not None
    act(database, outbox.extend, first, LATER)
    assert claim(database, run_id, "b", LATER + LEASE) is None


def test_a_run_that_is_paused_gives_no_shard(database: Database, run_id: int) -> None:
    act(database, runs.set_state, run_id, "paused", "no")
    assert claim(database, run_id) is None
    act(database, runs.set_state, run_id, "running")
    assert claim(database, run_id) is not None


def test_what_is_tried_again_is_not_claimed_before_it_is_due(
    database: Database, run_id: int
) -> None:
    shard, due = held(database, run_id)
    act(database, outbox.start, shard, [one.id for one in due], now=NOW)
    act(database, outbox.record, shard, [(one, BUSY) for one in due], now=NOW)
    act(database, outbox.release, shard)
    assert claim(database, run_id, now=NOW + timedelta(seconds=1)) is None
    assert claim(database, run_id, now=NOW + timedelta(hours=1)) is not None


def test_a_clock_set_back_by_a_day_holds_nothing_up(database: Database, run_id: int) -> None:
    shard, due = held(database, run_id, NOW - timedelta(days=1))
    assert shard.number == 0
    assert len(due) == 3


def test_of_many_who_claim_at_once_each_shard_has_one_holder(database: Database) -> None:
    with database.begin() as session:
        given.subscribers(session, 12)
        run = freezing.freeze(session, plan(shard_size=4))
    assert run is not None
    start = Barrier(6)

    def race(n: int) -> Shard | None:
        start.wait()
        return claim(database, run.id, f"sender {n}")

    with ThreadPoolExecutor(6) as threads:
        taken = [shard for shard in threads.map(race, range(6)) if shard]
    assert len(taken) == len({shard.number for shard in taken}) <= 3
    while shard := claim(database, run.id):
        taken.append(shard)
    assert sorted(shard.number for shard in taken) == [0, 1, 2]


STALE: dict[str, Callable[[Session, Shard, list[Claimed]], object]] = {
    "start": lambda s, shard, due: outbox.start(s, shard, [due[0].id], now=LATER),
    "record": lambda s, shard, due: outbox.record(s, shard, [(due[0], SENT)], now=LATER),
    "end": lambda s, shard, due: outbox.end(s, shard, [due[0].id], State.EMPTY, "", LATER),
    "extend": lambda s, shard, due: outbox.extend(s, shard, LATER),
    "claim_due": lambda s, shard, due: outbox.claim_due(s, shard, now=LATER),
    "expire": lambda s, shard, due: outbox.expire(s, shard, now=LATER),
}


@pytest.mark.parametrize("step", STALE)
@pytest.mark.parametrize("under_way", [False, True])
def test_a_sender_that_lost_its_shard_changes_nothing(
    database: Database, run_id: int, step: str, under_way: bool
) -> None:
    stale, due = held(database, run_id)
    if under_way:
        act(database, outbox.start, stale, [due[0].id], now=NOW)
    held(database, run_id, LATER)
    before = rows(database)
    with pytest.raises(LostClaim, match=f"shard 0 of run {run_id}"), database.begin() as session:
        STALE[step](session, stale, due)
    assert rows(database) == before


@pytest.mark.parametrize("step", ["release", "start_digests", "hand_back"])
def test_a_sender_that_lost_its_shard_gives_nothing_back(
    database: Database, run_id: int, step: str
) -> None:
    stale, due = held(database, run_id)
    held(database, run_id, LATER)
    before = rows(database)
    with database.begin() as session:
        if step == "release":
            outbox.release(session, stale)
        elif step == "hand_back":
            outbox.hand_back(session, stale, now=LATER)
        else:
            with pytest.raises(LostClaim):
                outbox.start_digests(
                    session, stale, [Composed(due[0].id, b"", b"", 1, 1)], now=LATER
                )
    assert rows(database) == before


def test_an_old_holder_never_touches_a_promise_that_was_made_again(
    database: Database, run_id: int
) -> None:
    stale, due = held(database, run_id)
    newer, again = held(database, run_id, LATER)
    act(database, outbox.end, newer, [one.id for one in again], State.EMPTY, "nothing", LATER)
    with database.begin() as session:
        run = freezing.freeze(session, plan(hour=9))
    assert run is not None
    shard, _ = held(database, run.id, at(0, 10))
    assert shard.epoch == stale.epoch  # the epochs alone would not tell them apart
    with pytest.raises(LostClaim), database.begin() as session:
        outbox.start(session, stale, [due[0].id], now=LATER)
    assert states(database) == [State.CLAIMED] * 3


def test_an_ended_lease_leaves_the_claimed_planned_and_what_was_under_way_in_doubt(
    database: Database, run_id: int
) -> None:
    shard, due = held(database, run_id)
    act(database, outbox.start, shard, [due[0].id], now=NOW)
    act(database, outbox.end, shard, [due[1].id], State.EMPTY, "nothing new", NOW)
    assert claim(database, run_id, "b", LATER) is not None
    assert states(database) == [State.IN_DOUBT, State.EMPTY, State.PLANNED]
    with database.read() as session:
        [(_, doubtful), *_] = deliveries.of_run(session, run_id)
    assert "sender stopped" in doubtful.reason


def test_a_shard_given_back_half_way_is_taken_up_where_it_stood(
    database: Database, run_id: int
) -> None:
    shard, due = held(database, run_id)
    act(database, outbox.start, shard, [due[0].id], now=NOW)
    act(database, outbox.record, shard, [(due[0], SENT)], now=NOW)
    act(database, outbox.release, shard)
    _, again = held(database, run_id)
    assert [one.id for one in again] == [one.id for one in due[1:]]


def test_a_deferred_delivery_waits_and_holds_its_shard_open(
    database: Database, run_id: int
) -> None:
    now = NOW
    for attempt in (1, 2, 3):
        shard, due = held(database, run_id, now)
        assert [one.attempts for one in due] == [attempt - 1] * 3
        act(database, outbox.start, shard, [one.id for one in due], now=now)
        act(database, outbox.record, shard, [(one, BUSY) for one in due], now=now)
        act(database, outbox.release, shard)
        waits = [retry_at(now, attempt, one.id) for one in due]
        assert claim(database, run_id, now=min(waits) - timedelta(seconds=1)) is None
        now = max(waits)
    with database.begin() as session:
        assert not runs.finish(session, run_id)
        tried = deliveries.of_run(session, run_id)[0][1].attempts
    assert [one.number for one in tried] == [1, 2, 3]
    assert {(one.state, one.phase, one.code, one.reply) for one in tried} == {
        (State.DEFERRED, Phase.RCPT, 450, "450 busy")
    }


def test_what_could_not_be_composed_waits_without_an_attempt(
    database: Database, run_id: int
) -> None:
    shard, due = held(database, run_id)
    act(database, outbox.end, shard, [due[0].id], State.DEFERRED, "no template", NOW)
    with database.begin() as session:
        assert outbox.claim_due(session, shard, now=NOW) == []
        [again] = outbox.claim_due(session, shard, now=retry_at(NOW, 1))
    assert again == due[0]


def test_our_own_fault_leaves_a_promise_as_if_it_was_never_tried(
    database: Database, run_id: int
) -> None:
    shard, due = held(database, run_id)
    refused = Outcome(State.PLANNED, "550 5.7.1 no", 550, Phase.MAIL, ours=True)
    act(database, outbox.start, shard, [due[0].id], now=NOW)
    act(database, outbox.record, shard, [(due[0], refused)], now=NOW)
    with database.begin() as session:
        [again] = outbox.claim_due(session, shard, now=NOW)
    assert again == due[0]


def test_past_the_deadline_what_waits_is_expired(database: Database, run_id: int) -> None:
    shard, due = held(database, run_id)
    act(database, outbox.start, shard, [due[0].id], now=NOW)
    act(database, outbox.record, shard, [(due[0], BUSY)], now=NOW)
    act(database, outbox.end, shard, [due[1].id], State.EMPTY, "", NOW)
    act(database, outbox.hand_back, shard, now=NOW)
    act(database, outbox.expire, shard, now=at(1, 4))
    act(database, outbox.release, shard)
    assert states(database) == [State.EXPIRED, State.EMPTY, State.EXPIRED]
    with database.begin() as session:
        assert runs.finish(session, run_id)


def test_a_final_outcome_cannot_be_recorded_over(database: Database, run_id: int) -> None:
    shard, due = held(database, run_id)
    act(database, outbox.start, shard, [due[0].id], now=NOW)
    act(database, outbox.record, shard, [(due[0], SENT)], now=NOW)
    before = rows(database)
    with pytest.raises(LostClaim), database.begin() as session:
        outbox.record(session, shard, [(due[0], BUSY)], now=NOW)
    assert rows(database) == before


@pytest.mark.parametrize("state", [State.SENT, State.BOUNCED, State.IN_DOUBT])
def test_what_was_never_under_way_cannot_end_as_if_it_had_been(
    database: Database, run_id: int, state: State
) -> None:
    shard, due = held(database, run_id)
    with pytest.raises(IllegalTransition), database.begin() as session:
        outbox.end(session, shard, [due[0].id], state, "", NOW)


def test_of_a_group_with_one_stale_row_none_is_started(database: Database, run_id: int) -> None:
    shard, due = held(database, run_id)
    act(database, outbox.end, shard, [due[2].id], State.EMPTY, "", NOW)
    with pytest.raises(LostClaim), database.begin() as session:
        outbox.start(session, shard, [one.id for one in due], now=NOW)
    assert states(database) == [State.CLAIMED, State.CLAIMED, State.EMPTY]


def test_no_outcomes_are_no_error(database: Database, run_id: int) -> None:
    shard, _ = held(database, run_id)
    act(database, outbox.record, shard, [], now=NOW)
    act(database, outbox.start, shard, [], now=NOW)
    act(database, outbox.start_digests, shard, [], now=NOW)


def test_picks_are_kept_with_the_delivery(database: Database, run_id: int) -> None:
    shard, due = held(database, run_id)
    picks = (Pick(7, 1.5, Section.FOR_YOU, Change.NEW), Pick(3, 1.0, Section.TRENDING, Change.NEW))
    kept = Composed(due[0].id, pack_ids([7, 3]), pack_picks(picks), 40, 1)
    act(database, outbox.start_digests, shard, [kept], now=NOW)
    with database.read() as session:
        (who, first), (_, second), _ = deliveries.of_run(session, run_id)
    assert who == due[0].subscriber_id
    assert (first.picks, first.considered, first.profile_version) == (picks, 40, 1)
    assert (second.picks, second.considered) == ((), None)
