"""Pacing: the token buckets of `core.pace` in SQL, shared by all who send, on every machine.

One who takes from a bucket holds its row until the transaction ends; rows are held in the order
of their keys, so nobody waits in a ring.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningInsert

from digest.core import pace
from digest.core.pace import Limits
from digest.store.tables import PaceRow
from subscribers.tables import table

_KEPT = timedelta(hours=1)


def admit(
    session: Session, wanted: Sequence[Sequence[str]], limits: Limits, now: datetime
) -> list[float]:
    """For each message, by its buckets (`pace.keys`): 0.0 when it may go now, else seconds to wait.

    To be called late in the transaction that marks those messages as under way: a token that was
    taken is given back only if that is rolled back. `now` is by a clock that all who send share,
    the clock of leases. Two statements however many messages; none where nothing is limited.
    """
    asked = sorted({key for buckets in wanted for key in buckets})
    rates = {key: rate for key in asked if (rate := limits.of(key)) is not None}
    if not rates:
        return [0.0] * len(wanted)
    held = _hold(session, dict.fromkeys(rates, now))
    before = {key: pace.ahead(held[key], now, rate) for key, rate in rates.items()}
    waits, after = pace.admit(wanted, rates, before)
    new = {key: pace.tat(now, after[key]) for key in held}
    # A bucket that a clock set back had frozen is mended though nothing was taken from it.
    _keep(session, {k: at for k, at in new.items() if after[k] != before[k] or at < held[k]})
    return waits


def sweep(session: Session, now: datetime) -> None:
    """Forget the buckets that have been full for an hour."""
    session.execute(delete(PaceRow).where(PaceRow.tat < now - _KEPT))


def _hold(session: Session, new: Mapping[str, datetime]) -> dict[str, datetime]:
    """Hold the rows of these keys, made where there are none; what they say.

    One statement makes and holds: with two, a row that another makes in between could be held out
    of order.
    """
    rows = session.execute(_statements(_dialect(session))[0], _rows(new))
    return dict(sorted((key, tat) for key, tat in rows))


def _keep(session: Session, tats: Mapping[str, datetime]) -> None:
    if tats:
        session.execute(_statements(_dialect(session))[1], _rows(tats))


def _rows(tats: Mapping[str, datetime]) -> list[dict[str, object]]:
    return [{"key": key, "tat": tat} for key, tat in tats.items()]


def _dialect(session: Session) -> str:
    return session.get_bind().dialect.name


@cache
def _statements(dialect: str) -> tuple[ReturningInsert[Any], ReturningInsert[Any]]:
    """To make and hold rows, and to keep what they say then; built once."""
    insert = (postgresql if dialect == "postgresql" else sqlite).insert(table(PaceRow))
    hold, keep = (
        insert.on_conflict_do_update(index_elements=["key"], set_={"tat": tat})
        for tat in (PaceRow.tat, insert.excluded.tat)
    )
    return hold.returning(PaceRow.key, PaceRow.tat), keep.returning(PaceRow.key)
