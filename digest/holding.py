"""Holding: while a process does a job, its lease on the job is renewed; one thread does it for all.

A thread for each job would cost more than most jobs do.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from digest.errors import DigestError
from digest.store.jobs import Turn

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Leases:
    """The turns that this process holds; each is renewed every `every_s` for as long as it is."""

    renew: Callable[[Turn], None]
    every_s: float
    _held: dict[int, Turn] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _keeper: threading.Thread | None = None

    @contextmanager
    def holding(self, *turns: Turn) -> Iterator[None]:
        """While this lasts, the leases of these turns are renewed."""
        self._begin(turns)
        try:
            yield
        finally:
            for turn in turns:
                self._held.pop(id(turn), None)

    def _begin(self, turns: tuple[Turn, ...]) -> None:
        with self._lock:
            self._held.update((id(turn), turn) for turn in turns)
            if self._held and self._keeper is None:
                self._keeper = threading.Thread(target=self._keep, name="leases", daemon=True)
                self._keeper.start()

    def _keep(self) -> None:
        """Until nothing is held when it is time again."""
        pause = threading.Event()
        while not pause.wait(self.every_s) and self._goes_on():
            for turn in list(self._held.values()):
                try:
                    self.renew(turn)
                except DigestError as error:  # the next try may succeed before the lease ends
                    log.warning("not renewed", extra={"job": turn.name, "reason": str(error)})

    def _goes_on(self) -> bool:
        with self._lock:
            if not self._held:
                self._keeper = None
            return bool(self._held)
