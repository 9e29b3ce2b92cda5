"""The desk: the postman at work behind the pages, in a thread of its own.

It decides what the intake put down and posts the letters. While sign-ups pour in it holds back,
since visitors wait for their answer and letters can wait: for PATIENCE_S at most. Then it works
through all there is; that has an end, since the budget of all sign-ups together has one.
"""

import logging
import threading
import time
from dataclasses import replace

from digest import postman
from digest.app import App
from digest.store import budgets
from digest.web.intake import Intake
from digest.web.turns import Patient, Turns

log = logging.getLogger(__name__)

EVERY_S = 1.0
MOMENT_S = 0.05  # after the first sign-up, to see whether more pour in
POURING, PATIENCE_S = 50, 60.0  # sign-ups a second; how long they may hold the letters up
SOME = 5  # so many sign-ups are decided in a row before the intake may write again


class Desk:
    """Works from `start` to `stop`; whatever goes wrong is logged and tried again."""

    def __init__(self, app: App) -> None:
        turns = Turns()
        sole = app.database.is_sqlite
        self._app = replace(app, database=Patient(app.database, turns)) if sole else app
        self.intake = Intake(app, self.nudge, turns)
        self._nudged, self._stopped = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._held_since: float | None = None

    def start(self) -> None:
        """Begin, or begin again."""
        self._stopped.clear()
        self.intake.open()
        self._thread = threading.Thread(target=self._work, name="desk", daemon=True)
        self._thread.start()

    def nudge(self) -> None:
        """There is something to do."""
        self._nudged.set()

    def stop(self) -> None:
        """Take no more sign-ups, write what came, and finish the letter in hand."""
        self.intake.close()
        self._stopped.set()
        self.nudge()
        if self._thread is not None:
            self._thread.join()

    def _work(self) -> None:
        while not self._stopped.is_set():
            self._nudged.wait(EVERY_S)
            self._nudged.clear()
            self._stopped.wait(MOMENT_S)
            self._wait_for_calm()
            try:
                self._round()
            except Exception as error:
                log.exception("letters wait", extra={"kind": type(error).__name__})
                self._stopped.wait(EVERY_S)

    def _wait_for_calm(self) -> None:
        self._held_since = self._held_since or time.monotonic()
        while self._must_wait():
            if isinstance(self._app.database, Patient):
                self._app.database.tidy()
            if self._stopped.wait(0.1):
                return

    def _must_wait(self) -> bool:
        """Whether visitors come so fast that the letters had better wait."""
        patient = time.monotonic() - (self._held_since or 0) < PATIENCE_S
        return patient and self.intake.rate() >= POURING

    def _round(self) -> None:
        """Do what there is to do; left half done when sign-ups begin to pour in."""
        while postman.decide_signups(self._app, limit=SOME) == SOME:
            if self._stopped.is_set() or self._must_wait():
                self.nudge()
                return
        postman.post(self._app)
        with self._app.begin() as session:
            budgets.sweep(session, now=self._app.clock())
        self._held_since = None
