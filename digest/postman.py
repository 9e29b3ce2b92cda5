"""Story: letters. decide the sign-ups -> queue -> claim -> compose -> send -> record.

Whoever serves pages or sends digests also runs this, as often as it likes: what there is to do is
in the database, and of several postmen each letter has one.
"""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime
from functools import partial

from sqlalchemy.orm import Session

from digest.app import App
from digest.core.delivery import State
from digest.errors import LostClaim
from digest.handover import HALF, Handover, Hold, Parcel, Stop
from digest.store import letters, outbox
from digest.store.letters import Letter
from digest.store.outbox import Claimed, Shard
from digest.ways_out import TransportFactory, lanes_of
from digest.writing import ADDRESS, ARRIVED, CONFIRMATION, LIVES, MOVED, WELCOME, LetterComposer
from subscribers import address as addresses
from subscribers import roster, signup, suppression
from subscribers.consent import Status
from subscribers.person import Subscriber
from subscribers.signup import Fate

log = logging.getLogger(__name__)

SIGNUPS = 100

# At which status of its reader a letter may still go out.
ALLOWED = {
    CONFIRMATION: frozenset(Status) - {Status.UNSUBSCRIBED},
    WELCOME: frozenset({Status.ACTIVE, Status.PAUSED}),
    ADDRESS: frozenset({Status.ACTIVE, Status.PAUSED}),
    MOVED: frozenset(Status),
    ARRIVED: frozenset({Status.ACTIVE, Status.PAUSED}),
}


def queue(
    session: Session, kind: str, subscriber_id: int, *, now: datetime, about: str = ""
) -> None:
    """Promise a letter, in the transaction of whatever it tells about."""
    letters.queue(session, kind, subscriber_id, now=now, lives=LIVES[kind], about=about)


def decide_signups(app: App, *, limit: int = SIGNUPS) -> int:
    """Decide the oldest sign-ups, and queue the confirmations that follow; how many there were."""
    with app.begin() as session:
        waiting = signup.waiting(session, limit=limit)
        fates: dict[Fate, int] = {}
        for _, request in waiting:
            decision = signup.decide(session, request, now=app.clock(), key=app.secret)
            fates[decision.fate] = fates.get(decision.fate, 0) + 1
            if decision.fate is Fate.ASKED and decision.subscriber_id is not None:
                queue(session, CONFIRMATION, decision.subscriber_id, now=app.clock())
        signup.forget(session, [number for number, _ in waiting])
    if waiting:
        log.info("signups decided", extra={fate.value: n for fate, n in fates.items()})
    return len(waiting)


def post(app: App, transports: TransportFactory | None = None) -> int:
    """Decide all waiting sign-ups and send all letters that are due; how many were handed over."""
    with app.read() as session:
        asked, due = signup.any_waiting(session), letters.is_due(session, now=app.clock())
    while asked and decide_signups(app) == SIGNUPS:
        pass
    return asyncio.run(_Postman(app).drain(transports)) if asked or due else 0


class _Postman:
    """Drains the letters that are due."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._composer = LetterComposer(app)
        self._sent = 0

    async def drain(self, transports: TransportFactory | None) -> int:
        lanes = lanes_of(self._app, self._app.settings.connections, transports)
        async with Handover(self._app, lanes, self._count) as handover:
            try:
                while (hold := await handover.claim(letters.RUN)) is not None:
                    await self._shard(handover, hold)
            except Stop as stop:
                log.warning("letters wait", extra={"reason": str(stop)})
        return self._sent

    async def _shard(self, handover: Handover, hold: Hold) -> None:
        try:
            due = await handover.ledger(partial(self._due, hold))
            for start in range(0, len(due), HALF):
                group = due[start : start + HALF]
                await handover.start(hold, partial(self._ready, hold.shard, group))
        except LostClaim as lost:  # whoever took it over goes on with it
            log.warning("shard lost", extra={"reason": str(lost)})
        finally:
            handover.close(hold)

    def _due(self, hold: Hold, session: Session) -> list[Claimed]:
        now = self._app.clock()
        letters.expire(session, hold.shard, now=now)
        return outbox.claim_due(session, hold.shard, now=now)

    def _ready(
        self, shard: Shard, group: Sequence[Claimed], session: Session, now: datetime
    ) -> list[Parcel]:
        """Those of the group that may still go, composed."""
        written = letters.load(session, [one.id for one in group])
        readers = roster.by_ids(session, [one.subscriber_id for one in group])
        to = {one.id: _address_of(written[one.id], readers.get(one.subscriber_id)) for one in group}
        barred = suppression.suppressed_keys(session, to.values(), key=self._app.secret)
        ready = []
        for one in group:
            letter, reader = written[one.id], readers.get(one.subscriber_id)
            why = _not_any_more(letter, reader, str(barred.get(to[one.id], "")))
            if why or reader is None:
                outbox.end(session, shard, [one.id], State.SUPPRESSED, why, now)
            else:
                ready.append(Parcel(one, self._composer.message(letter, reader)))
        return ready

    def _count(self, _state: State) -> None:
        self._sent += 1


def _address_of(letter: Letter, reader: Subscriber | None) -> str:
    """The key of the address it goes to; "" for a reader who was erased."""
    if letter.about:
        return addresses.parse(letter.about).key
    return reader.address.key if reader else ""


def _not_any_more(letter: Letter, reader: Subscriber | None, barred: str) -> str:
    """Why a letter must not go out any more; "" if it may."""
    if reader is None:
        return "erased"
    if reader.status not in ALLOWED[letter.kind]:
        return f"the reader is {reader.status}"
    if barred and (letter.kind in (WELCOME, MOVED, ARRIVED) or barred in signup.BARRED):
        return f"suppressed: {barred}"
    return ""
