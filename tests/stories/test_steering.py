"""Steering a run from outside: legal steps, steps done twice, and a sender that is at work."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import select, update

from digest import sender, steering
from digest.app import App, build
from digest.core.delivery import Outcome, Phase, State
from digest.core.message import Message
from digest.errors import IllegalTransition, UnknownRun
from digest.pipeline import collect
from digest.settings import load
from digest.steering import Step
from digest.store import freezing, outbox, runs
from digest.store.tables import DeliveryRow, ShardRow
from tests import given
from tests.given import plan
from tests.stories.test_send import DAY, Relay, listing

READERS, CROWD = 5, 260


@pytest.fixture
def app(home: object, database_url: str) -> Iterator[App]:
    """An App whose run 1 promises a day's digest to five readers, two to a shard."""
    app = build(load(database_url=database_url, secret=SecretStr("s" * 40)))
    with app.begin() as session:
        given.subscribers(session, READERS)
        assert freezing.freeze(session, plan(shard_size=2)) is not None
    yield app
    app.database.engine.dispose()


def set_all(app: App, state: State, *, but: int = 0) -> None:
    """Every delivery but the first few, by reader."""
    with app.begin() as session:
        ids = session.scalars(select(DeliveryRow.id).order_by(DeliveryRow.id)).all()
        session.execute(
            update(DeliveryRow).where(DeliveryRow.id.in_(ids[but:])).values(state=state)
        )


def put(app: App, state: str) -> None:
    """The run as it is after such a life."""
    if state in ("done", "cancelled"):
        set_all(app, State.SENT)
    with app.begin() as session:
        runs.set_state(session, 1, state)
        if state == "done":
            assert runs.finish(session, 1)


STEPS: dict[str, Callable[[App, int], Step]] = {
    "pause": steering.pause, "resume": steering.resume, "cancel": steering.cancel}  # fmt: skip
BECOMES = {"pause": "paused", "resume": "running", "cancel": "cancelled"}
LEGAL = {("running", "pause"): True, ("paused", "pause"): False, ("paused", "resume"): True,
         ("running", "cancel"): True, ("paused", "cancel"): True,
         ("cancelled", "cancel"): False}  # fmt: skip


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("state", ["running", "paused", "cancelled", "done"])
def test_each_step_is_taken_or_refused_in_words_that_name_the_run(
    app: App, state: str, step: str
) -> None:
    put(app, state)
    if (state, step) in LEGAL:
        done = STEPS[step](app, 1)
        assert (done.run.state, done.changed) == (BECOMES[step], LEGAL[state, step])
    else:
        with pytest.raises(IllegalTransition, match=f"run 1 is {state}"):
            STEPS[step](app, 1)
        with app.read() as session:
            assert steering.find(session, 1).state == state


@pytest.mark.parametrize("number", [0, 2])
def test_a_run_that_is_not_there_is_named(app: App, number: int) -> None:
    for step in (*STEPS.values(), lambda app, run: steering.decide(app, run, State.SENT, by="x")):
        with pytest.raises(UnknownRun, match=f"no run {number}: `digest runs`"):
            step(app, number)


def test_a_pause_says_whose_it_is_and_resuming_forgets_it(app: App) -> None:
    assert steering.pause(app, 1).run.note == "paused by command"
    assert steering.resume(app, 1).run.note == ""


def test_a_pause_of_the_relay_keeps_its_reason(app: App) -> None:
    with app.begin() as session:
        runs.set_state(session, 1, "paused", "550 5.7.1 no")
    assert steering.pause(app, 1).run.note == "550 5.7.1 no"


def test_a_cancelled_run_closes_its_account_at_once_where_nobody_is_at_work(app: App) -> None:
    heard: list[tuple[int, int]] = []
    done = steering.cancel(app, 1, lambda *shards: heard.append(shards))
    assert (done.count, done.run.outcomes) == (READERS, {State.CANCELLED: READERS})
    assert done.run.is_accounted
    assert heard == [(3, 3)]


