"""Story: send. freeze -> claim -> rank -> compose -> send -> record, a shard at a time.

Every step is a transaction of its own, and each may be the last: what was claimed is taken up
again by the next sender, what was under way is in doubt and never sent again by itself.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import islice

from sqlalchemy.orm import Session

from digest.app import App
from digest.core.delivery import State
from digest.core.message import Message
from digest.core.packing import pack_ids, pack_picks
from digest.errors import DigestError, LostClaim
from digest.handover import GROUP, Handover, Stop, TransportFactory, owner
from digest.letters import Composer
from digest.selection import Chosen, Selector
from digest.store import outbox, runs
from digest.store.outbox import Claimed, Shard
from subscribers import roster, suppression
from subscribers.consent import Status
from subscribers.person import Subscriber

log = logging.getLogger(__name__)


Progress = Callable[[int, int], None]


@dataclass(slots=True)
class Sent:
    """What one send did: for how many readers it was, how their deliveries stand, how many had
    the day's digest before, and why it stopped early, if it did."""

    audience: int = 0
    outcomes: Counter[State] = field(default_factory=Counter)
    already: int = 0
    paused: str = ""

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left to do, or to be decided by the operator."""
        good = {State.SENT, State.EMPTY, State.SUPPRESSED, State.CANCELLED}
        return not self.paused and self.outcomes.keys() <= good


def plan_of(app: App, day: date, only: Sequence[int] | None = None) -> runs.Plan:
    """The plan of a manual send of a day, to all active readers or to `only` these."""
    deadline = timedelta(hours=app.settings.deadline_hours)
    return runs.Plan(day, app.clock(), deadline, subscriber_ids=only)


def audience(app: App, day: date, only: Sequence[int] | None = None) -> int:
    """For how many readers a send of this day would be; writes nothing."""
    with app.read() as session:
        return len(runs.wanted(session, plan_of(app, day, only)))


def rehearse(app: App, day: date, only: Sequence[int] | None = None) -> Sent:
    """What a send of this day would do, as far as it can be known before; writes nothing."""
    selector = Selector(day, app.rising)
    with app.read() as session:
        plan = plan_of(app, day, only)
        ids = runs.wanted(session, plan)
        told = Sent(len(ids), already=runs.served(session, plan))
        for part in _groups(ids, plan.shard_size):
            readers = list(roster.by_ids(session, part).values())
            refused = suppression.suppressed_ids(session, part, key=app.secret)
            told.outcomes[State.SUPPRESSED] += len(refused)
            for one in selector.choose(session, [r for r in readers if r.id not in refused]):
                told.outcomes[State.PLANNED if one.digest.picks else State.EMPTY] += 1
    told.outcomes += Counter()  # drops what is zero
    return told


def send(
    app: App,
    day: date,
    only: Sequence[int] | None = None,
    *,
    progress: Progress | None = None,
    transports: TransportFactory | None = None,
) -> Sent:
    """Send the day's digest to every active reader (or to `only` these) who has not had it.

    Without `only`, runs that an earlier send of this day left unfinished are finished too.
    Sending a second time finds everybody served. `progress` is told how many deliveries have
    ended, of how many.
    """
    plan = plan_of(app, day, only)
    with app.begin() as session:
        told = Sent(already=runs.served(session, plan))
        new = runs.freeze(session, plan)
        open_runs = [new] if new else []
        if only is None:
            open_runs = _reopened(session, day)
    told.paused = asyncio.run(_Sender(app, day, open_runs, transports, progress).drain())
    return _account(app, open_runs, told)


def _reopened(session: Session, day: date) -> list[runs.Run]:
    """All runs of the day that are not done, running (again)."""
    unfinished = runs.unfinished(session, day)
    for run_id in unfinished:
        runs.set_state(session, run_id, "running")
    return [run for run_id in unfinished if (run := runs.get(session, run_id))]


def _account(app: App, open_runs: Sequence[runs.Run], told: Sent) -> Sent:
    with app.begin() as session:
        for before in open_runs:
            runs.finish(session, before.id)
            run = runs.get(session, before.id)
            if run is not None:
                told.audience += run.audience
                told.outcomes.update(run.outcomes)
    return told


def _groups(ids: Sequence[int], size: int) -> Iterator[list[int]]:
    rest = iter(ids)
    while part := list(islice(rest, size)):
        yield part


class _Sender:
    """Drains the open runs of one day over a few connections."""

    def __init__(
        self,
        app: App,
        day: date,
        open_runs: Sequence[runs.Run],
        make: TransportFactory | None,
        progress: Progress | None,
    ) -> None:
        self._app, self._day, self._runs = app, day, open_runs
        self._progress = progress or (lambda _done, _total: None)
        self._selector = Selector(day, app.rising)
        self._done, self._total = 0, sum(run.audience for run in open_runs)
        self._handover = Handover(app, self._total, make)

    async def drain(self) -> str:
        """Send all that is due; why it stopped early, or ""."""
        self._progress(0, self._total)
        async with self._handover:
            for run in self._runs:
                try:
                    await self._run(run)
                except Stop as stop:
                    self._pause(str(stop))
                    return str(stop)
        return ""

    def _pause(self, reason: str) -> None:
        with self._app.begin() as session:
            for run in self._runs:
                runs.set_state(session, run.id, "paused", reason)
        log.warning("paused", extra={"reason": reason})

    async def _run(self, run: runs.Run) -> None:
        composer = Composer(self._app, run.planned_at)
        while shard := self._claim(run):
            try:
                await self._shard(run, shard, composer)
            except LostClaim as lost:  # whoever took it over goes on with it
                log.warning("shard lost", extra={"reason": str(lost)})
            finally:
                self._release(shard)

    def _release(self, shard: Shard) -> None:
        with self._app.begin() as session:
            outbox.release(session, shard)

    def _claim(self, run: runs.Run) -> Shard | None:
        with self._app.begin() as session:
            return outbox.claim_shard(session, run.id, owner=owner(), now=self._app.clock())

    async def _shard(self, run: runs.Run, shard: Shard, composer: Composer) -> None:
        due = self._due(run, shard)
        chosen = self._choose(shard, due)
        waiting = [one for one in due if one.subscriber_id in chosen]
        self._count(len(due) - len(waiting))
        try:
            for start in range(0, len(waiting), GROUP):
                await self._group(shard, waiting[start : start + GROUP], chosen, composer)
        except Stop:
            self._hand_back(shard)
            raise

    def _due(self, run: runs.Run, shard: Shard) -> list[Claimed]:
        now = self._app.clock()
        with self._app.begin() as session:
            if now >= run.deadline_at:
                outbox.expire(session, shard, now=now)
                return []
            return outbox.claim_due(session, shard, now=now)

    def _choose(self, shard: Shard, due: Sequence[Claimed]) -> dict[int, Chosen]:
        """What each reader of the shard gets; who gets nothing is ended with the reason."""
        with self._app.read() as session:
            readers = roster.by_ids(session, [one.subscriber_id for one in due])
            chosen = self._selector.choose(session, list(readers.values()))
        full = {one.subscriber.id: one for one in chosen if one.digest.picks}
        gone = [one.id for one in due if one.subscriber_id not in readers]
        empty = [one.id for one in due if one.subscriber_id in readers.keys() - full.keys()]
        now = self._app.clock()
        with self._app.begin() as session:
            outbox.end(session, shard, gone, State.SUPPRESSED, "erased", now)
            outbox.end(session, shard, empty, State.EMPTY, "nothing new for this reader", now)
            kept = [_kept(one, full[one.subscriber_id]) for one in due if one.subscriber_id in full]
            outbox.keep_picks(session, shard, kept)
        return full

    async def _group(
        self,
        shard: Shard,
        group: Sequence[Claimed],
        chosen: dict[int, Chosen],
        composer: Composer,
    ) -> None:
        """Hand over at most GROUP messages; each outcome is written as soon as it is known."""
        messages = self._compose(shard, group, chosen, composer)
        allowed = self._allow(shard, [one for one in group if one.id in messages])
        self._count(len(group) - len(allowed))
        ready = [(one, messages[one.id]) for one in allowed]
        await self._handover.group(shard, ready, self._count)

    def _compose(
        self,
        shard: Shard,
        group: Sequence[Claimed],
        chosen: dict[int, Chosen],
        composer: Composer,
    ) -> dict[int, Message]:
        """The group's messages by delivery; one that cannot be composed stops no other."""
        messages: dict[int, Message] = {}
        for one in group:
            try:
                messages[one.id] = composer.message(chosen[one.subscriber_id])
            except DigestError as error:  # what all share cannot be rendered
                raise Stop(str(error)) from error
            except Exception as error:  # one reader's must not stop the rest
                log.exception("not composed", extra={"delivery": one.id})
                reason = f"could not be composed: {type(error).__name__}: {error}"
                with self._app.begin() as session:
                    now = self._app.clock()
                    outbox.end(session, shard, [one.id], State.DEFERRED, reason, now)
        return messages

    def _allow(self, shard: Shard, group: Sequence[Claimed]) -> list[Claimed]:
        """Those of the group who may still be written to, marked as under way."""
        now = self._app.clock()
        with self._app.begin() as session:
            outbox.extend(session, shard, now)
            ids = [one.subscriber_id for one in group]
            readers = roster.by_ids(session, ids)
            left = [who for who in ids if not may_get(readers.get(who), self._day)]
            why = dict.fromkeys(left, "no longer subscribed")
            found = suppression.suppressed_ids(session, ids, key=self._app.secret)
            why |= {who: f"suppressed: {reason}" for who, reason in found.items()}
            for one in group:
                if reason := why.get(one.subscriber_id):
                    outbox.end(session, shard, [one.id], State.SUPPRESSED, reason, now)
            allowed = [one for one in group if one.subscriber_id not in why]
            outbox.start(session, shard, [one.id for one in allowed], now=now)
        return allowed

    def _hand_back(self, shard: Shard) -> None:
        with self._app.begin() as session:
            outbox.hand_back(session, shard, now=self._app.clock())

    def _count(self, ended: int) -> None:
        self._done += ended
        self._progress(self._done, self._total)


def may_get(reader: Subscriber | None, day: date) -> bool:
    """Whether consent holds: active, or paused until this day at the latest."""
    if reader is None:
        return False
    if reader.status is Status.PAUSED:
        return reader.paused_until is not None and reader.paused_until <= day
    return reader.status is Status.ACTIVE


def _kept(one: Claimed, chosen: Chosen) -> outbox.Composed:
    picks = chosen.digest.picks
    return outbox.Composed(
        one.id,
        pack_ids(pick.paper_id for pick in picks),
        pack_picks(picks),
        chosen.digest.considered,
        chosen.subscriber.profile_version,
    )
