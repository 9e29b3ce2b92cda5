"""Handing over: first the ledger, then the wire, then the ledger again.

A group is marked as under way, and with it is written what became of those before it, in one
transaction; only then the wire has it. Of one sender never more than GROUP deliveries are under
way, or done and not yet written down: the most that can be in doubt when it dies.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from types import TracebackType
from typing import Self, TypeVar

from sqlalchemy.orm import Session

from digest import failures, owner
from digest.app import App
from digest.core import pace
from digest.core.breaker import Breaker, is_policy, is_shut_out, parse
from digest.core.delivery import Outcome, State
from digest.core.message import Message
from digest.errors import LostClaim, StoreError
from digest.mail.lane import Lanes
from digest.mail.pool import Pool
from digest.store import outbox, pacing, runs
from digest.store.lease import elapsed_s
from digest.store.outbox import Claimed, Composed, Shard

log = logging.getLogger(__name__)

GROUP = 50
HALF = GROUP // 2  # one half is under way while the next is written down
PROMPT_S = 0.05  # how long an outcome may wait for others to be written down with
PATIENCE_S = 60.0  # how long outcomes are kept for a ledger that cannot be written

T = TypeVar("T")
Routed = tuple["Parcel", str]  # with the name of a relay


class Stop(Exception):
    """Nothing more can be handed over: sending pauses, with the reason."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """A claimed delivery with its message; a digest's with what was picked for it."""

    claimed: Claimed
    message: Message
    composed: Composed | None = None


Prepare = Callable[[Session, datetime], Sequence[Parcel]]


@dataclass(slots=True, eq=False)
class Hold:
    """A shard in hand until its lease passes: what is under way of it, what became of the rest."""

    shard: Shard
    until: float
    under_way: int = 0
    ended: list[tuple[Claimed, Outcome]] = field(default_factory=list)
    is_closing: bool = False
    is_lost: bool = False

    @property
    def is_over(self) -> bool:
        return self.is_closing and not self.under_way


