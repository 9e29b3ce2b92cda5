"""Whom a wish names, as reader ids, and why readers are not among those who get it."""

from collections.abc import Iterable

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from digest.core.wish import Whom, Wish
from digest.errors import SendError
from subscribers import address as addresses
from subscribers.chunks import chunks
from subscribers.consent import Status
from subscribers.errors import BadAddress
from subscribers.tables import SubscriberRow

# More than so many are not chosen one by one: such a statement gets too long.
MOST = 10_000


def resolve(session: Session, wish: Wish) -> tuple[list[int] | None, int]:
    """The ids of the readers a wish names, None for all; and how many addresses nobody has.

    SendError if it names nobody, or too many to be chosen one by one.
    """
    if wish.whom is Whom.ALL:
        return None, 0
    if not wish.text.strip():
        raise SendError("say which readers: a part of an address, or addresses one on each line")
    found, unknown = _named(session, wish) if wish.whom is not Whom.SEARCH else (
        _matching(session, wish.text), 0)  # fmt: skip
    if len(found) > MOST:
        raise SendError(f"that names more than {MOST:,} readers: choose fewer, or all")
    if not found:
        raise SendError("nobody here has such an address")
    return found, unknown


def _matching(session: Session, text: str) -> list[int]:
    key = text.strip().casefold()
    query = select(SubscriberRow.id).where(
        or_(
            SubscriberRow.address_key.contains(key, autoescape=True),
            SubscriberRow.address.contains(text.strip(), autoescape=True),
        )
    )
    return list(session.scalars(query.order_by(SubscriberRow.id).limit(MOST + 1)))


def _named(session: Session, wish: Wish) -> tuple[list[int], int]:
    lines = [wish.text] if wish.whom is Whom.ONE else wish.text.replace(",", "\n").splitlines()
    typed = [line.strip() for line in lines if line.strip()]
    if len(typed) > MOST:
        raise SendError(f"that names more than {MOST:,} readers: choose fewer, or all")
    keys = {key for line in typed if (key := _key(line))}
    ids = _by_keys(session, keys)
    return ids, len(typed) - len(ids)


def _key(typed: str) -> str:
    """The form of an address by which it is found, "" for what is none."""
    try:
        return addresses.parse(typed).key
    except BadAddress:
        return ""


def _by_keys(session: Session, keys: Iterable[str]) -> list[int]:
    found: list[int] = []
    for part in chunks(sorted(keys)):
        query = select(SubscriberRow.id).where(SubscriberRow.address_key.in_(part))
        found += session.scalars(query)
    return sorted(found)


def statuses(session: Session, ids: list[int] | None) -> dict[Status, int]:
    """How many of these readers, or of all, stand at each status."""
    found = dict.fromkeys(Status, 0)
    if ids is None:
        query = select(func.count()).select_from(SubscriberRow)
        for status in Status:
            found[status] = session.scalar(query.where(SubscriberRow.status == status)) or 0
        return found
    for part in chunks(ids):
        query_of = select(SubscriberRow.status, func.count()).where(SubscriberRow.id.in_(part))
        for status, number in session.execute(query_of.group_by(SubscriberRow.status)):
            found[status] += number
    return found
