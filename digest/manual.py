"""Story: a send by hand. look at whom it would reach -> order it, once -> it is held for a minute,
and can be undone -> it goes.

The audience is frozen when it is ordered, as a run that rests until its time has come; from then
on it is a run like any other, and its ledger says what became of whom.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy.orm import Session

from digest import credentials, owner, sender, steering
from digest.app import App
from digest.core import breaker
from digest.core.delivery import State
from digest.core.wish import MOST_DAYS, Whom, Wish
from digest.errors import DigestError, SendError, UnknownRun
from digest.store import audience, audit, complaints, freezing, runs, sends, tallies
from digest.store.sends import Send, SendState
from subscribers import suppression
from subscribers.consent import Status

HOLD = timedelta(seconds=60)
AHEAD = timedelta(days=1)
SHOWN = 3
# Above so many, whose addresses are suppressed is not counted before, but when it is sent.
COUNTED = 20_000


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a wish would do: for how many readers, why others are left out, of whom to look at the
    mail, and what speaks against it ("" for nothing). `suppressed` is None where it was not
    counted."""

    count: int
    left_out: tuple[tuple[str, int], ...]
    suppressed: int | None
    samples: tuple[int, ...]
    warning: str


def check(app: App, wish: Wish) -> None:
    """SendError if there can be no such send."""
    if wish.day > app.clock().date() + AHEAD:
        raise SendError(f"{wish.day} is still to come: there is nothing to send of it")
    if not 0 <= wish.days <= MOST_DAYS:
        raise SendError(f"a digest looks back 1 to {MOST_DAYS} days")


def foresee(app: App, wish: Wish) -> Forecast:
    """Whom the send would reach, now; writes nothing."""
    check(app, wish)
    with app.read() as session:
        ids, unknown = audience.resolve(session, wish)
        plan = replace(sender.plan_of(app, wish.day, ids), days=wish.days)
        count, had = freezing.reach(session, plan)
        return Forecast(
            count=count,
            left_out=_left_out(session, ids, count, had, unknown),
            suppressed=_suppressed(session, app, plan, count),
            samples=freezing.some_wanted(session, plan) if count else (),
            warning=_warning(session, app, wish.day),
        )


def _left_out(
    session: Session, ids: list[int] | None, count: int, had: int, unknown: int
) -> tuple[tuple[str, int], ...]:
    standing = audience.statuses(session, ids)
    here = sum(standing.values())
    away = [Status.PENDING, Status.PAUSED, Status.UNSUBSCRIBED]
    rest = here - count - had - sum(standing[status] for status in away)
    found = [
        ("had it already, or may have", had),
        ("not confirmed yet", standing[Status.PENDING]),
        ("paused", standing[Status.PAUSED] + min(rest, 0)),  # whose pause is over gets it
        ("unsubscribed", standing[Status.UNSUBSCRIBED]),
        ("in the hands of another run", max(rest, 0)),
        ("unknown addresses", unknown),
    ]
    return tuple((why, number) for why, number in found if number > 0)


def _suppressed(session: Session, app: App, plan: freezing.Plan, count: int) -> int | None:
    if count > COUNTED:
        return None
    if not count:
        return 0
    wanted = freezing.wanted(session, plan)
    return len(suppression.suppressed_ids(session, wanted, key=app.secret))


def _warning(session: Session, app: App, day: date) -> str:
    """What speaks against sending: complaints, or a day that has nothing."""
    if not tallies.has_papers(session, day):
        return f"No papers are listed for {day}: who had the digest before it gets nothing"
    lately = complaints.lately(session, now=app.clock())
    limits = breaker.parse(app.settings.breaker)
    return (breaker.complained(limits, lately.readers, lately.sent, 0) or "").partition(";")[0]


def order(
    app: App,
    wish: Wish,
    *,
    key: str,
    by: str,
    count: int | None = None,
    hold: timedelta = HOLD,
) -> tuple[Send, bool]:
    """The send of this key, with True if it was ordered just now: asking again gives the same one.

    SendError if the key was used for another wish, or the audience is not `count`.
    """
    check(app, wish)
    now, asked = app.clock(), _data(app, wish)
    with app.begin() as session:
        hashed = credentials.mac(app.secret, "send", key)
        placed = sends.place(session, hashed, asked, by=by, at=now, go_at=now + hold)
        send, is_new = placed
        if not is_new:
            if send.wish.get("hash") != asked["hash"]:
                raise SendError("this Idempotency-Key was used for another send: take a new one")
            return placed
        _freeze(session, app, wish, send, count)
        found = sends.get(session, send.id) or send
        about = f"run {found.run_id}" if found.run_id else ""
        audit.note(session, by, "ordered a send", about, wish.words, now=now)
    return found, True


