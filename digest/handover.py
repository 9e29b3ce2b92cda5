"""Handing a claimed group over: over a few connections, each outcome written once it is known."""

import asyncio
import logging
import os
import socket
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from digest import failures
from digest.app import App
from digest.core.delivery import Outcome, State
from digest.core.message import Message
from digest.errors import SettingsError
from digest.mail.transport import Transport, open_transport
from digest.store import outbox
from digest.store.outbox import Claimed, Shard

log = logging.getLogger(__name__)

# No more than this may be under way when a sender dies: the most that can be in doubt.
GROUP = 50

TransportFactory = Callable[[], Transport]


class Stop(Exception):
    """The relay refuses us, or nothing can be composed: sending pauses, with the reason."""


def owner() -> str:
    """Who holds a shard, for the operator's eyes."""
    return f"{socket.gethostname()[:40]}:{os.getpid()}"


def _check_sender(app: App, url: str) -> None:
    """SettingsError if mail would leave this machine under the names of the defaults."""
    relay = urlsplit(url).hostname or ""
    if not url.lower().startswith("smtp") or relay in ("localhost", "::1") or relay[:4] == "127.":
        return
    if app.site.address.endswith("@localhost.localdomain"):
        raise SettingsError(
            "DIGEST_FROM: still the default, which no relay should send; "
            "for example Daily Papers <papers@example.org>"
        )
    if (urlsplit(app.settings.base_url).hostname or "") == "localhost":
        raise SettingsError(
            "DIGEST_BASE_URL: still the default, so no reader could unsubscribe; "
            "for example https://papers.example.org"
        )


class Handover:
    """Open connections to the relay, as `async with Handover(app, width) as handover`."""

    def __init__(self, app: App, width: int, make: TransportFactory | None = None) -> None:
        url = app.settings.smtp_url.get_secret_value()
        if make is None:
            _check_sender(app, url)
        self._app, self._width = app, max(1, min(width, app.settings.connections))
        self._make = make or (lambda: open_transport(url))
        self._lanes: list[Transport] = []
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        for _ in range(self._width):
            self._lanes.append(await self._stack.enter_async_context(self._make()))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.__aexit__(kind, error, trace)

    async def group(
        self, shard: Shard, group: Sequence[tuple[Claimed, Message]], ended: Callable[[int], None]
    ) -> None:
        """Hand over a group that is marked as under way; Stop if the relay refuses us.

        `ended` hears of every delivery that has come to an outcome.
        """
        queue = iter(group)
        lanes = [self._lane(one, queue, shard, ended) for one in self._lanes]
        for ending in await asyncio.gather(*lanes, return_exceptions=True):
            if isinstance(ending, BaseException):
                raise ending
            if ending:
                raise Stop(ending)

    async def _lane(
        self,
        lane: Transport,
        queue: Iterator[tuple[Claimed, Message]],
        shard: Shard,
        ended: Callable[[int], None],
    ) -> str:
        """Hand over what the queue gives; the relay's refusal of us, or ""."""
        for one, message in queue:
            outcome = await lane.hand_over(message)
            if outcome.ours:
                self._refused(shard, [one, *(other for other, _ in queue)], outcome)
                return outcome.reply
            try:
                self._record(shard, [(one, outcome)])
            except Exception:
                deque(queue, maxlen=0)  # nothing more may be sent by any lane
                raise
            ended(1)
        return ""

    def _refused(self, shard: Shard, rest: Sequence[Claimed], outcome: Outcome) -> None:
        """Our own fault costs no reader anything: these wait as if never tried."""
        again = replace(outcome, state=State.PLANNED)
        self._record(shard, [(one, again) for one in rest])

    def _record(self, shard: Shard, outcomes: Sequence[tuple[Claimed, Outcome]]) -> None:
        now = self._app.clock()
        with self._app.begin() as session:
            outbox.record(session, shard, outcomes, now=now)
            for one, outcome in outcomes:
                failures.from_outcome(
                    session, outcome, delivery_id=one.id, subscriber_id=one.subscriber_id,
                    key=self._app.secret, now=now,
                )  # fmt: skip
