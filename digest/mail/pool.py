"""Pool: a few lanes to each relay; messages are shared out by weight, and move where one is down.

Lanes open only while there is work for them. A relay is down when it took no connection and no
other lane to it is open or about to be; it is asked again after BACKOFF_S, doubled each time.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Iterable, Sequence
from functools import partial
from types import TracebackType
from typing import Self

from digest.core.delivery import Outcome, Phase, State
from digest.core.message import Message
from digest.mail.lane import Ended, Lanes, Still, Transport, Unreachable, drain, handed_back
from digest.mail.options import Options
from digest.mail.relays import relays

log = logging.getLogger(__name__)

BACKOFF_S = 30.0
LONGEST_BACKOFF_S = 600.0
GRACE_S = 10.0  # for what is under way when the pool is left by an error


def open_pool(
    urls: str,
    options: Options | None = None,
    *,
    ended: Ended,
    still: Still,
    most: int | None = None,
) -> "Pool":
    """The pool of what DIGEST_SMTP_URL names (see relays.py); SettingsError where it is wrong."""
    return Pool(relays(urls, options or Options(), most), ended=ended, still=still)


class _Lane:
    """One lane and what it is at. `bell` is set when there may be work for one that waits."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self.task: asyncio.Task[None] | None = None
        self.bell = asyncio.Event()
        self.is_free = False
        self.failed = False
        self.rests_until = 0.0


class _Relay:
    """A relay's lanes, its queue, and how it stands."""

    def __init__(self, lanes: Lanes) -> None:
        self.told = lanes
        self.lanes = [_Lane(lanes.make()) for _ in range(max(1, lanes.connections))]
        self.queue: deque[Message] = deque()
        self.credit = 0
        self.down_until = 0.0
        self.backoff_s = 0.0
        self.failure: Outcome | None = None

    def rest(self, now: float, first_s: float) -> None:
        self.backoff_s = min(self.backoff_s * 2 or first_s, LONGEST_BACKOFF_S)
        self.down_until = now + self.backoff_s

    def recovered(self) -> None:
        self.down_until = self.backoff_s = 0.0
        self.failure = None


