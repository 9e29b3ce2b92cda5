"""The statements that every group of a send runs, built once: building them anew, through the
mapped rows, cost more than running them."""

from sqlalchemy import bindparam, insert, select, update

from digest.core.delivery import State
from digest.store.prepared import Prepared
from digest.store.tables import AttemptRow, DeliveryRow, RunRow, ShardRow
from subscribers.among import among
from subscribers.tables import table

_ledger, _shards, _runs = table(DeliveryRow), table(ShardRow), table(RunRow)

_of_shard = (
    _ledger.c.run_id == bindparam("of_run"),
    _ledger.c.shard == bindparam("of_shard"),
    _ledger.c.epoch == bindparam("by_epoch"),
)

# :until; one row, or the shard is another's
EXTEND = (
    update(_shards)
    .where(
        _shards.c.run_id == bindparam("of_run"),
        _shards.c.number == bindparam("of_shard"),
        _shards.c.epoch == bindparam("by_epoch"),
    )
    .values(lease_until=bindparam("until"))
)

RUN_STATE = select(_runs.c.state, _runs.c.note).where(_runs.c.id == bindparam("of_run"))

# :ids, :at; claimed -> in flight
START = (
    update(_ledger)
    .where(*_of_shard, among(_ledger.c.id, "ids"), _ledger.c.state == State.CLAIMED)
    .values(state=State.IN_FLIGHT, changed_at=bindparam("at"), attempts=_ledger.c.attempts + 1)
)  # fmt: skip

# :row, :at and what was picked; for many rows at a time
START_DIGEST = Prepared(
    update(_ledger)
    .where(*_of_shard, _ledger.c.id == bindparam("row"), _ledger.c.state == State.CLAIMED)
    .values(
        state=State.IN_FLIGHT,
        changed_at=bindparam("at"),
        attempts=_ledger.c.attempts + 1,
        papers=bindparam("papers"),
        picks=bindparam("picks"),
        considered=bindparam("considered"),
        profile_version=bindparam("profile_version"),
    )
)

# :ids, :at; in flight -> sent
SENT = (
    update(_ledger)
    .where(*_of_shard, among(_ledger.c.id, "ids"), _ledger.c.state == State.IN_FLIGHT)
    .values(state=State.SENT, reason="", changed_at=bindparam("at"))
)  # fmt: skip

# for many rows at a time
ATTEMPT = Prepared(
    insert(table(AttemptRow)), ["delivery_id", "number", "at", "state", "phase", "code", "reply"]
)
