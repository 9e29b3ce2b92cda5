"""Admins, their recovery codes and their log-ins, as kept; what is secret is a hash or sealed."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from digest.core.admin import IDLE, Admin, Role, Visit
from digest.errors import AdminError
from digest.store.desk_tables import AdminCodeRow, AdminRow, AdminSessionRow
from subscribers.insert import insert_new

LONGEST_NAME = 64


@dataclass(frozen=True, slots=True)
class Secrets:
    """What an admin proves themselves by: the hash of the password, the sealed TOTP secret, and the
    last step of time whose code was used."""

    password_hash: str
    totp_secret: str
    totp_step: int


def key_of(name: str) -> str:
    """The form by which two names are the same."""
    return name.strip().casefold()[:LONGEST_NAME]


def add(session: Session, name: str, role: Role, secrets: Secrets, *, now: datetime) -> Admin:
    """A new admin; AdminError if the name cannot be had."""
    name = name.strip()
    check_free(session, name)
    values = {
        "name": name, "name_key": key_of(name), "role": role.value, "epoch": 0, "created_at": now,
        "password_hash": secrets.password_hash, "totp_secret": secrets.totp_secret,
        "totp_step": secrets.totp_step,
    }  # fmt: skip
    if not insert_new(session, AdminRow, [values], AdminRow.name_key):
        raise AdminError(_taken(name))
    return known(session, name)


def check_free(session: Session, name: str) -> None:
    """AdminError if the name cannot be had."""
    name = name.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise AdminError(f"an admin's name has 1 to {LONGEST_NAME} printable characters")
    if find(session, name) is not None:
        raise AdminError(_taken(name))


def _taken(name: str) -> str:
    return f"there is an admin {name!r} already: `digest admins reset` replaces a password"


def find(session: Session, name: str) -> tuple[Admin, Secrets] | None:
    """The admin of this name with what proves them; None for a stranger."""
    row = session.scalar(select(AdminRow).where(AdminRow.name_key == key_of(name)))
    if row is None:
        return None
    return _admin(row), Secrets(row.password_hash, row.totp_secret, row.totp_step)


def known(session: Session, name: str) -> Admin:
    """The admin of this name; AdminError if there is none."""
    found = find(session, name)
    if found is None:
        raise AdminError(f"there is no admin {name!r}: `digest admins list` shows them all")
    return found[0]


def every(session: Session) -> list[Admin]:
    """All admins, oldest first."""
    return [_admin(row) for row in session.scalars(select(AdminRow).order_by(AdminRow.id))]


def replace(session: Session, admin: Admin, secrets: Secrets, codes: Collection[str]) -> None:
    """New proofs for an admin: the old ones, every log-in and every known browser end."""
    _change(session, admin.id, password_hash=secrets.password_hash,
            totp_secret=secrets.totp_secret, totp_step=secrets.totp_step,
            epoch=AdminRow.epoch + 1)  # fmt: skip
    end_all(session, admin.id)
    session.execute(delete(AdminCodeRow).where(AdminCodeRow.admin_id == admin.id))
    keep_codes(session, admin.id, codes)


def remove(session: Session, admin: Admin) -> None:
    """End an admin, with their log-ins; what they did stays in the audit log."""
    end_all(session, admin.id)
    session.execute(delete(AdminCodeRow).where(AdminCodeRow.admin_id == admin.id))
    session.execute(delete(AdminRow).where(AdminRow.id == admin.id))


def rehash(session: Session, admin_id: int, password_hash: str) -> None:
    """Keep a password under a stronger hash."""
    _change(session, admin_id, password_hash=password_hash)


def use_step(session: Session, admin_id: int, step: int) -> bool:
    """Use up the code of a step of time; False if it, or a later one, was used before."""
    done: Any = session.execute(
        update(AdminRow)
        .where(AdminRow.id == admin_id, AdminRow.totp_step < step)
        .values(totp_step=step)
    )
    return int(done.rowcount) == 1


def keep_codes(session: Session, admin_id: int, codes: Collection[str]) -> None:
    """Keep the hashes of recovery codes."""
    rows = [{"admin_id": admin_id, "code_hash": code, "used_at": None} for code in codes]
    session.execute(insert(AdminCodeRow), rows)


def use_code(session: Session, admin_id: int, code_hash: str, *, now: datetime) -> bool:
    """Use up a recovery code; False if there is no such code, or it was used before."""
    done: Any = session.execute(
        update(AdminCodeRow)
        .where(
            AdminCodeRow.admin_id == admin_id,
            AdminCodeRow.code_hash == code_hash,
            AdminCodeRow.used_at.is_(None),
        )
        .values(used_at=now)
    )
    return int(done.rowcount) == 1


def codes_left(session: Session, admin_ids: Sequence[int]) -> dict[int, int]:
    """How many recovery codes each of these has left."""
    query = (
        select(AdminCodeRow.admin_id, func.count())
        .where(AdminCodeRow.admin_id.in_(admin_ids), AdminCodeRow.used_at.is_(None))
        .group_by(AdminCodeRow.admin_id)
    )
    return dict.fromkeys(admin_ids, 0) | dict(session.execute(query).all())


def begin(session: Session, admin_id: int, token_hash: str, *, now: datetime) -> None:
    """A log-in begins."""
    session.add(
        AdminSessionRow(
            token_hash=token_hash, admin_id=admin_id, started_at=now, seen_at=now, proved_at=now
        )
    )
    session.execute(delete(AdminSessionRow).where(AdminSessionRow.seen_at < now - IDLE))


def visit(session: Session, token_hash: str) -> Visit | None:
    """The log-in of this token, over or not; None if there is none."""
    query = select(AdminSessionRow, AdminRow).join(AdminRow)
    found = session.execute(query.where(AdminSessionRow.token_hash == token_hash)).one_or_none()
    if found is None:
        return None
    row, admin = found
    return Visit(_admin(admin), row.token_hash, row.started_at, row.seen_at, row.proved_at)


def see(session: Session, token_hash: str, *, now: datetime) -> None:
    """A log-in is in use."""
    session.execute(
        update(AdminSessionRow).where(AdminSessionRow.token_hash == token_hash).values(seen_at=now)
    )


def rotate(session: Session, token_hash: str, to: str, *, now: datetime) -> None:
    """The same log-in under a new token, proved just now."""
    session.execute(
        update(AdminSessionRow)
        .where(AdminSessionRow.token_hash == token_hash)
        .values(token_hash=to, seen_at=now, proved_at=now)
    )


def end(session: Session, token_hash: str) -> None:
    """A log-in ends."""
    session.execute(delete(AdminSessionRow).where(AdminSessionRow.token_hash == token_hash))


def end_all(session: Session, admin_id: int) -> None:
    """Every log-in of an admin ends."""
    session.execute(delete(AdminSessionRow).where(AdminSessionRow.admin_id == admin_id))


def _change(session: Session, admin_id: int, **values: Any) -> None:
    session.execute(update(AdminRow).where(AdminRow.id == admin_id).values(**values))


def _admin(row: AdminRow) -> Admin:
    return Admin(row.id, row.name, Role(row.role), row.epoch, row.created_at)
