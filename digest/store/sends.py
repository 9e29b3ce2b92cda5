"""Sends that a person ordered: each once, however often it is asked for; held, then going."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from digest.store.desk_tables import SendRow
from subscribers.insert import insert_new


class SendState(StrEnum):
    """Where an ordered send stands. The run says the rest."""

    HELD = "held"  # planned; it can be undone until go_at
    GOING = "going"
    RESTING = "resting"  # its run is paused or stopped, and waits for a person
    ENDED = "ended"
    UNDONE = "undone"
    EMPTY = "empty"  # there was nobody to send to


@dataclass(frozen=True, slots=True)
class Send:
    """One ordered send. `wish` is what was asked, without any address; `runner` the process that
    sends it, "" for none."""

    id: int
    wish: Mapping[str, Any]
    ordered_by: str
    at: datetime
    go_at: datetime
    state: SendState
    audience: int
    run_id: int | None
    runner: str


def place(
    session: Session,
    key_hash: str,
    wish: Mapping[str, Any],
    *,
    by: str,
    at: datetime,
    go_at: datetime,
) -> tuple[Send, bool]:
    """The send of this key; with True if it is new. Of two that ask at once, one makes it and the
    other gets it."""
    row = {
        "key_hash": key_hash, "wish": dict(wish), "ordered_by": by, "at": at, "go_at": go_at,
        "state": SendState.HELD.value, "audience": 0, "run_id": None, "runner": "",
    }  # fmt: skip
    new = insert_new(session, SendRow, [row], SendRow.key_hash)
    found = session.scalars(select(SendRow).where(SendRow.key_hash == key_hash)).one()
    return _value(found), bool(new)


def settle(
    session: Session, send_id: int, *, run_id: int | None, audience: int, state: SendState
) -> None:
    """Say which run a send is."""
    _set(session, send_id, run_id=run_id, audience=audience, state=state.value)


def get(session: Session, send_id: int) -> Send | None:
    row = session.get(SendRow, send_id)
    return _value(row) if row else None


def by_key(session: Session, key_hash: str) -> Send | None:
    row = session.scalar(select(SendRow).where(SendRow.key_hash == key_hash))
    return _value(row) if row else None


def of_run(session: Session, run_id: int) -> Send | None:
    """The latest send that is this run; None for a run of the clock or the command line."""
    query = select(SendRow).where(SendRow.run_id == run_id).order_by(SendRow.id.desc())
    row = session.scalar(query.limit(1))
    return _value(row) if row else None


def step(session: Session, send_id: int, before: SendState, after: SendState) -> bool:
    """Move a send on; False if it is not where it was thought to be."""
    done: Any = session.execute(
        update(SendRow)
        .where(SendRow.id == send_id, SendRow.state == before.value)
        .values(state=after.value, runner="")
    )
    return int(done.rowcount) == 1


def due(session: Session, *, now: datetime) -> list[Send]:
    """The held sends whose time has come."""
    query = select(SendRow).where(SendRow.state == SendState.HELD.value, SendRow.go_at <= now)
    return [_value(row) for row in session.scalars(query.order_by(SendRow.id))]


def orphans(session: Session, is_gone: Callable[[str], bool]) -> list[Send]:
    """The going sends that no living process is at work on."""
    query = select(SendRow).where(SendRow.state == SendState.GOING.value).order_by(SendRow.id)
    found = [_value(row) for row in session.scalars(query)]
    return [send for send in found if not send.runner or is_gone(send.runner)]


def take(session: Session, send: Send, runner: str) -> bool:
    """Become the one who sends it; False if another process was sooner."""
    done: Any = session.execute(
        update(SendRow)
        .where(
            SendRow.id == send.id,
            SendRow.state == SendState.GOING.value,
            SendRow.runner == send.runner,
        )
        .values(runner=runner)
    )
    return int(done.rowcount) == 1


def _set(session: Session, send_id: int, **values: Any) -> None:
    session.execute(update(SendRow).where(SendRow.id == send_id).values(**values))


def _value(row: SendRow) -> Send:
    return Send(row.id, row.wish, row.ordered_by, row.at, row.go_at, SendState(row.state),
                row.audience, row.run_id, row.runner)  # fmt: skip