class Pool:
    """Hands messages over through the lanes of several relays, as `async with Pool(...) as pool`.

    `ended` hears each outcome at once, from the event loop; `still` is asked right before anything
    of a message is written. A relay that takes no connection passes its messages on to those that
    are up; where none is, each ends with that outcome (`ours`). A refusal of us that a relay words
    over an open connection is not passed on. Leaving waits for all that was submitted. Leaving by
    an error hands back what is not under way, and gives the rest `grace_s` seconds to end.
    """

    def __init__(
        self,
        lanes: Sequence[Lanes],
        *,
        ended: Ended,
        still: Still,
        backoff_s: float = BACKOFF_S,
        grace_s: float = GRACE_S,
    ) -> None:
        self._told = tuple(lanes)
        self._ended, self._still = ended, still
        self._backoff_s, self._grace_s = backoff_s, grace_s
        self._relays: dict[str, _Relay] = {}
        self._waiting = 0
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._closing = False
        self._error: BaseException | None = None

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._relays = {lanes.name: _Relay(lanes) for lanes in self._told}
        self._closing = False
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                await self.idle()
        finally:
            await self._close()

    @property
    def relays(self) -> tuple[Lanes, ...]:
        """What is told of each relay: name, weight, rate, connections."""
        return self._told

    @property
    def up(self) -> tuple[str, ...]:
        """The names of the relays that are not down."""
        now = self._loop.time()
        return tuple(name for name, relay in self._relays.items() if relay.down_until <= now)

    @property
    def waiting(self) -> int:
        """How many submitted messages have not ended."""
        return self._waiting

    def choose(self) -> str:
        """The relay whose turn it is, of those up; "" where none is."""
        up = self.up
        return self._choose(up) if up else ""

    def submit(self, messages: Iterable[Message], relay: str | None = None) -> None:
        """Queue messages for `relay` if it is up, else shared out by weight over those up."""
        touched: set[str] = set()
        for message in messages:
            self._waiting += 1
            self._quiet.clear()
            touched |= self._queue(message, relay)
        for name in touched:
            self._wake(self._relays[name])

    async def idle(self) -> None:
        """Wait until all that was submitted has ended; raises what `ended` or `still` raised."""
        await self._quiet.wait()
        if self._error is not None:
            raise self._error

    def abandon(self) -> None:
        """Nothing more is submitted, and `idle` waits no longer: leaving hands back what is queued,
        and gives what is under way its last seconds."""
        self._quiet.set()

    def _queue(self, message: Message, wanted: str | None = None) -> set[str]:
        """Queue one message; the name of its relay. Where none is up, it ends soon."""
        up = self.up
        if not up:
            self._loop.call_soon(self._end, message, self._why_down())
            return set()
        name = wanted if wanted in up else self._choose(up)
        self._relays[name].queue.append(message)
        return {name}

    def _choose(self, up: Sequence[str]) -> str:
        """Smooth weighted round robin: shares by weight, evenly mixed."""
        some = [self._relays[name] for name in up]
        for relay in some:
            relay.credit += relay.told.weight
        best = max(some, key=lambda relay: relay.credit)
        best.credit -= sum(relay.told.weight for relay in some)
        return best.told.name

    def _why_down(self) -> Outcome:
        failed = [relay.failure for relay in self._relays.values() if relay.failure]
        return failed[-1] if failed else Unreachable(State.DEFERRED, "no relay is up", ours=True)

    def _wake(self, relay: _Relay) -> None:
        """Ring for as many lanes as there are messages, open ones first; a relay that is up has at
        least one."""
        now, work = self._loop.time(), len(relay.queue)
        free = [lane for lane in relay.lanes if lane.is_free]
        closed = [lane for lane in relay.lanes if lane.task is None]
        rested = [lane for lane in closed if lane.rests_until <= now]
        if len(closed) == len(relay.lanes) and not rested:
            rested = closed[:1]
        for lane in [*free, *rested][:work]:
            if lane.task is not None:
                lane.is_free = False
                lane.bell.set()
            else:
                lane.failed = False
                lane.task = asyncio.create_task(self._run(relay, lane))

    async def _run(self, relay: _Relay, lane: _Lane) -> None:
        """The life of a lane from its first message until it has had none for a while."""
        try:
            async with lane.transport:
                while not lane.failed and await self._has_work(relay, lane):
                    await drain(
                        lane.transport,
                        partial(self._take, relay, lane),
                        partial(self._heard, relay, lane),
                        self._wanted,
                    )
        except BaseException as error:  # noqa: BLE001 - told by idle()
            if not self._closing:  # else its time was up, and what it had in hand has ended
                self._broke(error)
        finally:
            lane.task, lane.is_free = None, False
            if not self._closing:
                self._settle(relay)

    async def _has_work(self, relay: _Relay, lane: _Lane) -> bool:
        """Wait for work, at most as long as an idle connection is kept."""
        if relay.queue or self._closing:
            return bool(relay.queue)
        lane.bell.clear()
        lane.is_free = True
        try:
            async with asyncio.timeout(relay.told.idle_s):
                await lane.bell.wait()
        except TimeoutError:
            return False
        finally:
            lane.is_free = False
        return bool(relay.queue)

    def _take(self, relay: _Relay, lane: _Lane) -> Message | None:
        if lane.failed or self._error is not None or not relay.queue:
            return None
        return relay.queue.popleft()

    def _wanted(self, message: Message) -> bool:
        return self._error is None and self._still(message)

    def _heard(self, relay: _Relay, lane: _Lane, message: Message, outcome: Outcome) -> None:
        if outcome.state is State.PLANNED and not self._closing and self._wanted(message):
            relay.queue.appendleft(message)  # was taken ahead; another may have it
        elif outcome.ours and _took_no_connection(outcome):
            lane.failed = True
            lane.rests_until = self._loop.time() + self._backoff_s
            relay.failure = outcome
            relay.queue.appendleft(message)
        else:
            relay.recovered()
            self._end(message, outcome)

    def _settle(self, relay: _Relay) -> None:
        """A lane has closed: others take what is queued, or the relay is down."""
        if not relay.queue:
            return
        if relay.failure is None or any(lane.task is not None for lane in relay.lanes):
            self._wake(relay)
            return
        relay.rest(self._loop.time(), self._backoff_s)
        reason = relay.failure.reply
        log.warning("relay down", extra={"relay": relay.told.name, "reason": reason})
        left = list(relay.queue)
        relay.queue.clear()
        for name in set().union(*map(self._queue, left)):
            self._wake(self._relays[name])

    def _end(self, message: Message, outcome: Outcome) -> None:
        self._waiting -= 1
        if not self._waiting:
            self._quiet.set()
        if self._error is not None:
            return
        try:
            self._ended(message, outcome)
        except Exception as error:  # noqa: BLE001 - told by idle()
            self._broke(error)

    def _broke(self, error: BaseException) -> None:
        """Nothing more may be sent: what is queued is left as it is, idle() raises."""
        self._error = self._error or error
        for relay in self._relays.values():
            relay.queue.clear()
        self._quiet.set()

    async def _close(self) -> None:
        self._closing = True
        for relay in self._relays.values():
            left = list(relay.queue)
            relay.queue.clear()
            for message in left:
                self._end(message, handed_back())
        lanes = [lane for relay in self._relays.values() for lane in relay.lanes]
        for lane in lanes:
            lane.bell.set()
        tasks = [lane.task for lane in lanes if lane.task is not None]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=self._grace_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)


def _took_no_connection(outcome: Outcome) -> bool:
    """Whether a relay is not to be had, or only for us: what a relay says of our mail is not it."""
    if isinstance(outcome, Unreachable):
        return True
    return outcome.phase is Phase.CONNECT and (outcome.code is None or outcome.code < 500)
