"""Suppressions: addresses never to write to, kept as keyed hashes that outlive their persons."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from subscribers.address import Address
from subscribers.among import among
from subscribers.chunks import chunks
from subscribers.consent import Reason
from subscribers.insert import insert_new
from subscribers.macs import mac
from subscribers.tables import SubscriberRow, SuppressionRow, table

_DOMAIN = b"papers-digest suppression\0"
_barred = table(SuppressionRow)
_REASONS = select(_barred.c.address_hash, _barred.c.reason).where(
    among(_barred.c.address_hash, "hashes")
)


def address_hash(address_key: str, key: bytes) -> str:
    """The keyed hash of an address key, 64 hexadecimal digits."""
    if not key:
        raise ValueError("an empty key hides nothing: set the secret")
    return mac(key, _DOMAIN + address_key.encode()).hex()


def suppress(
    session: Session, address: Address, reason: Reason, *, key: bytes, now: datetime, source: str
) -> bool:
    """Never write to this address again; False if that was so already (its first reason stays).

    `source` says what led to it (a delivery key, "command line"), never the address itself.
    """
    values = {
        "address_hash": address_hash(address.key, key),
        "reason": reason,
        "at": now,
        "source": source,
    }
    return bool(insert_new(session, SuppressionRow, [values], SuppressionRow.address_hash))


def lift(session: Session, address: Address, *, key: bytes) -> Reason | None:
    """Allow mail to this address again; the reason it was suppressed for, None if it was not."""
    return session.scalars(
        delete(SuppressionRow)
        .where(SuppressionRow.address_hash == address_hash(address.key, key))
        .returning(SuppressionRow.reason)
    ).one_or_none()


def reason_for(session: Session, address: Address, *, key: bytes) -> Reason | None:
    """Why this address is suppressed; None if it is not."""
    return suppressed_keys(session, [address.key], key=key).get(address.key)


def suppressed_keys(
    session: Session, address_keys: Iterable[str], *, key: bytes
) -> dict[str, Reason]:
    """Those of the address keys that are suppressed, each with its reason."""
    owners = {address_hash(address_key, key): address_key for address_key in address_keys}
    rows = session.connection().execute(_REASONS, {"hashes": owners.keys()})
    return {owners[hashed]: reason for hashed, reason in rows}


def count(session: Session) -> int:
    """How many addresses are suppressed, those of erased persons too."""
    return session.scalar(select(func.count()).select_from(SuppressionRow)) or 0


def suppressed_ids(session: Session, ids: Iterable[int], *, key: bytes) -> dict[int, Reason]:
    """Those of the subscriber ids whose address is suppressed, each with its reason."""
    owners: dict[str, int] = {}
    for part in chunks(ids):
        rows = session.execute(
            select(SubscriberRow.address_key, SubscriberRow.id).where(SubscriberRow.id.in_(part))
        )
        owners.update((address_key, subscriber_id) for address_key, subscriber_id in rows)
    found = suppressed_keys(session, owners, key=key)
    return {owners[address_key]: reason for address_key, reason in found.items()}