def test_what_a_sender_holds_is_cancelled_when_it_hands_it_back(app: App) -> None:
    """The sender's own order of steps: see the state, end what is under way, hand back, cancel."""
    now = app.clock()
    with app.begin() as session:
        shard = outbox.claim_shard(session, 1, owner="a", now=now)
        assert shard is not None
        first, _ = outbox.claim_due(session, shard, now=now)
        outbox.start(session, shard, [first.id], now=now)
    done = steering.cancel(app, 1)
    assert done.run.outcomes == {
        State.IN_FLIGHT: 1, State.CLAIMED: 1, State.CANCELLED: READERS - 2}  # fmt: skip
    assert not done.run.is_accounted
    with app.begin() as session:
        session.execute(update(DeliveryRow).where(DeliveryRow.id == first.id).values(state="sent"))
        outbox.hand_back(session, shard, now=now)
        assert runs.cancel_waiting(session, 1, now=now, only=[shard.number]) == 1
        outbox.release(session, shard)
        assert runs.finish(session, 1)
    again = steering.cancel(app, 1)
    assert (again.changed, again.count, again.run.state) == (False, 0, "cancelled")
    assert again.run.outcomes == {State.SENT: 1, State.CANCELLED: READERS - 1}


def test_a_cancel_that_was_cut_off_is_finished_by_the_next(app: App) -> None:
    with app.begin() as session:
        runs.set_state(session, 1, "cancelled", "cancelled by command")
    again = steering.cancel(app, 1)
    assert (again.changed, again.count, again.run.is_accounted) == (False, READERS, True)


def test_a_decision_is_taken_once_and_opens_the_run_for_resuming(app: App) -> None:
    set_all(app, State.IN_DOUBT)
    set_all(app, State.SENT, but=2)
    with app.begin() as session:
        session.execute(update(ShardRow).values(done=True))
        assert runs.finish(session, 1)
    sent = steering.decide(app, 1, State.SENT, by="ada", only=[1])
    assert (sent.count, sent.run.state) == (1, "done")
    again = steering.decide(app, 1, State.PLANNED, by="ada")
    assert (again.count, again.run.state) == (1, "paused")
    assert steering.decide(app, 1, State.PLANNED, by="ada").changed is False
    assert steering.resume(app, 1).run.outcomes == {State.SENT: READERS - 1, State.PLANNED: 1}
    with app.begin() as session:
        assert outbox.claim_shard(session, 1, owner="a", now=app.clock()) is not None


@pytest.fixture
def crowded(home: Path, database_url: str) -> Iterator[App]:
    """A day of papers, and 260 readers who have not had it yet: two shards, several groups."""
    app = build(load(database_url=database_url, secret=SecretStr("s" * 40)))
    collect(app, [listing(home, DAY, ["Whale song decoded", "A tea ceremony"])])
    with app.begin() as session:
        given.subscribers(session, CROWD)
    yield app
    app.database.engine.dispose()


def at_third(act: Callable[[], object], state: list[int]) -> Callable[[Message], Outcome]:
    """A relay's answers; while the third is on its way somebody acts in another shell."""

    def answer(_: Message) -> Outcome:
        state.append(1)
        if len(state) == 3:
            act()
        return Outcome(State.SENT, "250 ok", 250, Phase.DOT)

    return answer


def test_a_sender_at_work_follows_a_pause_and_resuming_sends_the_rest_once(crowded: App) -> None:
    got: list[int] = []
    relay = Relay(at_third(lambda: steering.pause(crowded, 1), got))
    told = sender.send(crowded, DAY, transports=lambda: relay)
    assert told.paused == "paused by command"
    assert told.outcomes.keys() == {State.SENT, State.PLANNED}
    assert told.outcomes[State.SENT] == len(got) < CROWD
    with crowded.read() as session:
        assert steering.find(session, 1).state == "paused"
    steering.resume(crowded, 1)
    done = sender.resume(crowded, 1, transports=lambda: relay)
    assert done.outcomes == {State.SENT: CROWD}
    assert len(set(relay.got)) == len(relay.got) == CROWD


def test_a_sender_at_work_follows_a_cancel_and_the_account_is_closed(crowded: App) -> None:
    got: list[int] = []
    relay = Relay(at_third(lambda: steering.cancel(crowded, 1), got))
    told = sender.send(crowded, DAY, transports=lambda: relay)
    assert told.outcomes.keys() == {State.SENT, State.CANCELLED}
    with crowded.read() as session:
        run = steering.find(session, 1)
    assert (run.state, run.is_accounted, run.outcomes) == ("cancelled", True, told.outcomes)
    assert run.outcomes[State.SENT] == len(got) < CROWD
    anew = sender.send(crowded, DAY, transports=lambda: relay)
    assert anew.outcomes == {State.SENT: CROWD - run.outcomes[State.SENT]}
    assert len(set(relay.got)) == len(relay.got) == CROWD
