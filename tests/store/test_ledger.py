"""Two senders, lost leases, any order of steps: every promise ends once, in one way."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import delete, func, select

from digest.core.delivery import FINAL, Outcome, Phase, State
from digest.errors import LostClaim
from digest.store import freezing, outbox, runs
from digest.store.database import Database
from digest.store.outbox import LEASE, Claimed, Shard
from digest.store.tables import AttemptRow, DeliveryRow, EditionRow, RunRow, ShardRow
from tests import given
from tests.given import at, plan

READERS = 6
OUTCOMES = st.sampled_from([State.SENT, State.DEFERRED, State.BOUNCED, State.IN_DOUBT,
                            State.PLANNED])  # fmt: skip
SENDERS = st.integers(0, 1)


@dataclass
class Sender:
    """What a sender believes it holds; the ledger may know better."""

    shard: Shard | None = None
    claimed: list[Claimed] = field(default_factory=list)
    under_way: list[Claimed] = field(default_factory=list)


class Ledger(RuleBasedStateMachine):
    database: Database

    @initialize(size=st.integers(1, 4))
    def freeze(self, size: int) -> None:
        with self.database.begin() as session:
            for table in (AttemptRow, DeliveryRow, ShardRow, RunRow, EditionRow):
                session.execute(delete(table))
            run = freezing.freeze(session, plan(shard_size=size))
        assert run is not None
        self.run, self.now = run, at(0, 8)
        self.senders = [Sender(), Sender()]
        self.left: Counter[int] = Counter()  # messages that the server may hold
        self.ended: dict[int, str] = {}

    @rule()
    def a_lease_passes(self) -> None:
        self.now += LEASE + timedelta(minutes=1)

    @rule(n=SENDERS)
    def claim(self, n: int) -> None:
        with self.database.begin() as session:
            shard = outbox.claim_shard(session, self.run.id, owner=str(n), now=self.now)
        if shard is not None:  # what this sender had in hand it forgets, as in a crash
            self.senders[n] = Sender(shard)
            self.take(n)

    def take(self, n: int) -> None:
        sender = self.senders[n]
        with self.database.begin() as session:
            assert sender.shard is not None
            sender.claimed += outbox.claim_due(session, sender.shard, now=self.now)

    def one_with(self, what: str, n: int) -> Sender:
        """A sender that believes it has such deliveries in hand."""
        able = [sender for sender in self.senders if getattr(sender, what)]
        return able[n % len(able)]

    @precondition(lambda self: any(sender.claimed for sender in self.senders))
    @rule(n=SENDERS)
    def start(self, n: int) -> None:
        """Once this is committed the bytes may leave."""
        sender = self.one_with("claimed", n)
        one = sender.claimed.pop(0)
        try:
            with self.database.begin() as session:
                outbox.start(session, sender.shard, [one.id], now=self.now)
        except LostClaim:
            self.forget(sender)
        else:
            sender.under_way.append(one)
            self.left[one.id] += 1
            assert self.left[one.id] == 1, "a second message for one promise"

    @precondition(lambda self: any(sender.under_way for sender in self.senders))
    @rule(n=SENDERS, state=OUTCOMES)
    def record(self, n: int, state: State) -> None:
        sender = self.one_with("under_way", n)
        one = sender.under_way.pop(0)
        if state not in (State.SENT, State.IN_DOUBT):
            self.left[one.id] -= 1  # the server said that it has not taken it
        try:
            with self.database.begin() as session:
                outcome = Outcome(state, "reply", 250, Phase.DOT)
                outbox.record(session, sender.shard, [(one, outcome)], now=self.now)
        except LostClaim:
            self.forget(sender)

    @precondition(lambda self: any(sender.claimed for sender in self.senders))
    @rule(n=SENDERS, state=st.sampled_from([State.EMPTY, State.SUPPRESSED, State.DEFERRED]))
    def end(self, n: int, state: State) -> None:
        sender = self.one_with("claimed", n)
        one = sender.claimed.pop(0)
        try:
            with self.database.begin() as session:
                outbox.end(session, sender.shard, [one.id], state, "why", self.now)
        except LostClaim:
            self.forget(sender)

    @precondition(lambda self: any(sender.claimed for sender in self.senders))
    @rule(n=SENDERS)
    def hand_back(self, n: int) -> None:
        sender = self.one_with("claimed", n)
        with self.database.begin() as session:
            outbox.hand_back(session, sender.shard, now=self.now)
        sender.claimed = []

    def forget(self, sender: Sender) -> None:
        """LostClaim: whoever gets it stops."""
        sender.shard, sender.claimed, sender.under_way = None, [], []

    @precondition(lambda self: any(sender.shard for sender in self.senders))
    @rule(n=SENDERS)
    def release(self, n: int) -> None:
        """As the sender does at the end and after any error, whatever it still has in hand."""
        sender = self.one_with("shard", n)
        with self.database.begin() as session:
            outbox.release(session, sender.shard)
        self.forget(sender)

    @precondition(lambda self: hasattr(self, "run"))
    @invariant()
    def every_promise_is_one_row_and_an_end_stays(self) -> None:
        with self.database.read() as session:
            rows = session.execute(select(DeliveryRow.id, DeliveryRow.state)).all()
            tried = session.execute(
                select(AttemptRow.delivery_id, func.count()).group_by(AttemptRow.delivery_id)
            )
            attempts = dict(tried.all())
        assert len(rows) == READERS
        for number, state in rows:
            assert self.ended.get(number, state) == state
            if State(state) in FINAL:
                self.ended[number] = state
            if state == State.SENT:
                assert attempts[number] >= 1

    def teardown(self) -> None:
        """However it stands, a sender that finds nobody in its way brings it to an end."""
        if hasattr(self, "run"):
            self.drain()
            with self.database.begin() as session:
                assert runs.finish(session, self.run.id)
                run = runs.get(session, self.run.id)
            assert run is not None
            assert sum(run.outcomes.values()) == run.audience == READERS
            assert run.outcomes.keys() <= FINAL

    def drain(self) -> None:
        for _ in range(50):
            self.now += LEASE + timedelta(hours=5)
            with self.database.begin() as session:
                shard = outbox.claim_shard(session, self.run.id, owner="last", now=self.now)
                if shard is None:
                    return
                outbox.expire(session, shard, now=self.now)
                outbox.release(session, shard)


def test_whatever_two_senders_do_every_promise_ends_once(
    migrated_file: Path, tmp_path: Path
) -> None:
    file = tmp_path / "ledger.db"
    file.write_bytes(migrated_file.read_bytes())
    Ledger.database = Database(f"sqlite:///{file}")
    with Ledger.database.begin() as session:
        given.subscribers(session, READERS)
    run_state_machine_as_test(
        Ledger, settings=settings(max_examples=50, stateful_step_count=30, deadline=None)
    )
    Ledger.database.engine.dispose()
