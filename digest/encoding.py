"""Story: what the ranking compares is given to the sentence encoder once, and kept.

The latest papers, the papers that readers spoke of and the lines they typed; whatever is not
encoded yet is ranked by its words. Each batch is kept as it is done: who breaks off goes on where
they were. Once a week a lens is learnt from what was encoded.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from digest import encoder, selection
from digest.app import App
from digest.core.ranking import encoded
from digest.encoder import Encoder
from digest.errors import EncoderError
from digest.store import history, vectors
from subscribers import roster
from subscribers.chunks import chunks
from subscribers.person import Subscriber

log = logging.getLogger(__name__)

LATEST = 6000  # papers: those that a digest may hold, and those the lens is learnt from
LEARNT_FROM = 4000
BATCH = 32  # texts: some three seconds
PAGE = 500  # readers
AGAIN_AFTER = timedelta(days=7)
TRY_AGAIN_AFTER = timedelta(hours=1)  # where the encoder cannot be had
UNWANTED_AFTER = timedelta(days=7)  # after so long what an erased person typed is gone here too

Load = Callable[[str, Path], Encoder]
Texts = dict[str, str]  # by their keys
By = Callable[[Iterable[str]], Iterator[encoded.Vector]]


class Encoding:
    """What one process knows between its turns: the encoder once it is loaded, and when it looked
    at the readers. `load` makes the encoder of a name."""

    def __init__(self, app: App, load: Load = encoder.load) -> None:
        self._app, self._load = app, load
        self._encoder: Encoder | None = None
        self._failed_at: datetime | None = None
        self._looked_at: datetime | None = None

    def turn(self, asked: Callable[[], bool] = bool) -> int:
        """Encode what never was, until nothing is left or somebody asks to break off; how many
        texts."""
        if (found := self._loaded()) is None:
            return 0
        now = self._app.clock()
        day = now.astimezone(UTC).date()
        lines, spoken = self._of_readers(now)
        done = 0
        for texts, by in ((lines, found.lines), (spoken, found.papers)):
            done += self._encode(found.name, by, texts, day, asked)
        latest = self._latest(day)
        done += self._encode(found.name, found.papers, latest, day, asked)
        if not asked():
            self._looked_at = now
            self._learn(found.name, latest, day)
        if done:
            log.info("encoded", extra={"texts": done, "encoder": found.name})
        return done

    def _loaded(self) -> Encoder | None:
        """The encoder that the settings name; what keeps it away is told once, and it is tried
        again after a while. None without one: papers are then ranked by their words."""
        name, now = self._app.settings.encoder, self._app.clock()
        if not name or self._encoder is not None:
            return self._encoder
        if self._failed_at is not None and now < self._failed_at + TRY_AGAIN_AFTER:
            return None
        try:
            self._encoder = self._load(name, _kept(self._app))
        except EncoderError as error:
            if self._failed_at is None:
                log.warning("no encoder", extra={"reason": f"{error}; papers are ranked by words"})
            self._failed_at = now
        return self._encoder

    def _of_readers(self, now: datetime) -> tuple[Texts, Texts]:
        """What readers typed, and the papers they spoke of: of all of them at first and once a day,
        in between of those who said something new."""
        lines: set[str] = set()
        spoken: set[str] = set()
        last = self._looked_at
        all_of_them = last is None or last.date() != now.date()
        with self._app.read() as session:
            pages = _everyone(session) if all_of_them else _since(session, last or now)
            for readers in pages:
                typed, papers = selection.texts_of(session, readers)
                lines |= typed
                spoken |= papers
        return {encoded.line_key(line): line for line in sorted(lines)}, _by_key(sorted(spoken))

    def _latest(self, day: date) -> Texts:
        """The latest papers, the very latest first."""
        with self._app.read() as session:
            papers = history.papers_before(session, until=day + timedelta(days=2), limit=LATEST)
        return _by_key(encoded.paper_text(title, abstract) for title, abstract, _ in papers)

    def _encode(self, name: str, by: By, texts: Texts, day: date, asked: Callable[[], bool]) -> int:
        """Encode those of the texts that never were, in their order."""
        with self._app.read() as session:
            there = vectors.known(session, name, texts)
        if seen_before := [key for key, wanted_on in there.items() if wanted_on < day]:
            with self._app.begin() as session:
                vectors.want(session, name, seen_before, day=day)
        done = 0
        for part in chunks([key for key in texts if key not in there], BATCH):
            if asked():
                break
            said = zip(part, by([texts[key] for key in part]), strict=True)
            packed = {key: encoded.pack(vector) for key, vector in said}
            with self._app.begin() as session:
                vectors.keep(session, name, packed, day=day)
            done += len(part)
        return done

    def _learn(self, name: str, latest: Texts, day: date) -> None:
        """Once a week, when all is encoded: learn the lens, and forget what nobody wants."""
        with self._app.read() as session:
            last = vectors.learnt_on(session, encoded.VERSION, name)
            if last is not None and day < last + AGAIN_AFTER:
                return
            found = vectors.of_keys(session, name, [*latest][:LEARNT_FROM])
        with self._app.begin() as session:
            vectors.forget(session, day - UNWANTED_AFTER)
        lens = encoded.learn([found[key] for key in sorted(found)])
        if lens is None:
            return
        kept = vectors.Lens(name, encoded.to_bytes(lens))
        try:
            with self._app.begin() as session:
                vectors.keep_lens(session, encoded.VERSION, day, kept)
        except IntegrityError:  # another process was first; what it learnt is as good
            return
        log.info("learnt from vectors", extra={"papers": len(found), "encoder": name})


def _everyone(session: Session) -> Iterator[tuple[Subscriber, ...]]:
    after = 0
    while page := roster.active(session, after_id=after, limit=PAGE):
        yield page
        after = page[-1].id


def _since(session: Session, at: datetime) -> Iterator[tuple[Subscriber, ...]]:
    for part in chunks(roster.spoke_since(session, at), PAGE):
        yield tuple(roster.by_ids(session, part).values())


def _by_key(texts: Iterable[str]) -> Texts:
    return {encoded.key(text): text for text in texts}


def _kept(app: App) -> Path:
    """Where models that are fetched stay: beside the database, or in the working folder."""
    folder = app.database.file.parent if app.database.file else Path()
    return folder / "encoders"
