"""Draining runs: claim -> rank -> compose -> sign -> hand over, a shard at a time.

Every step is a transaction of its own, and each may be the last: what was claimed is taken up
again by the next sender, what was under way is in doubt and never sent again by itself.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from itertools import islice

from sqlalchemy.orm import Session

from digest import learning
from digest.app import App
from digest.core.delivery import State
from digest.core.packing import pack_ids, pack_picks
from digest.errors import DigestError, LostClaim, StoreError
from digest.handover import HALF, Handover, Hold, Parcel, Stop
from digest.letters import Composer
from digest.outlook import Outlook
from digest.selection import Chosen, Selector
from digest.store import outbox, runs
from digest.store.lease import elapsed_s
from digest.store.outbox import Claimed
from subscribers import roster
from subscribers.standing import standings

log = logging.getLogger(__name__)


class Drain:
    """One sender of the digests of one day. `told` hears the state of each delivery that ended
    without a hand-over; `waits` stays until nothing is left to be tried again."""

    def __init__(
        self,
        app: App,
        day: date,
        open_runs: Sequence[runs.Run],
        handover: Handover,
        *,
        told: Callable[[State], None] = lambda _: None,
        waits: bool = False,
    ) -> None:
        self._app, self._day, self._handover = app, day, handover
        self._runs = {run.id: run for run in open_runs}
        self._composers = {run.id: Composer(app, run.planned_at) for run in open_runs}
        sky = Outlook(day, app.settings.sources, app.clock)
        self._selectors = {
            days: Selector(day, app.rising, sky, days) for days in {run.days for run in open_runs}
        }
        self._told, self._waits = told, waits
        self._begun = app.clock(), elapsed_s()

    async def drain(self) -> str:
        """Send all that is due; why it stopped early, or ""."""
        try:
            await asyncio.to_thread(learning.refresh, self._app, self._day)
            while not self._handover.reason:
                hold = await self._claim()
                if hold is not None:
                    await self._shard(hold)
                elif not await self._rest():
                    break
            await self._handover.settle()
        except (Stop, StoreError) as error:
            self._handover.stop(str(error))
            with suppress(Stop):  # for the same reason
                await self._handover.settle()
        return self._handover.reason

    async def _claim(self) -> Hold | None:
        for run_id in self._runs:
            if (hold := await self._handover.claim(run_id)) is not None:
                return hold
        return None

    async def _rest(self) -> bool:
        """Wait a while for what is due later; False if nothing is to be waited for."""
        due = await self._handover.ledger(lambda s: outbox.next_due(s, [*self._runs]))
        if not self._waits:
            due.pop(State.DEFERRED, None)
        if not due:
            return False
        left = (min(due.values()) - self._app.clock()).total_seconds()
        await asyncio.sleep(min(max(left, 0.1), 5.0))
        return True

    async def _shard(self, hold: Hold) -> None:
        run = self._runs[hold.shard.run_id]
        try:
            due = await self._handover.ledger(partial(self._due, run, hold))
            known, full = await asyncio.to_thread(self._choose, run, due)
            rest = [one for one in due if one.subscriber_id not in full]
            if rest:
                await self._handover.ledger(partial(self._end_rest, hold, rest, known))
            for part in _parts([one for one in due if one.subscriber_id in full], HALF):
                written, failed = self._write(hold, part, full)
                if self._app.signer is not None:
                    written = await asyncio.to_thread(self._sign, written)
                if failed:
                    await self._handover.ledger(partial(self._end_failed, hold, failed))
                await self._handover.start(hold, partial(self._allow, hold, written))
        except LostClaim as lost:
            log.info("on without a lost shard", extra={"reason": str(lost)})
        finally:
            self._handover.close(hold)

    def _due(self, run: runs.Run, hold: Hold, session: Session) -> list[Claimed]:
        now = self._app.clock()
        if self._is_late(run, now):
            ended = outbox.expire(session, hold.shard, now=now)
            self._tell(State.EXPIRED, ended)
            return []
        return outbox.claim_due(session, hold.shard, now=now)

    def _is_late(self, run: runs.Run, now: datetime) -> bool:
        """Whether a run's deadline has passed, also by the time since this sender began: a clock
        that is set on by a day in between ends nothing."""
        begun, at = self._begun
        return min(now, begun + timedelta(seconds=elapsed_s() - at)) >= run.deadline_at

    def _choose(
        self, run: runs.Run, due: Sequence[Claimed]
    ) -> tuple[frozenset[int], dict[int, Chosen]]:
        """Who of these exists, and what each of them gets who gets anything, by subscriber."""
        with self._app.read() as session:
            readers = roster.by_ids(session, [one.subscriber_id for one in due])
            chosen = self._selectors[run.days].choose(session, list(readers.values()))
        full = {
            one.subscriber.id: one
            for one in chosen
            if one.digest.picks or one.subscriber.quiet_line
        }
        return frozenset(readers), full

    def _end_rest(
        self, hold: Hold, rest: Sequence[Claimed], known: frozenset[int], session: Session
    ) -> None:
        """End the promises to readers who get nothing, with the reason."""
        now = self._app.clock()
        gone = [one.id for one in rest if one.subscriber_id not in known]
        empty = [one.id for one in rest if one.subscriber_id in known]
        outbox.end(session, hold.shard, gone, State.SUPPRESSED, "erased", now)
        outbox.end(session, hold.shard, empty, State.EMPTY, "nothing new for this reader", now)
        self._tell(State.SUPPRESSED, len(gone))
        self._tell(State.EMPTY, len(empty))

    def _write(
        self, hold: Hold, part: Sequence[Claimed], full: dict[int, Chosen]
    ) -> tuple[list[Parcel], dict[int, str]]:
        """The part's messages, and why some have none; one such stops no other.

        Not in a thread: it would fight over the interpreter with the lanes, at a third more time
        for each message.
        """
        composer, failed = self._composers[hold.shard.run_id], {}
        written: list[Parcel] = []
        for one in part:
            chosen = full[one.subscriber_id]
            try:
                written.append(Parcel(one, composer.message(chosen), _kept(one, chosen)))
            except DigestError as error:  # what all share cannot be rendered
                self._handover.stop(str(error))
                raise Stop(str(error)) from error
            except Exception as error:  # one reader's must not stop the rest
                log.exception("not composed", extra={"delivery": one.id})
                failed[one.id] = f"could not be composed: {type(error).__name__}: {error}"
        return written, failed

    def _sign(self, written: Sequence[Parcel]) -> list[Parcel]:
        """In a thread, since signing leaves the interpreter to the lanes."""
        return [replace(one, message=self._app.signed(one.message)) for one in written]

    def _end_failed(self, hold: Hold, failed: dict[int, str], session: Session) -> None:
        now = self._app.clock()
        for delivery_id, reason in failed.items():
            outbox.end(session, hold.shard, [delivery_id], State.DEFERRED, reason, now)
        self._tell(State.DEFERRED, len(failed))

    def _allow(
        self, hold: Hold, written: Sequence[Parcel], session: Session, now: datetime
    ) -> list[Parcel]:
        """Those whose readers may still be written to; the others' end is written down."""
        ids = [one.claimed.subscriber_id for one in written]
        found = standings(session, ids, key=self._app.secret)
        allowed = []
        for one in written:
            who, claimed = found.get(one.claimed.subscriber_id), one.claimed.id
            if why := who.refusal(self._day) if who else "erased":
                outbox.end(session, hold.shard, [claimed], State.SUPPRESSED, why, now)
                self._told(State.SUPPRESSED)
            else:
                allowed.append(one)
        return allowed

    def _tell(self, state: State, count: int) -> None:
        for _ in range(count):
            self._told(state)


def _kept(one: Claimed, chosen: Chosen) -> outbox.Composed:
    picks = chosen.digest.picks
    return outbox.Composed(
        one.id,
        pack_ids(pick.paper_id for pick in picks),
        pack_picks(picks),
        chosen.digest.considered,
        chosen.subscriber.profile_version,
    )


def _parts(every: Sequence[Claimed], size: int) -> Iterator[list[Claimed]]:
    rest = iter(every)
    while part := list(islice(rest, size)):
        yield part
