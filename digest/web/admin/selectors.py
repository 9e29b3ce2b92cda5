"""Selectors kept for a while: to prepare a day takes longer than a page may, and three mails of one
day are looked at together."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta

from digest.app import App
from digest.outlook import Outlook
from digest.selection import Selector

KEEP, MOST = timedelta(seconds=60), 4


class Selectors:
    """One selector a day, each in the hands of one thread at a time."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._guard = threading.Lock()
        self._kept: dict[tuple[date, int], tuple[datetime, Selector, threading.Lock]] = {}

    @contextmanager
    def of(self, day: date, days: int) -> Iterator[Selector]:
        """The selector of a day, looking back so many days (0: since each reader's last)."""
        with self._guard:
            now = self._app.clock()
            known = self._kept.get((day, days))
            if known is None or now - known[0] > KEEP:
                if len(self._kept) >= MOST:
                    self._kept.clear()
                known = now, self._made(day, days), threading.Lock()
                self._kept[day, days] = known
        with known[2]:
            yield known[1]

    def _made(self, day: date, days: int) -> Selector:
        app = self._app
        # A preview tells of the sources what the mail would.
        sky = Outlook(day, app.settings.sources, app.clock)
        return Selector(day, app.rising, sky, days)
