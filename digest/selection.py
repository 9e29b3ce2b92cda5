"""Choosing: papers x readers -> digests with their reasons, for the stories that need them.

What is the same for many readers is made once and kept: the words of the history per day, and
per cohort (readers whose last digest was the same) the candidates and their ranking pool.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import chain

from sqlalchemy.orm import Session

from digest import outlook
from digest.core import ranking
from digest.core.diff import Rising
from digest.core.edition import Candidate, Digest, Pick
from digest.core.identity import is_identity, title_identity
from digest.core.marks import Pin, topped
from digest.core.marks import notes as pin_notes
from digest.core.paper import Paper
from digest.core.ranking import encoded, keeping, sense, sketch, weights
from digest.core.ranking.encoded import Encoded
from digest.outlook import Outlook
from digest.sources.named import label_of
from digest.store import (
    deliveries,
    editions,
    history,
    lexicons,
    lookups,
    marks,
    sketches,
    vectors,
)
from digest.store.editions import Last
from subscribers import feedback
from subscribers.feedback import Feedback, Kind
from subscribers.person import Subscriber
from subscribers.profile import InterestProfile

BACKGROUND = 3000
MOST_SPOKEN = 20_000  # papers that readers spoke of; kept with their words, some 2 kB each
MOST_ENCODED = 50_000  # papers and typed lines, some 500 bytes each


@dataclass(frozen=True, slots=True)
class Cohort:
    """Readers whose last digest was the same, what may enter their next one, and what there was
    to tell of the sources at that instant."""

    last: Last | None
    candidates: tuple[Candidate, ...]
    pool: ranking.Pool
    told: tuple[tuple[str, str], ...] = ()
    pins: tuple[Pin, ...] = ()


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was chosen for one reader; a digest without picks is not sent."""

    subscriber: Subscriber
    digest: Digest
    cohort: Cohort


