"""Freezing an audience: everybody once, whoever asks at the same time."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from digest.core.delivery import State
from digest.errors import StoreError
from digest.store import freezing, runs, tallies
from digest.store.database import Database
from digest.store.runs import Run
from digest.store.tables import DeliveryRow, RunRow
from subscribers.consent import Status
from tests import given
from tests.given import at, day, plan


def readers(database: Database, count: int = 3) -> list[int]:
    with database.begin() as session:
        return given.subscribers(session, count)


def freeze(database: Database, asked: freezing.Plan | None = None) -> Run | None:
    with database.begin() as session:
        return freezing.freeze(session, asked or plan())


def set_state(database: Database, who: Sequence[int], state: State) -> None:
    with database.begin() as session:
        session.execute(
            update(DeliveryRow).where(DeliveryRow.subscriber_id.in_(who)).values(state=state)
        )


def get(database: Database, run_id: int) -> Run:
    with database.read() as session:
        run = runs.get(session, run_id)
    assert run is not None
    return run


def promised_to(database: Database, run_id: int | None = None) -> set[int]:
    query = select(DeliveryRow.subscriber_id)
    if run_id is not None:
        query = query.where(DeliveryRow.run_id == run_id)
    with database.read() as session:
        return set(session.scalars(query))


def test_every_active_reader_is_promised_the_day_once(database: Database) -> None:
    ids = readers(database)
    run = freeze(database)
    assert run is not None
    assert (run.day, run.state, run.audience) == (day(0), "running", 3)
    assert run.outcomes == {State.PLANNED: 3}
    assert run.planned_at == at(0, 7)
    assert run.deadline_at == at(1, 3)
    assert promised_to(database) == set(ids)
    assert freeze(database) is None
    assert freeze(database, plan(1)) is not None


def test_only_those_who_agreed_and_are_not_paused_are_promised(database: Database) -> None:
    with database.begin() as session:
        active = given.subscriber(session, "active@example.org")
        over = given.subscriber(
            session, "over@example.org", status=Status.PAUSED, paused_until=day(0)
        )
        given.subscriber(session, "later@example.org", status=Status.PAUSED, paused_until=day(1))
        given.subscriber(session, "open@example.org", status=Status.PAUSED)
        given.subscriber(session, "pending@example.org", status=Status.PENDING)
        given.subscriber(session, "gone@example.org", status=Status.UNSUBSCRIBED)
    with database.read() as session:
        assert freezing.wanted(session, plan()) == [active, over]
    freeze(database)
    assert promised_to(database) == {active, over}


def test_a_send_to_some_is_for_no_other(database: Database) -> None:
    ids = readers(database)
    assert freeze(database, plan(only=[ids[1], 999])) is not None
    assert promised_to(database) == {ids[1]}
    assert freeze(database, plan(only=[])) is None
    run = freeze(database)
    assert run is not None
    assert promised_to(database, run.id) == {ids[0], ids[2]}


def test_nobody_leaves_no_run(database: Database) -> None:
    assert freeze(database) is None
    with database.read() as session:
        assert session.scalars(select(RunRow.id)).all() == []
        assert runs.unfinished(session, day(0)) == []


def test_an_audience_is_cut_into_shards_of_the_size_asked(database: Database) -> None:
    readers(database, 7)
    freeze(database, plan(shard_size=3))
    with database.read() as session:
        query = select(DeliveryRow.shard).order_by(DeliveryRow.subscriber_id)
        assert session.scalars(query).all() == [0, 0, 0, 1, 1, 1, 2]


@pytest.mark.parametrize("state", [State.EMPTY, State.SUPPRESSED, State.EXPIRED, State.CANCELLED])
def test_a_promise_that_ended_without_a_hand_over_is_made_again(
    database: Database, state: State
) -> None:
    ids = readers(database)
    first = freeze(database)
    assert first is not None
    set_state(database, ids[:1], state)
    set_state(database, ids[1:], State.SENT)
    with database.begin() as session:
        assert runs.finish(session, first.id)
        assert freezing.wanted(session, plan()) == ids[:1]
        assert freezing.served(session, plan()) == 2
    second = freeze(database)
    assert second is not None
    assert (second.audience, second.outcomes) == (1, {State.PLANNED: 1})
    assert promised_to(database, second.id) == {ids[0]}
    assert get(database, first.id).outcomes == {state: 1, State.SENT: 2}


@pytest.mark.parametrize(
    "state", [State.PLANNED, State.CLAIMED, State.IN_FLIGHT, State.DEFERRED, State.SENT,
              State.BOUNCED, State.IN_DOUBT]
)  # fmt: skip
def test_what_waits_or_may_have_arrived_is_never_promised_again(
    database: Database, state: State
) -> None:
    ids = readers(database)
    freeze(database)
    set_state(database, ids, state)
    assert freeze(database) is None


def test_an_open_run_that_loses_a_promise_to_another_can_still_finish(database: Database) -> None:
    ids = readers(database)
    first = freeze(database)
    assert first is not None
    set_state(database, ids[:1], State.EMPTY)
    second = freeze(database)
    assert second is not None
    assert (get(database, first.id).audience, second.audience) == (2, 1)
    set_state(database, ids, State.SENT)
    with database.begin() as session:
        assert runs.finish(session, first.id)
        assert runs.finish(session, second.id)
        assert runs.unfinished(session, day(0)) == []


def test_old_and_new_promises_share_no_shard(database: Database) -> None:
    ids = readers(database, 5)
    freeze(database, plan(only=ids[:3]))
    set_state(database, ids[:3], State.EMPTY)
    run = freeze(database, plan(shard_size=2))
    assert run is not None
    with database.read() as session:
        rows = session.execute(
            select(DeliveryRow.shard, DeliveryRow.subscriber_id).where(DeliveryRow.run_id == run.id)
        )
        shards: dict[int, set[int]] = {}
        for shard, who in rows:
            shards.setdefault(shard, set()).add(who)
    assert shards == {0: {ids[3], ids[4]}, 1: {ids[0], ids[1]}, 2: {ids[2]}}


def test_a_run_is_finished_only_when_its_account_is_whole(database: Database) -> None:
    ids = readers(database)
    run = freeze(database)
    assert run is not None
    for state in (State.PLANNED, State.CLAIMED, State.IN_FLIGHT, State.DEFERRED):
        set_state(database, ids[:1], state)
        set_state(database, ids[1:], State.SENT)
        with database.begin() as session:
            assert not runs.finish(session, run.id)
    set_state(database, ids[:1], State.IN_DOUBT)
    with database.begin() as session:
        assert runs.finish(session, run.id)
    done = get(database, run.id)
    assert (done.state, done.is_accounted) == ("done", True)
    assert done.outcomes == {State.SENT: 2, State.IN_DOUBT: 1}
    with database.begin() as session:
        runs.set_state(session, run.id, "paused", "too late")
    assert get(database, run.id).state == "done"


def test_a_paused_run_says_why_and_goes_on(database: Database) -> None:
    readers(database)
    run = freeze(database)
    assert run is not None
    with database.begin() as session:
        runs.set_state(session, run.id, "paused", "550 5.7.1 no")
        assert runs.unfinished(session, day(0)) == [run.id]
    assert (get(database, run.id).state, get(database, run.id).note) == ("paused", "550 5.7.1 no")


def cancelled(database: Database, run_id: int) -> int:
    """Cancel a run as a sender or a command would; how many deliveries that ended."""
    with database.begin() as session:
        runs.set_state(session, run_id, "cancelled", "cancelled by command")
        return runs.cancel_waiting(session, run_id, now=at(0, 9))


def test_what_waits_in_a_cancelled_run_ends_now_and_what_is_in_hand_when_it_comes_back(
    database: Database,
) -> None:
    ids = readers(database, 6)
    run = freeze(database, plan(shard_size=2))
    assert run is not None
    states = (State.PLANNED, State.DEFERRED, State.CLAIMED, State.IN_FLIGHT, State.SENT,
              State.EMPTY)  # fmt: skip
    for who, state in zip(ids, states, strict=True):
        set_state(database, [who], state)
    assert cancelled(database, run.id) == 2
    with database.begin() as session:
        assert not runs.finish(session, run.id)
        assert runs.unfinished(session, day(0)) == []
    set_state(database, ids[2:3], State.PLANNED)
    set_state(database, ids[3:4], State.SENT)
    assert cancelled(database, run.id) == 1
    with database.begin() as session:
        assert runs.finish(session, run.id)
    found = get(database, run.id)
    assert (found.state, found.note) == ("cancelled", "cancelled by command")
    assert found.outcomes == {State.SENT: 2, State.EMPTY: 1, State.CANCELLED: 3}
    assert cancelled(database, run.id) == 0


def test_only_the_shards_named_and_only_a_cancelled_run_are_cancelled(database: Database) -> None:
    readers(database, 5)
    run = freeze(database, plan(shard_size=2))
    assert run is not None
    with database.begin() as session:
        assert runs.shards(session, run.id) == [0, 1, 2]
        for state in ("running", "paused"):
            runs.set_state(session, run.id, state)
            assert runs.cancel_waiting(session, run.id, now=at(0, 9)) == 0
        runs.set_state(session, run.id, "cancelled")
        assert runs.cancel_waiting(session, run.id, now=at(0, 9), only=[1]) == 2
        assert runs.cancel_waiting(session, run.id, now=at(0, 9), only=[0, 2]) == 3


@pytest.mark.parametrize("is_finished", [True, False])
def test_a_later_send_promises_the_cancelled_anew_and_both_accounts_stay_whole(
    database: Database, is_finished: bool
) -> None:
    ids = readers(database)
    first = freeze(database)
    assert first is not None
    set_state(database, ids[:1], State.SENT if is_finished else State.IN_FLIGHT)
    cancelled(database, first.id)
    with database.begin() as session:
        assert runs.finish(session, first.id) is is_finished
    second = freeze(database)
    assert second is not None
    assert (second.audience, promised_to(database, second.id)) == (2, set(ids[1:]))
    set_state(database, ids[:1], State.SENT)
    with database.begin() as session:
        assert runs.finish(session, first.id)
    found = get(database, first.id)
    assert sum(found.outcomes.values()) == found.audience == (3 if is_finished else 1)
    assert found.state == "cancelled"


def test_a_freeze_and_a_cancel_at_once_end_with_everybody_in_one_account(
    database: Database,
) -> None:
    ids = readers(database, 60)
    first = freeze(database, plan(shard_size=7))
    assert first is not None
    with database.begin() as session:
        runs.set_state(session, first.id, "paused")
    start = Barrier(3)

    def race(number: int) -> None:
        start.wait()
        if number:
            freeze(database, plan(only=ids[::number]))
            return
        with database.begin() as session:
            assert runs.hold(session, first.id) == "paused"
            runs.set_state(session, first.id, "cancelled")
        cancelled(database, first.id)

    with ThreadPoolExecutor(3) as threads:
        list(threads.map(race, [0, 2, 3]))
    with database.begin() as session:
        for run_id in session.scalars(select(RunRow.id)).all():
            runs.finish(session, run_id)
            run = runs.get(session, run_id)
            assert run is not None
            assert sum(run.outcomes.values()) == run.audience
    assert len(promised_to(database)) == 60


def test_a_run_of_letters_or_of_no_one_is_not_held(database: Database) -> None:
    with database.begin() as session:
        assert runs.hold(session, 0) is None
        assert runs.hold(session, 99) is None


def test_a_day_is_counted_over_all_its_runs(database: Database) -> None:
    ids = readers(database)
    freeze(database, plan(only=ids[:1]))
    set_state(database, ids[:1], State.SENT)
    freeze(database)
    freeze(database, plan(1))
    with database.read() as session:
        assert tallies.outcomes(session, day(0)) == {State.SENT: 1, State.PLANNED: 2}
        assert tallies.outcomes(session, day(5)) == {}


def test_the_database_itself_refuses_a_second_promise(database: Database) -> None:
    ids = readers(database)
    freeze(database)
    row = {
        "kind": "digest", "subscriber_id": ids[0], "edition_id": None, "local_day": day(0),
        "shard": 0, "epoch": 0, "state": "planned", "reason": "", "attempts": 0,
        "due_at": at(0), "changed_at": at(0),
    }  # fmt: skip
    with pytest.raises(StoreError) as error, database.begin() as session:
        session.execute(insert(DeliveryRow).values(row))
    assert isinstance(error.value.__cause__, IntegrityError)


@pytest.mark.parametrize("again", [False, True])
def test_two_that_freeze_at_once_promise_everybody_once(database: Database, again: bool) -> None:
    ids = readers(database, 60)
    if again:
        freeze(database)
        set_state(database, ids, State.EMPTY)
    start = Barrier(4)

    def race(_: int) -> int:
        start.wait()
        run = freeze(database)
        return run.audience if run else 0

    with ThreadPoolExecutor(4) as threads:
        audiences = list(threads.map(race, range(4)))
    assert sorted(audiences) == [0, 0, 0, 60]
    with database.read() as session:
        assert len(session.scalars(select(DeliveryRow.subscriber_id)).all()) == 60


def test_a_run_without_an_account_is_found_as_such(database: Database) -> None:
    ids = readers(database)
    run = freeze(database)
    assert run is not None
    set_state(database, ids[:1], State.IN_DOUBT)
    with database.read() as session:
        live = tallies.live(session)
        assert live == {run.id: {State.IN_DOUBT: 1, State.PLANNED: 2}}
        assert tallies.in_doubt(session, live) == [(run.id, 1)]
        assert runs.unaccounted(session, day(0), "running") == [run.id]
        assert tallies.sent_by_day(session, day(0), live)[day(0)][State.PLANNED] == 2
