"""Story: a person steers a run from outside: pause, resume, cancel, and decide what is in doubt.

Senders at work read the run's state whenever they mark a group as under way, so that they follow
before their next group; what is under way by then ends as it ends.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session

from digest import owner
from digest.app import App
from digest.core.breaker import BY_COMMAND
from digest.core.delivery import State
from digest.errors import IllegalTransition, UnknownRun
from digest.store import doubts, outbox, runs
from digest.store.runs import Run
from subscribers.chunks import chunks

# So many shards are cancelled in one transaction: no sender waits long for one of them.
SHARDS = 50


@dataclass(frozen=True, slots=True)
class Step:
    """The run after a step; whether the step changed its state, and of how many deliveries."""

    run: Run
    changed: bool
    count: int = 0


def find(session: Session, run_id: int) -> Run:
    """A run with its account; UnknownRun if there is none."""
    run = runs.get(session, run_id)
    if run is None:
        raise UnknownRun(_unknown(run_id))
    return run


def pause(app: App, run_id: int) -> Step:
    """Let senders stop before their next group; what they have claimed waits again."""
    with app.begin() as session:
        state = _hold(session, run_id)
        if state != "paused":
            _check(run_id, "paused", state, "running")
            runs.set_state(session, run_id, "paused", BY_COMMAND)
        return Step(find(session, run_id), state != "paused")


def resume(app: App, run_id: int) -> Step:
    """Open a paused run for senders again; this sends nothing itself."""
    with app.begin() as session:
        state = _hold(session, run_id)
        if state == "running":
            raise IllegalTransition(
                f"run {run_id} is running already; if no sender is at work on it any more, "
                f"`digest runs pause {run_id}` first"
            )
        _check(run_id, "resumed", state, "paused")
        runs.set_state(session, run_id, "running")
        return Step(find(session, run_id), True)


def cancel(
    app: App, run_id: int, progress: Callable[[int, int], None] = lambda _done, _total: None
) -> Step:
    """End a run: whatever waits in it is cancelled, now or when its sender has handed it back.

    Doing it again cancels what a first time that was cut off has left. `progress` is told how many
    shards are done, of how many.
    """
    with app.begin() as session:
        state = _hold(session, run_id)
        if state != runs.CANCELLED:
            _check(run_id, "cancelled", state, *runs.OPEN)
            runs.set_state(session, run_id, runs.CANCELLED, "cancelled by command")
    count = _cancel_waiting(app, run_id, progress)
    wind_up(app, run_id)
    with app.begin() as session:
        runs.finish(session, run_id)
        return Step(find(session, run_id), state != runs.CANCELLED, count)


def _cancel_waiting(app: App, run_id: int, progress: Callable[[int, int], None]) -> int:
    with app.read() as session:
        numbers = runs.shards(session, run_id)
    count = done = 0
    for part in chunks(numbers, SHARDS):
        with app.begin() as session:
            count += runs.cancel_waiting(session, run_id, now=app.clock(), only=part)
        done += len(part)
        progress(done, len(numbers))
    return count


def wind_up(app: App, run_id: int) -> None:
    """End what a dead sender has left of a cancelled run: what was under way is in doubt."""
    with app.begin() as session:
        outbox.free_shards_of(session, run_id, owner.is_gone)
    while True:
        with app.begin() as session:
            now, at = app.clock(), app.lease_now(session)
            shard = outbox.claim_shard(
                session, run_id, owner=owner.me(), now=now, at=at, state=runs.CANCELLED
            )
            if shard is None:
                runs.finish(session, run_id)
                return
            runs.cancel_waiting(session, run_id, now=now, only=[shard.number])
            outbox.release(session, shard)


def decide(app: App, run_id: int, to: State, *, by: str, only: Sequence[int] | None = None) -> Step:
    """Count what is in doubt as SENT, or promise it again (PLANNED): a reader may get it twice.

    A second time finds nothing in doubt. What is promised again waits for `resume` or a send.
    """
    life = timedelta(hours=app.settings.deadline_hours)
    with app.begin() as session:
        _hold(session, run_id)
        count = doubts.decide(session, run_id, to, by=by, now=app.clock(), life=life, only=only)
        return Step(find(session, run_id), count > 0, count)


def _hold(session: Session, run_id: int) -> str:
    """The state of a run that nobody else steers before the commit."""
    state = runs.hold(session, run_id)
    if state is None:
        raise UnknownRun(_unknown(run_id))
    return state


def _check(run_id: int, step: str, state: str, *allowed: str) -> None:
    if state not in allowed:
        raise IllegalTransition(
            f"run {run_id} is {state}: only a {' or '.join(allowed)} run can be {step}"
        )


def _unknown(run_id: int) -> str:
    return f"there is no run {run_id}: `digest runs` lists them"
