"""Story, read-only: what today's digest would be with settings that are not saved."""

import threading
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from digest.app import App
from digest.core.edition import Digest
from digest.selection import Selector
from digest.store import history
from digest.store.history import Stored
from subscribers.person import Subscriber

KEEP = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Trial:
    """A digest that nobody is sent, with its papers."""

    digest: Digest
    papers: dict[int, Stored]


class Trials:
    """Digests on trial. The latest day is prepared once a minute: it takes longer than a rank."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._guard = threading.Lock()
        self._selector: Selector | None = None
        self._made_at: datetime | None = None

    def of(self, reader: Subscriber) -> Trial | None:
        """What `reader`, with the profile given, would get of the latest day; None before any."""
        with self._guard, self._app.read() as session:
            days = history.days(session)
            if not days:
                return None
            chosen = self._prepared(days[-1]).try_out(session, reader)
            papers = history.by_ids(session, [pick.paper_id for pick in chosen.digest.picks])
        return Trial(chosen.digest, papers)

    def _prepared(self, day: date) -> Selector:
        now = self._app.clock()
        old = self._made_at is None or now - self._made_at > KEEP
        if self._selector is None or old or self._selector.day != day:
            self._selector, self._made_at = Selector(day, self._app.rising), now
        return self._selector