def _freeze(session: Session, app: App, wish: Wish, send: Send, count: int | None) -> None:
    ids, _ = audience.resolve(session, wish)
    plan = replace(sender.plan_of(app, wish.day, ids), days=wish.days)
    run = freezing.freeze(session, plan)
    size = run.audience if run else 0
    if count is not None and count != size:
        raise SendError(f"it would go to {size:,} now, not to {count:,}: look at it again")
    if run is None:
        sends.settle(session, send.id, run_id=None, audience=0, state=SendState.EMPTY)
        return
    note = (f"held until {send.go_at:%H:%M:%S} UTC, when the desk sends it; if no desk is at work, "
            f"then `digest runs resume {run.id}` goes on")  # fmt: skip
    runs.set_state(session, run.id, "paused", note)
    sends.settle(session, send.id, run_id=run.id, audience=size, state=SendState.HELD)


def _data(app: App, wish: Wish) -> dict[str, Any]:
    """A wish as it is kept: the addresses in it only as a keyed hash of the whole."""
    told = f"{wish.day} {wish.days} {wish.whom} {wish.text}"
    return {
        "day": wish.day.isoformat(),
        "days": wish.days,
        "whom": wish.whom.value,
        "hash": credentials.mac(app.secret, "wish", told),
    }


def wish_of(send: Send) -> Mapping[str, Any]:
    """What may be shown of a send's wish."""
    return {name: value for name, value in send.wish.items() if name != "hash"}


def is_ordered(app: App, key: str) -> bool:
    """Whether a send of this key was ordered already."""
    with app.read() as session:
        return sends.by_key(session, credentials.mac(app.secret, "send", key)) is not None


def undo(app: App, send_id: int, *, by: str) -> Send:
    """Take back a send that is held still; SendError once it went."""
    with app.begin() as session:
        send = sends.get(session, send_id)
        if send is None or send.run_id is None:
            raise UnknownRun(f"there is no send {send_id}")
        if not sends.step(session, send_id, SendState.HELD, SendState.UNDONE):
            raise SendError(f"it is no longer held: run {send.run_id} can still be cancelled")
        audit.note(session, by, "undid a send", f"run {send.run_id}", now=app.clock())
    steering.cancel(app, send.run_id)
    with app.read() as session:
        return sends.get(session, send_id) or send


def release(app: App) -> list[int]:
    """Let go what was held for its time; the numbers of the runs."""
    freed = []
    with app.read() as session:
        waiting = sends.due(session, now=app.clock())
    for send in waiting:
        with app.begin() as session:
            if send.run_id and sends.step(session, send.id, SendState.HELD, SendState.GOING):
                runs.set_state(session, send.run_id, "running")
                freed.append(send.run_id)
    return freed


def go_on(app: App, run_id: int, *, by: str) -> None:
    """Resume a paused run, sent by whichever desk is at work."""
    now = app.clock()
    with app.begin() as session:
        send = sends.of_run(session, run_id)
        if send is not None and send.state is SendState.HELD:
            raise SendError("it is held still, and goes by itself; or undo it")
    steering.resume(app, run_id)
    take_up(app, run_id, by=by)
    with app.begin() as session:
        audit.note(session, by, "resumed a run", f"run {run_id}", now=now)


def take_up(app: App, run_id: int, *, by: str) -> None:
    """Have a running run sent by whichever desk is at work, whoever began it."""
    now = app.clock()
    with app.begin() as session:
        run, send = steering.find(session, run_id), sends.of_run(session, run_id)
        if send is not None and send.state is SendState.GOING:
            return
        asked = {"day": run.day.isoformat(), "days": 0, "whom": "resumed", "hash": ""}
        key = credentials.mac(app.secret, "resume", f"{run_id}")
        if send is None:
            send, _ = sends.place(session, key, asked, by=by, at=now, go_at=now)
        sends.settle(session, send.id, run_id=run_id, audience=run.audience, state=SendState.GOING)


def orphans(app: App) -> list[Send]:
    """What should be going, and nobody sends: just let go, or left by a process that ended."""
    with app.read() as session:
        return sends.orphans(session, owner.is_gone)


def carry_out(app: App, send_id: int) -> None:
    """Send it in this process, to its end or until somebody stops it; once, of several that try."""
    with app.begin() as session:
        send = sends.get(session, send_id)
        if send is None or send.run_id is None or not sends.take(session, send, owner.me()):
            return
    try:
        told = sender.resume(app, send.run_id, waits=True)
    except DigestError as error:  # a setting or the database: it goes on when a person says so
        _rest(app, send, f"{error}")
        raise
    if told.stopped:
        after = SendState.GOING  # whoever comes next goes on
    else:
        after = SendState.RESTING if told.paused or _waits(told) else SendState.ENDED
    with app.begin() as session:
        sends.step(session, send_id, SendState.GOING, after)


def _rest(app: App, send: Send, why: str) -> None:
    with app.begin() as session:
        runs.set_state(session, send.run_id or 0, "paused", why)
        sends.step(session, send.id, SendState.GOING, SendState.RESTING)


def _waits(told: sender.Sent) -> bool:
    waiting = (State.PLANNED, State.DEFERRED, State.CLAIMED, State.IN_FLIGHT)
    return any(told.outcomes[state] for state in waiting)


def choose(whom: str) -> Whom:
    """SendError for what is no choice of readers."""
    try:
        return Whom(whom)
    except ValueError as error:
        names = ", ".join(one.value for one in Whom)
        raise SendError(f"choose the readers: {names}") from error