class Selector:
    """Chooses the digests of one day; of its last `days` days, where they are given, whatever its
    readers had before, but no paper again. `as_then` leaves aside what readers said, and what they
    were sent, on that day or later."""

    def __init__(
        self,
        day: date,
        rising: Rising,
        sky: Outlook | None = None,
        days: int = 0,
        *,
        as_then: bool = False,
    ) -> None:
        self.day = day
        self._rising, self._days, self._as_then = rising, days, as_then
        self._marks: marks.Marks | None = None
        self._vocabulary: ranking.Vocabulary | None = None
        self._lexicon = ""  # its mark, where it was learnt
        self._cohorts: dict[Last | None, Cohort] = {}
        self._sky = sky or Outlook(day)
        self._spoken: dict[str, _Spoken | None] = {}
        self._encoded: _Encoded | None = None

    def choose(self, session: Session, readers: Sequence[Subscriber]) -> list[Chosen]:
        """The digests of a shard of readers, in the readers' order."""
        chosen: dict[int, Chosen] = {}
        for cohort, members in self._by_cohort(session, readers):
            asked = self.readers(session, cohort, members)
            found = ranking.rank(cohort.pool, asked)
            for member, one, picks in zip(members, asked, found, strict=True):
                picks = topped(picks, cohort.pins, one.barred, one.profile.limit)
                chosen[member.id] = Chosen(member, self._digest(cohort, member, picks), cohort)
        return [chosen[reader.id] for reader in readers]

    def try_out(self, session: Session, reader: Subscriber) -> Chosen:
        """What a reader as given would get, whether or not they had some of it before."""
        [(cohort, _)] = self._by_cohort(session, [reader])
        asked = [
            replace(one, barred=frozenset()) for one in self.readers(session, cohort, [reader])
        ]
        [picks] = ranking.rank(cohort.pool, asked)
        return Chosen(reader, self._digest(cohort, reader, picks), cohort)

    def explain(
        self, session: Session, reader: Subscriber, paper_id: int
    ) -> ranking.Explanation | None:
        """How a candidate fared for a reader; None if it was no candidate."""
        [(cohort, _)] = self._by_cohort(session, [reader])
        if paper_id not in {one.paper_id for one in cohort.candidates}:
            return None
        [asked] = self.readers(session, cohort, [reader])
        return ranking.explain(cohort.pool, asked, paper_id)

    def readers(
        self, session: Session, cohort: Cohort, members: Sequence[Subscriber]
    ) -> list[ranking.Reader]:
        """Subscribers as the ranking needs them: with liked papers' words and what they had."""
        since = min((one.listed_on for one in cohort.candidates), default=self.day)
        ids = [one.id for one in members]
        until = self.day if self._as_then else None
        had = deliveries.sent_papers(session, ids, since, but=self.day, until=until)
        said = self._said(session, ids)
        wishes = [_wish(one, said.get(one.id, ()), self.day) for one in members]
        names = {name for wish in wishes for name, _ in chain(wish.liked, wish.less)}
        papers = self._papers(session, names) if names else {}
        found = [
            _reader(one, wish, papers, had.get(one.id, frozenset()))
            for one, wish in zip(members, wishes, strict=True)
        ]
        self._sense(session).hear(session, found)
        self._recall(session, found)
        return found

    def _recall(self, session: Session, readers: Sequence[ranking.Reader]) -> None:
        """Read what is stored of the papers that readers spoke of."""
        vocabulary = self._words(session)
        spoken = chain.from_iterable(_latest(one) for one in readers)
        new = {one: sketch.key(one) for one in sketch.unknown(vocabulary, spoken)}
        if new and self._lexicon:
            stored = sketches.of_keys(session, self._lexicon, sorted({*new.values()}))
            sketch.recall(vocabulary, {n: stored[key] for n, key in new.items() if key in stored})

    def _said(self, session: Session, ids: Sequence[int]) -> Mapping[int, Sequence[Feedback]]:
        said = feedback.said_by(session, ids)
        if not self._as_then:
            return said
        return {who: [one for one in said[who] if one.at.date() < self.day] for who in said}

    def _papers(self, session: Session, names: Collection[str]) -> Mapping[str, "_Spoken | None"]:
        """The papers that readers spoke of; kept, since many speak of the same."""
        if len(self._spoken) > MOST_SPOKEN:
            self._spoken = {}
        if new := [name for name in names if name not in self._spoken]:
            self._spoken |= dict.fromkeys(new) | _papers(session, new)
        return self._spoken

    def _digest(self, cohort: Cohort, reader: Subscriber, picks: tuple[Pick, ...]) -> Digest:
        """A digest with honest lines about the day: what is late, what could not be read."""
        count = len(cohort.candidates)
        notes = outlook.lines(cohort.told, self.day, reader.schedule)
        if not picks and reader.quiet_line:
            notes = (outlook.quiet(count), *notes)
        titles = {one.paper_id: one.paper.title for one in cohort.candidates} if cohort.pins else {}
        return Digest(self.day, picks, count, (*pin_notes(picks, cohort.pins, titles), *notes))

    def _by_cohort(
        self, session: Session, readers: Sequence[Subscriber]
    ) -> list[tuple[Cohort, list[Subscriber]]]:
        last = deliveries.last_digests(session, [reader.id for reader in readers], self.day)
        members: dict[Last | None, list[Subscriber]] = {}
        for reader in readers:
            members.setdefault(self._clipped(last.get(reader.id)), []).append(reader)
        return [(self._cohort(session, key), group) for key, group in members.items()]

    def _clipped(self, last: Last | None) -> Last | None:
        """A digest before the window leaves the whole window open, as none at all does."""
        return last if last and last.day > self.day - self._window and not self._days else None

    @property
    def _window(self) -> timedelta:
        return timedelta(days=self._days) if self._days else editions.WINDOW

    def _cohort(self, session: Session, last: Last | None) -> Cohort:
        if last not in self._cohorts:
            found = editions.candidates(session, self.day, last, self._rising, self._window)
            marked = self._marked(session)
            pinned = editions.chosen(session, [pin.paper_id for pin in marked.pins])
            every = {one.paper_id: one for one in (*pinned, *found)}
            labelled = tuple(_labelled(every[n]) for n in sorted(every.keys() - marked.hidden))
            pool = ranking.prepare(labelled, self._words(session), self._seen(session, labelled))
            told = self._sky.told(session)
            self._cohorts[last] = Cohort(last, labelled, pool, told, marked.pins)
        return self._cohorts[last]

    def _marked(self, session: Session) -> marks.Marks:
        if self._marks is None:
            self._marks = marks.of_day(session, self.day)
        return self._marks

    def _words(self, session: Session) -> ranking.Vocabulary:
        """What was last learnt from the history; where that is too short, its words counted."""
        if self._vocabulary is None:
            learnt = lexicons.latest(session, keeping.VERSION, self.day)
            self._vocabulary = keeping.from_bytes(learnt) if learnt else self._counted(session)
            self._lexicon = keeping.mark(learnt) if learnt else ""
        return self._vocabulary

    def _sense(self, session: Session) -> "_Encoded":
        if self._encoded is None:
            self._encoded = _Encoded(vectors.lens(session, encoded.VERSION, self.day))
        return self._encoded

    def _seen(self, session: Session, papers: Sequence[Candidate]) -> Encoded | None:
        """What the encoder knows, of these papers too; None where there is none."""
        sense = self._sense(session)
        sense.read(session, [_words_of(one.paper) for one in papers])
        return sense.known

    def _counted(self, session: Session) -> ranking.Vocabulary:
        every = editions.candidates(session, self.day, None, self._rising)
        texts = [f"{one.paper.title}\n{one.paper.abstract}" for one in every]
        older = history.background(session, until=self.day, limit=BACKGROUND)
        return ranking.fit([*texts, *older])


