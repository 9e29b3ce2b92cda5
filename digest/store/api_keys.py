"""Keys of the HTTP API: made once, shown once, kept as hashes, each for some things only."""

import hashlib
import hmac
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from digest.errors import ApiKeyError
from digest.store.tables import ApiKeyRow
from subscribers.tables import table

# So that a key left lying about is known for what it is, by people and by secret scanners.
PREFIX = "pdk_"
_BYTES = 32
_LONGEST_NAME = 64
_LONGEST_KEY = 200


class Scope(StrEnum):
    """What a key may be used for."""

    PAPERS_READ = "papers:read"
    SUBSCRIBERS_WRITE = "subscribers:write"  # ask for a subscription in a reader's name
    SUBSCRIBERS_READ = "subscribers:read"
    SUBSCRIBERS_MANAGE = "subscribers:manage"  # add with consent, change, erase
    SENDS_WRITE = "sends:write"  # order a send by hand, see how it stands, undo it


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as it is kept."""

    id: int
    name: str
    scopes: frozenset[Scope]
    created_at: datetime
    revoked_at: datetime | None


def add(session: Session, name: str, scopes: Collection[Scope], *, now: datetime) -> str:
    """Make a key and return it: the only time that anybody sees it.

    ApiKeyError if the name is empty, too long or borne by a key in use.
    """
    name = name.strip()
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        raise ApiKeyError(f"a key's name has 1 to {_LONGEST_NAME} printable characters")
    if _alive(session, name):
        raise ApiKeyError(f"a key named {name!r} is in use: revoke it, or choose another name")
    key = PREFIX + secrets.token_urlsafe(_BYTES)
    values = {
        "name": name,
        "key_hash": _hash(key),
        "scopes": sorted(scopes),
        "created_at": now,
        "revoked_at": None,
    }
    session.execute(insert(table(ApiKeyRow)).values(values))
    return key


def find(session: Session, key: str) -> ApiKey | None:
    """The key in use that `key` is; None for any other text.

    A hash needs no salt here: 256 random bits cannot be guessed from a table. The hashes are
    compared in constant time.
    """
    if len(key) > _LONGEST_KEY or not key.startswith(PREFIX):
        return None
    hashed = _hash(key)
    query = select(ApiKeyRow).where(ApiKeyRow.key_hash == hashed, ApiKeyRow.revoked_at.is_(None))
    row = session.scalar(query)
    if row is None or not hmac.compare_digest(row.key_hash, hashed):
        return None
    return _value(row)


def every(session: Session) -> list[ApiKey]:
    """All keys, the revoked ones too, oldest first."""
    return [_value(row) for row in session.scalars(select(ApiKeyRow).order_by(ApiKeyRow.id))]


def revoke(session: Session, name: str, *, now: datetime) -> None:
    """End the use of a key at once; ApiKeyError if none of that name is in use."""
    if not _alive(session, name.strip()):
        raise ApiKeyError(f"no key named {name!r} is in use: `digest keys list` shows them all")
    session.execute(
        update(ApiKeyRow)
        .where(ApiKeyRow.name == name.strip(), ApiKeyRow.revoked_at.is_(None))
        .values(revoked_at=now)
    )


def _alive(session: Session, name: str) -> bool:
    query = select(ApiKeyRow.id).where(ApiKeyRow.name == name, ApiKeyRow.revoked_at.is_(None))
    return session.scalar(query.limit(1)) is not None


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def _value(row: ApiKeyRow) -> ApiKey:
    scopes = frozenset(Scope(one) for one in row.scopes if one in tuple(Scope))
    return ApiKey(row.id, row.name, scopes, row.created_at, row.revoked_at)
