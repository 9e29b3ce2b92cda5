"""Runner: lets go what was held, and has each send by hand carried out by a process of its own.

A process, not a thread: composing keeps a core busy, and pages are not to wait for it. It is ended
by SIGTERM, which drains; what is left goes on when the next runner starts, wherever that is.
"""

import logging
import multiprocessing
import signal
import threading
from multiprocessing.context import SpawnProcess

from digest import logs, manual
from digest.app import App, build
from digest.errors import DigestError
from digest.settings import Settings

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
                self._hands[send.id] = _start(self._app.settings, send.id)


def _start(settings: Settings, send_id: int) -> SpawnProcess:
    context = multiprocessing.get_context("spawn")
    hand = context.Process(target=_carry_out, args=(settings, send_id), name=f"send {send_id}")
    hand.start()
    return hand


def _carry_out(settings: Settings, send_id: int) -> None:
    """The life of a process that sends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent says when
    logs.configure(logging.INFO)
    try:
        manual.carry_out(build(settings), send_id)
    except DigestError as error:
        log.error("a send by hand stopped", extra={"send": send_id, "reason": str(error)})