class _Encoded:
    """What the encoder said of the texts that are ranked: read once, and only where there is a lens
    to see it through."""

    def __init__(self, lens: vectors.Lens | None) -> None:
        self.known = Encoded(encoded.from_bytes(lens.data)) if lens else None
        self._by = lens.encoder if lens else ""
        self._read: set[ranking.LikedPaper | str] = set()

    def hear(self, session: Session, readers: Sequence[ranking.Reader]) -> None:
        """Read what was encoded of these readers' lines and of the papers they spoke of."""
        if self.known is None:
            return
        if len(self._read) > MOST_ENCODED:  # pools keep what they need of it
            self._read.clear()
            self.known.kept.clear()
        typed = {line for one in readers for line in _typed(one.profile)} - self._read
        self._add(session, (encoded.line_key(sense.typed_text(line)) for line in typed))
        self._read |= typed
        self.read(session, chain.from_iterable((*one.liked, *one.disliked) for one in readers))

    def read(self, session: Session, papers: Iterable[ranking.LikedPaper]) -> None:
        """Read what was encoded of these papers."""
        if self.known is not None:
            new = {*papers} - self._read
            self._add(
                session,
                (encoded.key(encoded.paper_text(paper.title, paper.abstract)) for paper in new),
            )
            self._read |= new

    def _add(self, session: Session, keys: Iterable[str]) -> None:
        if self.known is not None:
            self.known.add(vectors.of_keys(session, self._by, sorted(keys)))


def _typed(profile: InterestProfile) -> Iterable[str]:
    return chain(profile.interests, profile.keywords)


def texts_of(session: Session, readers: Sequence[Subscriber]) -> tuple[set[str], set[str]]:
    """What an encoder is to be asked of readers: the lines they typed, and the papers that they
    spoke of."""
    lines = {sense.typed_text(line) for one in readers for line in _typed(one.profile)}
    said = feedback.said_by(session, [one.id for one in readers])
    about = {word.about for words in said.values() for word in words if word.kind is not Kind.MUTE}
    names = about.union(*(one.profile.liked for one in readers))
    papers = [one.words for one in _papers(session, names).values()] if names else []
    return lines - {""}, {encoded.paper_text(one.title, one.abstract) for one in papers}


