"""Look-ups: what readers named and the history does not hold, until arXiv said what it is.

A row stands for all readers who named the same; whose likes change by its answer is a wish.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from digest.store.tables import LookupRow, LookupWishRow
from subscribers.chunks import chunks
from subscribers.insert import insert_missing, insert_new
from subscribers.tables import table

PAPER, AUTHOR = "arxiv:", "author:"  # how the names of the two kinds begin
# arXiv's index may lag a day behind its announcements: what is missing is asked for again.
MISSING_AGAIN = timedelta(days=1)
MOST_MISSES = 3
_RETRY = timedelta(minutes=10)
_MOST_DOUBLED = 8  # ten minutes doubled so often are 42 hours
_LONGEST_NOTE = 500


class LookupState(StrEnum):
    """Where a look-up stands; what is missing may still be asked for again."""

    WAITING = "waiting"
    FOUND = "found"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Lookup:
    """One look-up; its words are "" until it is found."""

    name: str
    state: LookupState
    title: str
    abstract: str
    note: str


@dataclass(frozen=True, slots=True)
class LookupWish:
    """A reader whose likes wait for an answer, and the title by which they like it until then."""

    subscriber_id: int
    name: str
    liked_as: str


def ask(session: Session, names: Iterable[str], *, now: datetime) -> list[str]:
    """Have these looked up; those that nobody asked for before."""
    rows = [
        {"name": name, "state": LookupState.WAITING, "title": "", "abstract": "",
         "asked_at": now, "due_at": now, "tries": 0, "note": ""}
        for name in sorted(set(names))
    ]  # fmt: skip
    return [name for (name,) in insert_new(session, LookupRow, rows, LookupRow.name)]


def wish(session: Session, wishes: Sequence[LookupWish]) -> None:
    """Have likes changed by the answers, once for each reader and name."""
    rows = [
        {"subscriber_id": one.subscriber_id, "name": one.name, "liked_as": one.liked_as}
        for one in wishes
    ]
    insert_missing(session, LookupWishRow, rows)


def of_names(session: Session, names: Iterable[str]) -> dict[str, Lookup]:
    """What became of these names; those that nobody asked for are missing."""
    columns = LookupRow.name, LookupRow.state, LookupRow.title, LookupRow.abstract, LookupRow.note
    return {
        row.name: Lookup(row.name, LookupState(row.state), row.title, row.abstract, row.note)
        for part in chunks(sorted(set(names)))
        for row in session.execute(select(*columns).where(LookupRow.name.in_(part)))
    }


def due(session: Session, *, now: datetime, limit: int, authors: bool) -> list[str]:
    """Names to ask arXiv for now, the longest due first: of papers, or of authors."""
    is_author = LookupRow.name.startswith(AUTHOR, autoescape=True)
    query = select(LookupRow.name).where(
        LookupRow.due_at <= now, is_author if authors else ~is_author
    )
    return list(session.scalars(query.order_by(LookupRow.due_at, LookupRow.name).limit(limit)))


def waiting(session: Session) -> int:
    """How many look-ups have no answer yet."""
    query = select(func.count()).where(
        LookupRow.due_at.is_not(None), LookupRow.state == LookupState.WAITING
    )
    return session.scalar(query) or 0


def found(session: Session, words: Mapping[str, tuple[str, str]], *, now: datetime) -> None:
    """Keep title and abstract of what was found, asked for or not."""
    on = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    rows = [
        {"name": name, "state": LookupState.FOUND, "title": title, "abstract": abstract,
         "asked_at": now, "due_at": None, "tries": 0, "note": ""}
        for name, (title, abstract) in sorted(words.items())
    ]  # fmt: skip
    if rows:
        insert = on.insert(table(LookupRow))
        changed = {
            name: insert.excluded[name] for name in ("state", "title", "abstract", "due_at", "note")
        }
        session.execute(insert.on_conflict_do_update(index_elements=["name"], set_=changed), rows)


def missed(session: Session, names: Iterable[str], note: str, *, now: datetime) -> None:
    """There is none of these, by arXiv's word; they are asked for again in a day, a few times."""
    for part in chunks(names):
        rows = LookupRow.name.in_(part)
        session.execute(
            update(LookupRow)
            .where(rows)
            .values(
                state=LookupState.MISSING,
                note=note[:_LONGEST_NOTE],
                tries=LookupRow.tries + 1,
                due_at=now + MISSING_AGAIN,
            )
        )
        settled = update(LookupRow).where(rows, LookupRow.tries >= MOST_MISSES)
        session.execute(settled.values(due_at=None))


def put_off(session: Session, names: Iterable[str], note: str, *, now: datetime) -> None:
    """arXiv gave no answer; ask again later, and later each time."""
    query = select(LookupRow.name, LookupRow.tries).where(LookupRow.due_at <= now)
    tries: dict[str, int] = {}
    for part in chunks(sorted(set(names))):
        tries |= dict(session.execute(query.where(LookupRow.name.in_(part))).all())
    for count in sorted(set(tries.values())):
        same = [name for name, number in tries.items() if number == count]
        wait = _RETRY * (1 << min(count, _MOST_DOUBLED))
        for part in chunks(same):
            session.execute(
                update(LookupRow)
                .where(LookupRow.name.in_(part))
                .values(tries=count + 1, due_at=now + wait, note=note[:_LONGEST_NOTE])
            )


def wishes_for(session: Session, names: Iterable[str]) -> list[LookupWish]:
    """Whose likes wait for these, in the order of the readers."""
    columns = LookupWishRow.subscriber_id, LookupWishRow.name, LookupWishRow.liked_as
    query = select(*columns).order_by(LookupWishRow.subscriber_id, LookupWishRow.name)
    return [
        LookupWish(*row)
        for part in chunks(names)
        for row in session.execute(query.where(LookupWishRow.name.in_(part)))
    ]


def wishes_of(session: Session, subscriber_id: int) -> list[LookupWish]:
    """What one reader's likes wait for, by name."""
    columns = LookupWishRow.subscriber_id, LookupWishRow.name, LookupWishRow.liked_as
    query = select(*columns).where(LookupWishRow.subscriber_id == subscriber_id)
    return [LookupWish(*row) for row in session.execute(query.order_by(LookupWishRow.name))]


def fulfil(session: Session, names: Iterable[str]) -> None:
    """Forget the wishes for these."""
    for part in chunks(names):
        session.execute(delete(LookupWishRow).where(LookupWishRow.name.in_(part)))


def drop_wishes(session: Session, subscriber_id: int, names: Iterable[str]) -> None:
    """Forget what one reader's likes waited for."""
    own = LookupWishRow.subscriber_id == subscriber_id
    for part in chunks(names):
        session.execute(delete(LookupWishRow).where(own, LookupWishRow.name.in_(part)))


def forget(session: Session, names: Iterable[str]) -> None:
    """Forget look-ups themselves, so that asking again asks arXiv again."""
    for part in chunks(names):
        session.execute(delete(LookupRow).where(LookupRow.name.in_(part)))


def forget_reader(session: Session, subscriber_id: int) -> None:
    """Forget that an erased reader wished for anything."""
    session.execute(delete(LookupWishRow).where(LookupWishRow.subscriber_id == subscriber_id))
