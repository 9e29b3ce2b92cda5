"""What every URL said last, and how every try to collect went."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from digest.store.tables import CollectionRow, FeedRow


@dataclass(frozen=True, slots=True)
class Feed:
    """The validators of a URL's last body, and how many records that body held."""

    url: str
    etag: str
    last_modified: str
    listed: int


def last_seen(session: Session, url: str) -> Feed | None:
    row = session.get(FeedRow, url)
    return Feed(row.url, row.etag, row.last_modified, row.listed) if row else None


def remember(session: Session, feed: Feed, at: datetime) -> None:
    """Keep a URL's validators; to be called in the transaction that keeps what its body said."""
    session.merge(
        FeedRow(
            url=feed.url,
            etag=feed.etag,
            last_modified=feed.last_modified,
            listed=feed.listed,
            fetched_at=at,
        )
    )


def log_collection(
    session: Session,
    *,
    source: str,
    day: date,
    at: datetime,
    state: str,
    counts: Mapping[str, int],
    error: str | None,
) -> None:
    """Enter one try to collect a source: its state and its counts."""
    session.execute(
        insert(CollectionRow).values(
            source=source, day=day, at=at, state=state, error=error, **counts
        )
    )


def sources_of(session: Session, day: date) -> dict[str, str]:
    """The last state of every source that was collected for a day, by name."""
    query = (
        select(CollectionRow.source, CollectionRow.state)
        .where(CollectionRow.day == day)
        .order_by(CollectionRow.id)
    )
    return dict(session.execute(query).all())


def forget_collections(session: Session, *, before: datetime) -> None:
    """Delete the tries to collect that were made before then."""
    session.execute(delete(CollectionRow).where(CollectionRow.at < before))