class Handover:
    """One sender's way from the ledger to the wire, as `async with Handover(app, ...) as it`.

    `told` hears the state of each delivery that a relay has spoken of. Leaving waits for what is
    under way and writes it down.
    """

    def __init__(
        self,
        app: App,
        lanes: Sequence[Lanes],
        told: Callable[[State], None] = lambda _: None,
    ) -> None:
        self._app, self._told = app, told
        self._lease = timedelta(seconds=app.settings.lease_s)
        self._pool = Pool(lanes, ended=self._ended, still=self._still)
        self._holds: list[Hold] = []
        self._under_way: dict[str, tuple[Hold, Claimed]] = {}
        self._pen = asyncio.Lock()
        self._room, self._news, self._over = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._room.set()
        self._halted = self._abandoned = False
        self._breakers: dict[int, Breaker] = {}
        rates = {one.name: one.rate for one in lanes if one.rate is not None}
        self._limits = pace.Limits(domains=pace.parse(app.settings.pace), relays=rates)
        self.reason = ""

    async def __aenter__(self) -> Self:
        await self._pool.__aenter__()
        self._books = asyncio.create_task(self._keep_books())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            await self._pool.__aexit__(kind, error, trace)
        finally:
            self._give_up()
            try:
                await self._given_back()
            except Stop as stop:  # whoever drains has heard why
                log.warning("not written down", extra={"reason": str(stop)})
            finally:
                self._books.cancel()
                with suppress(asyncio.CancelledError, Stop):
                    await self._books

    def _give_up(self) -> None:
        """Whatever the wire still has when all lanes are closed is in doubt."""
        lost = Outcome(State.IN_DOUBT, "the sender failed while this was under way")
        for hold, claimed in self._under_way.values():
            hold.under_way -= 1
            hold.ended.append((claimed, lost))
        self._under_way.clear()
        for hold in self._holds:
            hold.is_closing = True

    async def ledger(self, do: Callable[[Session], T]) -> T:
        """What `do` gives in a transaction of its own, beside the event loop."""

        def work() -> T:
            with self._app.begin() as session:
                return do(session)

        async with self._pen:
            return await asyncio.to_thread(work)

    async def claim(self, run_id: int) -> Hold | None:
        """Take a free shard of a run that has something due; None if there is none."""
        asked = elapsed_s()

        def take(session: Session) -> Shard | None:
            claim = partial(
                outbox.claim_shard, session, run_id, owner=owner.me(), now=self._app.clock(),
                at=self._app.lease_now(session), length=self._lease,
            )  # fmt: skip
            return claim() or (
                claim() if outbox.free_shards_of(session, run_id, owner.is_gone) else None
            )

        shard = await self.ledger(take)
        if shard is None:
            return None
        hold = Hold(shard, asked + self._lease.total_seconds())
        self._holds.append(hold)
        return hold

    async def start(self, hold: Hold, prepare: Prepare) -> None:
        """Hand over what `prepare` gives, once it is marked as under way; what the pace does not
        allow yet waits in the ledger again.

        `prepare` is asked inside that transaction, for at most HALF deliveries. LostClaim if
        another sender has the shard; Stop if nothing may be sent any more.
        """
        await self._room.wait()
        async with self._pen:
            try:
                await self._write_others(hold)
                ready = [] if self.reason else await self._write(hold, prepare)
            except StoreError as error:
                self.stop(str(error))
                raise Stop(self.reason) from error
        for one, _ in ready:
            self._under_way[one.message.message_id] = (hold, one.claimed)
        hold.under_way += len(ready)
        self._make_room()
        for one, relay in ready:
            self._pool.submit([one.message], relay or None)
        if self.reason:
            raise Stop(self.reason)

    def close(self, hold: Hold) -> None:
        """Nothing more of this shard: it is given back when what is under way has ended."""
        hold.is_closing = True
        self._news.set()

    def stop(self, reason: str, *, at_once: bool = True) -> None:
        """Start nothing more; `at_once` also takes back what the wire has not begun with."""
        self.reason = self.reason or reason
        self._halted = self._halted or at_once
        self._room.set()

    def abandon(self) -> None:
        """Wait no more for the relays: leaving gives what is under way its last seconds, and what
        has no answer then is in doubt."""
        self._halted = self._abandoned = True
        self._pool.abandon()

    async def settle(self) -> None:
        """Wait until all that was started has ended, and every closed shard is given back; Stop
        if that cannot be written down."""
        await self._pool.idle()
        if not self._abandoned:
            await self._given_back()

    async def _given_back(self) -> None:
        while any(hold.is_closing for hold in self._holds):
            if self._books.done():
                self._books.result()
                return
            self._over.clear()
            self._news.set()
            with suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await self._over.wait()

    def _still(self, message: Message) -> bool:
        hold, _ = self._under_way[message.message_id]
        return not (self._halted or hold.is_lost) and elapsed_s() < hold.until

    def _ended(self, message: Message, outcome: Outcome) -> None:
        hold, claimed = self._under_way.pop(message.message_id)
        if outcome.code:
            self._app.replies[f"{outcome.code // 100}xx"] += 1
        outcome = self._judged(hold.shard.run_id, outcome)
        hold.under_way -= 1
        hold.ended.append((claimed, outcome))
        if outcome.state is not State.PLANNED:
            self._told(outcome.state)
        self._make_room()
        self._news.set()

    def _judged(self, run_id: int, outcome: Outcome) -> Outcome:
        """The outcome as the ledger has it: our own fault costs no reader anything."""
        if run_id not in self._breakers:
            self._breakers[run_id] = Breaker(parse(self._app.settings.breaker), run_id)
        if reason := self._breakers[run_id].note(outcome):
            self.stop(reason)
        if is_shut_out(outcome) or (reason and outcome.ours):
            return replace(outcome, state=State.PLANNED)
        if outcome.ours or is_policy(outcome):
            return replace(outcome, state=State.DEFERRED)
        return outcome

    def _make_room(self) -> None:
        if self.reason or len(self._under_way) <= GROUP - HALF:
            self._room.set()
        else:
            self._room.clear()

    async def _keep_books(self) -> None:
        """Write down what no start has written down within PROMPT_S, and renew leases in time."""
        failed_since = None
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._lease.total_seconds() / 4):
                    await self._news.wait()
            self._news.clear()
            await asyncio.sleep(PROMPT_S)
            try:
                async with self._pen:
                    await self._write_others(None)
                failed_since = None
            except StoreError as error:
                failed_since = failed_since or elapsed_s()
                self.stop(str(error))
                if elapsed_s() - failed_since > PATIENCE_S:
                    raise Stop(self.reason) from error
                await asyncio.sleep(0.5)
                self._news.set()

    async def _write_others(self, but: Hold | None) -> None:
        """Write down whatever waits of the other shards, and give back those that are over."""
        stale = elapsed_s() + self._lease.total_seconds() * 3 / 4
        for hold in [one for one in self._holds if one is not but]:
            if not hold.is_lost and (hold.ended or hold.is_over or hold.until < stale):
                with suppress(LostClaim):
                    await self._write(hold, None)
            if hold.is_over and (hold.is_lost or not hold.ended):
                self._holds.remove(hold)
                self._over.set()

    async def _write(self, hold: Hold, prepare: Prepare | None) -> list[Routed]:
        """One transaction for a shard: outcomes, the lease, then a group or the giving back."""
        ended, hold.ended = hold.ended, []
        asked, is_over = elapsed_s(), hold.is_over
        try:
            halted, ready = await asyncio.to_thread(
                self._transact, hold.shard, ended, prepare, is_over
            )
        except LostClaim as lost:  # whoever took it over goes on with it
            hold.is_lost = True
            log.warning("shard lost", extra={"reason": str(lost)})
            raise
        except BaseException:
            hold.ended = ended + hold.ended
            raise
        hold.until = asked + self._lease.total_seconds()
        if halted:
            self.stop(halted, at_once=False)
        return ready

    def _transact(
        self,
        shard: Shard,
        ended: Sequence[tuple[Claimed, Outcome]],
        prepare: Prepare | None,
        is_over: bool,
    ) -> tuple[str, list[Routed]]:
        with self._app.begin() as session:
            now = self._app.clock()
            outbox.extend(session, shard, self._app.lease_now(session), self._lease)
            self._record(session, shard, ended, now)
            halted = outbox.halted(session, shard.run_id)
            parcels = prepare(session, now) if prepare and not halted else []
            ready = self._paced(session, shard, parcels, now)
            parts = [one for one, _ in ready]
            composed = [one.composed for one in parts if one.composed]
            outbox.start_digests(session, shard, composed, now=now)
            letters = [one.claimed.id for one in parts if not one.composed]
            outbox.start(session, shard, letters, now=now)
            if is_over:
                outbox.hand_back(session, shard, now=now)
                runs.cancel_waiting(session, shard.run_id, now=now, only=[shard.number])
                outbox.release(session, shard)
        return halted, ready

    def _paced(
        self, session: Session, shard: Shard, parcels: Sequence[Parcel], now: datetime
    ) -> list[Routed]:
        """Those that may go at once, each with its relay ("" for any); the others are put off."""
        if not self._limits:
            return [(one, "") for one in parcels]
        routed = [(one, self._pool.choose() if self._limits.relays else "") for one in parcels]
        keys = [pace.keys(relay, one.message.to) for one, relay in routed]
        waits = pacing.admit(session, keys, self._limits, self._app.lease_now(session))
        late = {
            one.claimed.id: now + timedelta(seconds=wait)
            for (one, _), wait in zip(routed, waits, strict=True)
            if wait > 0
        }
        outbox.put_off(session, shard, late, now=now)
        return [pair for pair, wait in zip(routed, waits, strict=True) if not wait]

    def _record(
        self,
        session: Session,
        shard: Shard,
        ended: Sequence[tuple[Claimed, Outcome]],
        now: datetime,
    ) -> None:
        outbox.record(session, shard, ended, now=now)
        for one, outcome in ended:
            if outcome.state is State.BOUNCED:
                failures.from_outcome(
                    session, outcome, delivery_id=one.id, subscriber_id=one.subscriber_id,
                    key=self._app.secret, now=now,
                )  # fmt: skip
