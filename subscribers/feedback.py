"""Feedback: one word from a mail about a paper or a topic, kept until it is taken back."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from subscribers.chunks import chunks
from subscribers.errors import BadProfile
from subscribers.insert import insert_missing
from subscribers.profile import tidy
from subscribers.tables import FeedbackRow, table

LONGEST = 255
# Of each kind and person; the ranking looks at the latest hundred papers only.
MOST = 500


class Kind(StrEnum):
    """What was said."""

    MORE = "more"  # more like this paper
    LESS = "less"  # not for me
    MUTE = "mute"  # never this topic


_OPPOSITE = {Kind.MORE: Kind.LESS, Kind.LESS: Kind.MORE}


@dataclass(frozen=True, slots=True)
class Feedback:
    """What one person said: `about` is a paper's identity, or the topic that is muted."""

    id: int
    kind: Kind
    about: str
    at: datetime


def give(session: Session, subscriber_id: int, kind: Kind, about: str, *, at: datetime) -> None:
    """Keep one word, once however often it is said.

    "More" and "less" about one paper replace each other; of more than MOST the oldest goes.
    BadProfile if `about` is empty or too long.
    """
    about = tidy(about)
    if not about or len(about) > LONGEST:
        raise BadProfile(f"feedback must be about 1 to {LONGEST} characters, not {len(about)}")
    if opposite := _OPPOSITE.get(kind):
        _forget(session, subscriber_id, FeedbackRow.kind == opposite, FeedbackRow.about == about)
    values = {"subscriber_id": subscriber_id, "kind": kind, "about": about, "at": at}
    insert_missing(session, FeedbackRow, [values])
    _keep_latest(session, subscriber_id, kind)


def said(session: Session, subscriber_id: int) -> tuple[Feedback, ...]:
    """All that one person said and did not take back, oldest first."""
    return said_by(session, [subscriber_id]).get(subscriber_id, ())


def said_by(session: Session, ids: Iterable[int]) -> dict[int, tuple[Feedback, ...]]:
    """All that these persons said, oldest first; who said nothing is missing."""
    found: dict[int, list[Feedback]] = defaultdict(list)
    rows = table(FeedbackRow)
    query = select(rows.c.subscriber_id, rows.c.id, rows.c.kind, rows.c.about, rows.c.at)
    for part in chunks(ids):
        one = query.where(rows.c.subscriber_id.in_(part)).order_by(rows.c.id)
        for who, number, kind, about, at in session.execute(one):
            found[who].append(Feedback(number, Kind(kind), about, at))
    return {who: tuple(words) for who, words in found.items()}


def take_back(session: Session, subscriber_id: int, kind: Kind, about: str) -> bool:
    """Forget one word; False if it was not said."""
    return _forget(session, subscriber_id, FeedbackRow.kind == kind, FeedbackRow.about == about)


def _forget(session: Session, subscriber_id: int, *which: ColumnElement[bool]) -> bool:
    gone = delete(FeedbackRow).where(FeedbackRow.subscriber_id == subscriber_id, *which)
    return bool(session.scalars(gone.returning(FeedbackRow.id)).all())


def _keep_latest(session: Session, subscriber_id: int, kind: Kind) -> None:
    same = (FeedbackRow.subscriber_id == subscriber_id, FeedbackRow.kind == kind)
    newest = select(FeedbackRow.id).where(*same).order_by(FeedbackRow.id.desc())
    last = session.scalar(newest.offset(MOST - 1).limit(1))
    if last is not None:
        session.execute(delete(FeedbackRow).where(*same, FeedbackRow.id < last))
