"""Story: what the ranking compares new papers to is worked out once, when readers speak of it.

A paper that somebody likes is read into a sketch, and that is stored for all senders, with the mark
of the lexicon it was made with. What is missing senders make for themselves: that costs only time.
"""

import logging
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from functools import cached_property

from digest import selection
from digest.app import App
from digest.core.ranking import LikedPaper, Vocabulary, keeping, sketch
from digest.store import lexicons, sketches
from subscribers import roster
from subscribers.chunks import chunks

log = logging.getLogger(__name__)

PAGE = 500  # readers
BATCH = 200  # sketches: a tenth of a second to make, some milliseconds to write
GONE_AT_A_TIME = 2_000


class _Lexicon:
    """What was learnt last; unpacked if it is needed."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.mark = keeping.mark(data)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        return keeping.from_bytes(self.data)


class Compiling:
    """What one process knows between its turns: the day on which the lexicon was learnt that it
    last made sketches with, and when it looked at the readers."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._learnt_on: date | None = None
        self._looked_at: datetime | None = None

    def turn(self, asked: Callable[[], bool] = bool) -> int:
        """Store what is missing, of all readers at first, once a day and with a new lexicon, in
        between of those who said something; how many sketches. `asked` breaks it off."""
        now = self._app.clock()
        with self._app.read() as session:
            learnt_on = lexicons.learnt_on(session, keeping.VERSION)
            data = lexicons.latest(session, keeping.VERSION, learnt_on) if learnt_on else None
        if data is None:
            return 0
        last = self._looked_at
        if learnt_on != self._learnt_on or last is None or last.date() != now.date():
            pages = self._of_all(now.astimezone(UTC).date())
        else:
            pages = self._of_those_since(last, now.astimezone(UTC).date())
        done = self._store(_Lexicon(data), pages, asked)
        if not asked():
            self._learnt_on, self._looked_at = learnt_on, now
        if done:
            log.info("compiled", extra={"sketches": done})
        return done

    def _of_all(self, day: date) -> Iterator[set[LikedPaper]]:
        """The papers that each page of readers speaks of and none before did; no session is open
        in between."""
        after, seen = 0, set[str]()
        while True:
            with self._app.read() as session:
                readers = roster.active(session, after_id=after, limit=PAGE)
                names = selection.named_by(session, readers, day) - seen
                papers = selection.words_of(session, names)
            if not readers:
                return
            yield papers
            seen |= names
            after = readers[-1].id

    def _of_those_since(self, at: datetime, day: date) -> Iterator[set[LikedPaper]]:
        with self._app.read() as session:
            spoke = roster.spoke_since(session, at)
        for part in chunks(spoke, PAGE):
            with self._app.read() as session:
                readers = [*roster.by_ids(session, part).values()]
                papers = selection.words_of(session, selection.named_by(session, readers, day))
            yield papers

    def _store(
        self, lexicon: _Lexicon, pages: Iterator[set[LikedPaper]], asked: Callable[[], bool]
    ) -> int:
        """Make and store the sketches that are missing; forget those of older lexicons."""
        done, seen = 0, set[str]()
        for papers in pages:
            named = {sketch.key(one): one for one in sorted(papers)}
            missing = self._missing(lexicon, sorted(named.keys() - seen))
            seen |= named.keys()
            for part in chunks(missing, BATCH):
                if asked():
                    return done
                self._keep(lexicon, {key: named[key] for key in part})
                done += len(part)
        while not asked() and self._forget(lexicon) == GONE_AT_A_TIME:
            pass
        return done

    def _missing(self, lexicon: _Lexicon, keys: list[str]) -> list[str]:
        with self._app.read() as session:
            there = sketches.known(session, lexicon.mark, keys)
        return [key for key in keys if key not in there]

    def _keep(self, lexicon: _Lexicon, papers: dict[str, LikedPaper]) -> None:
        made = sketch.sketched(lexicon.vocabulary, [*papers.values()])
        packed = {key: sketch.to_bytes(one) for key, one in zip(papers, made, strict=True)}
        with self._app.begin() as session:
            sketches.keep(session, lexicon.mark, packed)

    def _forget(self, lexicon: _Lexicon) -> int:
        with self._app.begin() as session:
            return sketches.forget_others(session, lexicon.mark, GONE_AT_A_TIME)
