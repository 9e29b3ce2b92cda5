"""Reading the history: a paper by any of its names, a day's papers, a search, background text."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from digest.core.edition import Change
from digest.core.identity import identities
from digest.core.paper import Paper
from digest.store.rows import to_paper
from digest.store.tables import AliasRow, ChangeRow, IdentityRow, PaperRow, SightingRow
from subscribers.chunks import chunks

MOST_DIGITS = 18  # of a row's number: what a 64-bit key can hold for certain


@dataclass(frozen=True, slots=True)
class Stored:
    """A paper of the history: its row's id, who listed it, and between which days."""

    id: int
    paper: Paper
    sources: tuple[str, ...]
    first_day: date
    last_day: date


@dataclass(frozen=True, slots=True)
class Sighting:
    """A paper's counts as a source showed them."""

    source: str
    day: date
    at: datetime
    votes: int | None
    comments: int | None
    version: int | None


def by_ids(session: Session, ids: Iterable[int]) -> dict[int, Stored]:
    """The papers of these rows; an id that was merged away gives the paper it became."""
    now = current(session, ids)
    stored = {
        paper.id: paper
        for part in chunks(sorted(set(now.values())))
        for paper in _stored(
            session, session.scalars(select(PaperRow).where(PaperRow.id.in_(part))).all()
        )
    }
    return {asked: stored[paper_id] for asked, paper_id in now.items() if paper_id in stored}


def current(session: Session, ids: Iterable[int]) -> dict[int, int]:
    """The ids that these papers have now: its own, or that of the paper it was merged into."""
    wanted = sorted(set(ids))
    now = {number: number for number in wanted}
    query = select(AliasRow.old_id, AliasRow.paper_id)
    for part in chunks(wanted):
        now |= dict(session.execute(query.where(AliasRow.old_id.in_(part))).all())
    return now


def _stored(session: Session, rows: Sequence[PaperRow]) -> list[Stored]:
    names: dict[int, list[str]] = {row.id: [] for row in rows}
    query = select(IdentityRow.paper_id, IdentityRow.identity)
    for paper_id, name in session.execute(query.where(IdentityRow.paper_id.in_(names))):
        names[paper_id].append(name)
    return [
        Stored(
            row.id, to_paper(row, names[row.id]), tuple(row.sources), row.first_day, row.last_day
        )
        for row in rows
    ]


def by_names(session: Session, names: Iterable[str]) -> dict[str, Stored]:
    """The papers with these identities, by the identity asked for; unknown ones are missing."""
    query = select(IdentityRow.identity, IdentityRow.paper_id)
    owners: dict[str, int] = {}
    for part in chunks(set(names)):
        owners |= dict(session.execute(query.where(IdentityRow.identity.in_(part))).all())
    papers = by_ids(session, owners.values())
    return {name: papers[paper_id] for name, paper_id in owners.items() if paper_id in papers}


def find(session: Session, name: str) -> Stored | None:
    """The paper that `name` names: an id or URL (arXiv, DOI, OpenReview), an identity, a row's
    number, or a whole title."""
    asked = (name, *identities(name, name))
    paper_id = session.scalar(
        select(IdentityRow.paper_id).where(IdentityRow.identity.in_(asked)).limit(1)
    )
    if paper_id is None and name.isdecimal() and len(name) <= MOST_DIGITS:
        paper_id = int(name)
    return by_ids(session, [paper_id]).get(paper_id) if paper_id is not None else None


def search(
    session: Session,
    *,
    day: date | None = None,
    text: str = "",
    limit: int = 50,
    offset: int = 0,
) -> list[Stored]:
    """Papers of a day's edition, or of all days, whose title, abstract or authors hold every word
    of `text`; most votes first, then the latest."""
    query = select(PaperRow).where(*(_holds(word) for word in text.split()))
    if day is not None:
        query = query.where(PaperRow.id.in_(select(ChangeRow.paper_id).where(ChangeRow.day == day)))
    order = (func.coalesce(PaperRow.votes, -1).desc(), PaperRow.last_day.desc(), PaperRow.id)
    page = query.order_by(*order).limit(limit).offset(offset)
    return _stored(session, session.scalars(page).all())


def _holds(word: str) -> ColumnElement[bool]:
    fields = (PaperRow.title, PaperRow.abstract, func.cast(PaperRow.authors, PaperRow.title.type))
    return or_(*(field.icontains(word, autoescape=True) for field in fields))


def count(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(PaperRow)) or 0


def days(session: Session) -> list[date]:
    """The days that have an edition, oldest first."""
    return list(session.scalars(select(ChangeRow.day).distinct().order_by(ChangeRow.day)))


def recent_categories(session: Session, *, limit: int) -> set[str]:
    """Every category that one of the `limit` latest papers carries, as its source writes it."""
    latest = select(PaperRow.categories).order_by(PaperRow.last_day.desc(), PaperRow.id.desc())
    return {name for names in session.scalars(latest.limit(limit)) for name in names}


def changes_of(session: Session, paper_id: int) -> list[tuple[date, Change]]:
    query = select(ChangeRow.day, ChangeRow.change).where(ChangeRow.paper_id == paper_id)
    return [(day, Change(change)) for day, change in session.execute(query.order_by(ChangeRow.day))]


def sightings(session: Session, paper_id: int) -> list[Sighting]:
    """All sightings of a paper, oldest first."""
    query = select(SightingRow).where(SightingRow.paper_id == paper_id)
    return [
        Sighting(row.source, row.day, row.at, row.votes, row.comments, row.version)
        for row in session.scalars(query.order_by(SightingRow.day, SightingRow.at))
    ]


def merged_into(session: Session, paper_id: int) -> list[int]:
    """The numbers of papers that became this one."""
    query = select(AliasRow.old_id).where(AliasRow.paper_id == paper_id)
    return list(session.scalars(query.order_by(AliasRow.old_id)))


def background(session: Session, *, until: date, limit: int) -> list[str]:
    """Texts of the `limit` latest papers listed before `until`: what words are common."""
    papers = papers_before(session, until=until, limit=limit)
    return [f"{title}\n{abstract}" for title, abstract, _ in papers]


def papers_before(session: Session, *, until: date, limit: int) -> list[tuple[str, str, list[str]]]:
    """Title, abstract and categories of the `limit` latest papers listed before `until`, the latest
    first."""
    query = (
        select(PaperRow.title, PaperRow.abstract, PaperRow.categories)
        .where(and_(PaperRow.last_day < until))
        .order_by(PaperRow.last_day.desc(), PaperRow.id.desc())
        .limit(limit)
    )
    return [(title, abstract, filed) for title, abstract, filed in session.execute(query)]
