"""Two rows that turn out to be one paper become one."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from digest.core.combine import combine
from digest.store.rows import to_paper, values
from digest.store.tables import AliasRow, ChangeRow, IdentityRow, PaperRow, SightingRow


def into_oldest(session: Session, ids: Sequence[int]) -> int:
    """Merge these rows into the one with the lowest id and return it; ids already merged are
    passed over. The old ids stay as aliases, since deliveries name them."""
    there = sorted(session.scalars(select(PaperRow.id).where(PaperRow.id.in_(ids))))
    keep = there[0]
    for other in there[1:]:
        _merge(session, keep, other)
    return keep


def _merge(session: Session, keep: int, other: int) -> None:
    kept = session.get_one(PaperRow, keep, populate_existing=True)
    gone = session.get_one(PaperRow, other, populate_existing=True)
    _join_rows(session, kept, gone)
    _move(session, SightingRow, keep, other, ("source", "day", "at"))
    _move(session, ChangeRow, keep, other, ("day", "change"))
    session.execute(update(IdentityRow).where(IdentityRow.paper_id == other).values(paper_id=keep))
    session.execute(update(AliasRow).where(AliasRow.paper_id == other).values(paper_id=keep))
    session.execute(insert(AliasRow).values(old_id=other, paper_id=keep))
    session.delete(gone)
    session.flush()
    _new_only_once(session, keep)


def _join_rows(session: Session, kept: PaperRow, gone: PaperRow) -> None:
    newer = _is_counted(gone) and (not _is_counted(kept) or gone.counted_at >= kept.counted_at)
    joined = combine(
        to_paper(kept, _names(session, kept.id)),
        to_paper(gone, _names(session, gone.id)),
        newer=newer,
    )
    for name, value in values(joined).items():
        setattr(kept, name, value)
    kept.sources = list(dict.fromkeys([*kept.sources, *gone.sources]))
    kept.first_day = min(kept.first_day, gone.first_day)
    kept.last_day = max(kept.last_day, gone.last_day)
    kept.counted_at = gone.counted_at if newer else kept.counted_at
    if gone.baseline_votes is not None and gone.baseline_votes > _floor(kept.baseline_votes):
        kept.baseline_votes, kept.baseline_day = gone.baseline_votes, gone.baseline_day


def _is_counted(row: PaperRow) -> bool:
    return row.votes is not None or row.comments is not None


def _floor(votes: int | None) -> int:
    return -1 if votes is None else votes


def _names(session: Session, paper_id: int) -> Iterable[str]:
    return session.scalars(select(IdentityRow.identity).where(IdentityRow.paper_id == paper_id))


def _move(
    session: Session,
    table: Any,
    keep: int,
    other: int,
    key: Sequence[str],
) -> None:
    """Move the rows of one paper to another; of two rows with one key, the kept one's stays and
    learns what it lacks."""
    kept = {
        tuple(getattr(row, name) for name in key): row
        for row in session.scalars(select(table).where(table.paper_id == keep))
    }
    for row in session.scalars(select(table).where(table.paper_id == other)).all():
        same = kept.get(tuple(getattr(row, name) for name in key))
        if same is None:
            row.paper_id = keep
        else:
            _fill(same, row)
            session.delete(row)
    session.flush()


def _fill(row: Any, other: Any) -> None:
    for column in row.__table__.columns:
        if getattr(row, column.key) is None:
            setattr(row, column.key, getattr(other, column.key))


def _new_only_once(session: Session, paper_id: int) -> None:
    """A paper is new on its first day only."""
    query = select(ChangeRow.day).where(ChangeRow.paper_id == paper_id, ChangeRow.change == "new")
    days = sorted(session.scalars(query))
    if days[1:]:
        session.execute(
            delete(ChangeRow).where(
                ChangeRow.paper_id == paper_id,
                ChangeRow.change == "new",
                ChangeRow.day.in_(days[1:]),
            )
        )