def named_by(session: Session, readers: Sequence[Subscriber], day: date) -> set[str]:
    """The papers, by name, that the ranking of readers compares others to."""
    said = feedback.said_by(session, [one.id for one in readers])
    wishes = [_wish(one, said.get(one.id, ()), day) for one in readers]
    return {
        name
        for wish in wishes
        for spoken in (wish.liked, wish.less)
        for name, _ in spoken[-weights.MOST_LIKED :]
    }


def words_of(session: Session, names: Collection[str]) -> set[ranking.LikedPaper]:
    """The words of papers that readers named; of those that nobody knows there are none."""
    return {one.words for one in _papers(session, names).values()} if names else set()


def _latest(one: ranking.Reader) -> Iterable[ranking.LikedPaper]:
    return (*one.liked[-weights.MOST_LIKED :], *one.disliked[-weights.MOST_LIKED :])


def _labelled(one: Candidate) -> Candidate:
    """The candidate with its sources as readers know them, always in one order."""
    return replace(one, sources=tuple(sorted(set(map(label_of, one.sources)), key=str.casefold)))


@dataclass(frozen=True, slots=True)
class _Wish:
    """What a reader's profile and feedback say together: papers by name, each with how much it
    still counts, oldest first."""

    liked: tuple[tuple[str, float], ...]
    less: tuple[tuple[str, float], ...] = ()
    mute: tuple[str, ...] = ()


def _wish(reader: Subscriber, said: Sequence[Feedback], day: date) -> _Wish:
    seeded = tuple((name, 1.0) for name in reader.profile.liked)
    if not said:
        return _Wish(seeded)
    more, less = (
        tuple((word.about, left_of(word.at.date(), day)) for word in said if word.kind is kind)
        for kind in (Kind.MORE, Kind.LESS)
    )
    return _Wish(
        (*seeded, *more), less, tuple(word.about for word in said if word.kind is Kind.MUTE)
    )


def left_of(said_on: date, day: date) -> float:
    """How much feedback still counts on a day: half after each half-life, all before the first."""
    return float(0.5 ** (max((day - said_on).days, 0) / weights.HALF_LIFE))


@dataclass(frozen=True, slots=True)
class _Spoken:
    """A paper that a reader spoke of: its words, and its number where the history holds it."""

    words: ranking.LikedPaper
    number: int | None = None


def _reader(
    one: Subscriber, wish: _Wish, papers: Mapping[str, _Spoken | None], had: frozenset[int]
) -> ranking.Reader:
    """A reader for the ranking. A paper they spoke of is one they know: it is not picked again."""
    if not (wish.liked or wish.less or wish.mute):
        return ranking.Reader(one.profile, (), had)
    liked = [(spoken, left) for name, left in wish.liked if (spoken := papers[name])]
    less = [(spoken, left) for name, left in wish.less if (spoken := papers[name])]
    known = {spoken.number for spoken, _ in (*liked, *less) if spoken.number is not None}
    return ranking.Reader(
        one.profile,
        tuple(spoken.words for spoken, _ in liked),
        had | known,
        tuple(spoken.words for spoken, _ in less),
        wish.mute,
        tuple(left for _, left in liked),
        tuple(left for _, left in less),
    )


def _papers(session: Session, names: Collection[str]) -> dict[str, _Spoken]:
    """The papers that readers spoke of, by the name they have there.

    Of a paper that the history does not hold, what arXiv said of it or its title is all there is
    to go by; an identity alone says nothing.
    """
    keys = {name: name if is_identity(name) else title_identity(name) for name in names}
    found = history.by_names(session, keys.values())
    papers = {
        name: _Spoken(_words_of(found[key].paper), found[key].id)
        for name, key in keys.items()
        if key in found
    }
    titles = {n: _Spoken(ranking.LikedPaper(n)) for n in names if not is_identity(n)}
    asked = lookups.of_names(session, set(names) - papers.keys() - titles.keys())
    told = {
        name: _Spoken(ranking.LikedPaper(one.title, one.abstract))
        for name, one in asked.items()
        if one.title
    }
    return titles | told | papers


def _words_of(paper: Paper) -> ranking.LikedPaper:
    return ranking.LikedPaper(paper.title, paper.abstract, tuple(paper.categories))
