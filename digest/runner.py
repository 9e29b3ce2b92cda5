"""Runner: lets go what was held, and has each send by hand carried out by a process of its own.

A process, not a thread: pages are not to wait for it. What is left of a send when the runner stops
goes on when the next one starts, wherever that is.
"""

import logging
import threading
from multiprocessing.context import SpawnProcess

from digest import apart, manual
from digest.app import App

log = logging.getLogger(__name__)

EVERY_S = 1.0
_GRACE_S = 30.0


class Runner:
    """Works from `start` to `stop`; whatever goes wrong is logged and tried again."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._stopped, self._nudged = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._hands: dict[int, SpawnProcess] = {}

    def start(self) -> None:
        """Begin, or begin again."""
        self._stopped.clear()
        self._thread = threading.Thread(target=self._work, name="runner", daemon=True)
        self._thread.start()

    def nudge(self) -> None:
        """There may be something to do."""
        self._nudged.set()

    def stop(self) -> None:
        """Let the processes hand back what they have not begun, and end."""
        self._stopped.set()
        self.nudge()
        if self._thread is not None:
            self._thread.join()
        for hand in self._hands.values():
            hand.terminate()
        for hand in self._hands.values():
            hand.join(_GRACE_S)

    def _work(self) -> None:
        while not self._stopped.is_set():
            try:
                self.round()
            except Exception as error:
                log.exception("sends by hand wait", extra={"kind": type(error).__name__})
            self._nudged.wait(EVERY_S)
            self._nudged.clear()

    def round(self) -> None:
        """Do what there is to do now."""
        manual.release(self._app)
        for send_id, hand in list(self._hands.items()):
            if not hand.is_alive():
                hand.join()
                del self._hands[send_id]
        for send in manual.orphans(self._app):
            if send.id not in self._hands and not self._stopped.is_set():
                self._hands[send.id] = apart.start(manual.carry_out, self._app.settings, send.id)
