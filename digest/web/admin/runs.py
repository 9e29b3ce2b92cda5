"""Runs: how each stands, and what a person can do about it."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Path
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from digest import manual, steering
from digest.app import App
from digest.core.admin import Role
from digest.core.delivery import State
from digest.core.message import message_id
from digest.errors import SendError
from digest.store import account, audit, ledger, sends
from digest.store.account import Entry
from digest.store.runs import CANCELLED, OPEN, Run
from digest.store.sends import Send, SendState
from digest.web.admin import wording
from digest.web.admin.gate import Call, In, act, rooms, show, to
from digest.web.admin.query import number_in, text_in

router: APIRouter = rooms()

PAGE = 50
_TICK_S, _MOST_TICKS = 1.0, 1800
Number = Annotated[int, Path(ge=0, le=2**62)]


@show(router, "/runs")
def runs_(call: In) -> Response:
    """All runs, newest first."""
    before = number_in(call, "before")
    with call.app.read() as session:
        found = account.recent(session, limit=PAGE + 1, before=before or None)
    return call.page(
        "runs.html",
        runs=[(run, wording.account(run.outcomes)) for run in found[:PAGE]],
        older=found[PAGE - 1].id if len(found) > PAGE else 0,
        moment=wording.moment,
    )


@show(router, "/runs/{number}")
def run(call: In, number: Number) -> Response:
    """One run: its account, its deliveries, and what can be done."""
    chosen = text_in(call, "state", 20)
    state = State(chosen) if chosen in tuple(State) else None
    after = (number_in(call, "shard"), text_in(call, "of", 20), number_in(call, "after"))
    with call.app.read() as session:
        found = steering.find(session, number)
        leaf = ledger.leaf(session, number, state=state, after=after if after[2] else None)
        lines = audit.recent(session, limit=20, about=f"run {number}")
    return call.page("run.html", run=found, leaf=leaf, chosen=chosen if state else "", lines=lines,
                     names={s.value: n for s, n in wording.ORDER.items()},
                     numbers=_numbers(call.app, leaf.entries),
                     doubt=found.outcomes.get(State.IN_DOUBT, 0),
                     deferred=found.outcomes.get(State.DEFERRED, 0),
                     again=_again(found), **_live(call, found))  # fmt: skip


def _numbers(app: App, entries: Sequence[Entry]) -> dict[int, str]:
    """The Message-IDs of what is in doubt, by delivery: a relay's log knows them."""
    return {
        one.id: message_id(one.key, app.secret, app.site.domain).strip("<>")
        for one in entries
        if one.state is State.IN_DOUBT
    }


def _again(run: Run) -> int:
    """How many got nothing by this run, and would by a new send."""
    return sum(run.outcomes.get(state, 0) for state in (State.EXPIRED, State.CANCELLED))


def _live(call: Call, run: Run) -> dict[str, Any]:
    """What changes while a run is under way."""
    now = call.app.clock()
    with call.app.read() as session:
        send = sends.of_run(session, run.id)
    held = send is not None and send.state is SendState.HELD and run.state == "paused"
    left = int((send.go_at - now).total_seconds()) if send and held else 0
    return {
        "stands": wording.account(run.outcomes),
        "held": held,
        "shown": "held" if held else "undone" if _undone(send, run) else run.state,
        "note": "" if run.note in _PLAIN else run.note.replace("`", ""),
        "left": max(left, 0),
        "send": send,
        "is_open": run.state in OPEN,
        "moment": wording.moment,
        "ended": sum(n for s, n in run.outcomes.items() if s not in _UNDER_WAY),
    }


def _undone(send: Send | None, run: Run) -> bool:
    return send is not None and send.state is SendState.UNDONE and run.state == CANCELLED


_PLAIN = ("paused by command", "cancelled by command")  # the state says it, and the log who did it
_UNDER_WAY = (State.PLANNED, State.CLAIMED, State.IN_FLIGHT, State.DEFERRED)


@show(router, "/runs/{number}/events")
async def events(call: In, number: Number) -> Response:
    """The live part of the page, as it changes; ends with the run, or when the log-in does."""
    return StreamingResponse(_told(call, number), media_type="text/event-stream",
                             headers={"X-Accel-Buffering": "no"})  # fmt: skip


async def _told(call: Call, number: int) -> AsyncIterator[str]:
    last, first = "", ""
    for _ in range(_MOST_TICKS):
        if await call.request.is_disconnected():
            return
        state, part = await run_in_threadpool(_part, call, number)
        first = first or state
        if part != last:
            yield f"event: part\ndata: {json.dumps(part)}\n\n"
            last = part
        if state != first:
            yield f"event: end\ndata: {state}\n\n"
            return
        await asyncio.sleep(_TICK_S)


def _part(call: Call, number: int) -> tuple[str, str]:
    """How the run stands, and the fragment that shows it."""
    with call.app.read() as session:
        found = steering.find(session, number)
    live = _live(call, found)
    answer = call.page("run_part.html", run=found, **live)
    stands = f"{found.state}{' held' if live['held'] else ''}"
    return stands, bytes(answer.body).decode()


@act(router, "/runs/{number}/undo", Role.SENDER)
def undo(call: In, number: Number) -> Response:
    """Take back a send that is held still."""
    with call.app.read() as session:
        send = sends.of_run(session, number)
    if send is None:
        raise SendError("this run was not ordered here: it can be cancelled")
    manual.undo(call.app, send.id, by=call.who)
    return to(f"/runs/{number}")


@act(router, "/runs/{number}/pause", Role.SENDER)
def pause(call: In, number: Number) -> Response:
    """Stop before the next group."""
    steering.pause(call.app, number)
    return _noted(call, number, "paused a run")


@act(router, "/runs/{number}/resume", Role.SENDER)
def resume(call: In, number: Number) -> Response:
    """Go on with a paused run."""
    manual.go_on(call.app, number, by=call.who)
    call.request.app.state.runner.nudge()
    return to(f"/runs/{number}")


@act(router, "/runs/{number}/cancel", Role.SENDER)
def cancel(call: In, number: Number) -> Response:
    """End a run for good."""
    steering.cancel(call.app, number)
    return _noted(call, number, "cancelled a run")


@act(router, "/runs/{number}/retry", Role.SENDER)
def retry(call: In, number: Number) -> Response:
    """Try now what a server put off: it said that it took none of it."""
    with call.app.begin() as session:
        found = steering.find(session, number)
        if found.state not in OPEN:
            raise SendError(f"run {number} is {found.state}: nothing of it waits")
        ledger.hasten(session, number, now=call.app.clock())
    if found.state == "paused":
        manual.go_on(call.app, number, by=call.who)
    else:
        manual.take_up(call.app, number, by=call.who)
    call.request.app.state.runner.nudge()
    return _noted(call, number, "tried again")


@act(router, "/runs/{number}/decide", Role.SENDER)
def decide(call: In, number: Number) -> Response:
    """Decide what is in doubt: of one reader, or of all that are."""
    choice, one = call.text("choice"), call.text("reader")
    if choice not in ("sent", "again") or (one and not one.isdecimal()):
        raise SendError("choose: count as sent, or send again")
    to_state = State.SENT if choice == "sent" else State.PLANNED
    only = [int(one)] if one else None
    done = steering.decide(call.app, number, to_state, by=call.who, only=only)
    return _noted(call, number, "decided", f"{done.count:,} in doubt: {choice}")


def _noted(call: Call, number: int, what: str, detail: str = "") -> Response:
    app: App = call.app
    with app.begin() as session:
        audit.note(session, call.who, what, f"run {number}", detail, now=app.clock())
    return to(f"/runs/{number}")
