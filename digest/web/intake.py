"""The intake of sign-ups: what arrives within a few milliseconds is written in one transaction.

A transaction costs about as much as a hundred rows, and SQLite has one writer: so one thread
collects, counts against the budgets, writes all, commits, and only then are the visitors answered.
"""

import asyncio
import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from digest.app import App
from digest.errors import StoreError
from digest.web import budgets
from digest.web.budgets import Visitor
from digest.web.turns import Turns
from subscribers import signup
from subscribers.signup import Request

log = logging.getLogger(__name__)

GATHER_S, MOST = 0.008, 200
LATELY_S = 0.2


@dataclass(frozen=True, slots=True, eq=False)
class _Wish:
    request: Request
    visitor: Visitor
    answer: "Future[bool]" = field(default_factory=Future)


class Intake:
    """Puts sign-ups down, as `with Intake(app) as intake` or from its first use to `close`.

    `put` is called after each group that was written.
    """

    def __init__(
        self, app: App, put: Callable[[], None] = lambda: None, turns: Turns | None = None
    ) -> None:
        self._app, self._put, self._turns = app, put, turns or Turns()
        self._budgets = budgets.of_signups(app.settings)
        self._queue: queue.SimpleQueue[_Wish | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._guard = threading.Lock()
        self._closed = False
        self._lately: deque[tuple[float, int]] = deque(maxlen=1000)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    async def put_down(self, request: Request, visitor: Visitor) -> bool:
        """Put a sign-up down; once this returns it is in the database. False if its visitor's
        budget is used up: then it is not. StoreError if the database cannot take it now."""
        return await asyncio.wrap_future(self._send(request, visitor).answer)

    def take(self, request: Request, visitor: Visitor) -> bool:
        """The same for a handler in a thread."""
        return self._send(request, visitor).answer.result()

    def rate(self) -> float:
        """How many sign-ups a second came lately, those above a budget too."""
        since = time.monotonic() - LATELY_S
        return sum(number for at, number in tuple(self._lately) if at > since) / LATELY_S

    def open(self) -> None:
        """Take sign-ups (again)."""
        with self._guard:
            self._closed = False

    def close(self) -> None:
        """Write what has come, and take no more."""
        with self._guard:
            self._closed = True
            thread, self._thread = self._thread, None
        if thread is not None:
            self._queue.put(None)
            thread.join()

    def _send(self, request: Request, visitor: Visitor) -> _Wish:
        wish = _Wish(request, visitor)
        wish.answer.set_running_or_notify_cancel()  # from now on nobody can take it back
        with self._guard:
            if self._closed:
                raise StoreError("the program is about to stop: nothing is taken any more")
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="intake", daemon=True)
                self._thread.start()
            self._queue.put(wish)
        return wish

    def _work(self) -> None:
        while (first := self._queue.get()) is not None:
            time.sleep(GATHER_S)
            group, ended = self._gathered(first)
            self._lately.append((time.monotonic(), len(group)))
            self._settle(group)
            if ended:
                return

    def _gathered(self, first: _Wish) -> tuple[list[_Wish], bool]:
        """What has come by now, and whether that was all: None is the last thing ever queued."""
        group = [first]
        while len(group) < MOST and not self._queue.empty():
            wish = self._queue.get()
            if wish is None:
                return group, True
            group.append(wish)
        return group, False

    def _settle(self, group: Sequence[_Wish]) -> None:
        """Write a group and answer it. If it cannot be written whole, each is tried alone, so that
        one sign-up the database refuses costs no other."""
        try:
            inside = self._write(group)
        except Exception as error:  # noqa: BLE001 - a group must not stop the next
            self._settle_failed(group, error)
            return
        for wish, ok in zip(group, inside, strict=True):
            wish.answer.set_result(ok)
        self._put()

    def _settle_failed(self, group: Sequence[_Wish], error: Exception) -> None:
        if len(group) > 1:
            for wish in group:
                self._settle([wish])
            return
        log.error("sign-up not written", extra={"kind": type(error).__name__})
        group[0].answer.set_exception(StoreError("the sign-up cannot be written now"))

    def _write(self, group: Sequence[_Wish]) -> list[bool]:
        with self._turns.first(), self._app.begin() as session:
            visitors = [wish.visitor for wish in group]
            now = self._app.clock()
            inside = budgets.admitted(session, visitors, self._budgets, now=now)
            kept = [wish.request for wish, ok in zip(group, inside, strict=True) if ok]
            if kept:
                signup.put_down(session, kept)
        return inside
