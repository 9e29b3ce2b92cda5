"""Rows of the desk: who may log in, what they did, the sends they ordered, marks on papers."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from digest.store.tables import Key
from subscribers.tables import Base, UtcDateTime


class AdminRow(Base):
    """A person with a log-in. `totp_secret` is sealed with the installation's secret; `totp_step`
    is the last one that was used, so that no code works twice; `epoch` rises when the password or
    the codes are replaced, and ends what was remembered of browsers."""

    __tablename__ = "admins"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    name_key: Mapped[str] = mapped_column(String(64), unique=True)
    role: Mapped[str] = mapped_column(String(16))
    password_hash: Mapped[str] = mapped_column(Text)
    totp_secret: Mapped[str] = mapped_column(Text)
    totp_step: Mapped[int] = mapped_column(BigInteger)
    epoch: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class AdminCodeRow(Base):
    """A recovery code as a keyed hash; it works once."""

    __tablename__ = "admin_codes"

    admin_id: Mapped[int] = mapped_column(
        Key, ForeignKey("admins.id", ondelete="CASCADE"), primary_key=True
    )
    code_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class AdminSessionRow(Base):
    """One log-in of one browser, by the hash of its cookie. `proved_at` is when password and code
    were asked last."""

    __tablename__ = "admin_sessions"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    admin_id: Mapped[int] = mapped_column(
        Key, ForeignKey("admins.id", ondelete="CASCADE"), index=True
    )
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    proved_at: Mapped[datetime] = mapped_column(UtcDateTime)


class AuditRow(Base):
    """Who did what, when, on what; the database itself refuses to change or delete a row."""

    __tablename__ = "audit_log"
    __table_args__ = (Index("ix_audit_log_about", "about"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    who: Mapped[str] = mapped_column(String(100))
    what: Mapped[str] = mapped_column(String(64))
    about: Mapped[str] = mapped_column(String(100))
    detail: Mapped[str] = mapped_column(Text)


class SendRow(Base):
    """A send that a person ordered. `key_hash` makes a repeated request the same send; `wish` is
    what was asked. Held until `go_at`, it then goes on by whichever process is there: `runner`."""

    __tablename__ = "sends"
    __table_args__ = (UniqueConstraint("key_hash"), Index("ix_sends_state", "state"))

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    key_hash: Mapped[str] = mapped_column(String(64))
    wish: Mapped[dict[str, Any]] = mapped_column(JSON)
    ordered_by: Mapped[str] = mapped_column(String(100))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    go_at: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(String(16))
    audience: Mapped[int]
    run_id: Mapped[int | None] = mapped_column(Key, ForeignKey("runs.id"), index=True)
    runner: Mapped[str] = mapped_column(String(64))


class PaperMarkRow(Base):
    """A paper hidden from all editions (no day), or pinned to the top of one, with a note that
    readers see. Of a paper that was merged away it names the old number."""

    __tablename__ = "paper_marks"
    __table_args__ = (Index("ix_paper_marks_kind_day", "kind", "day"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    paper_id: Mapped[int] = mapped_column(Key, index=True)
    kind: Mapped[str] = mapped_column(String(16))
    day: Mapped[date | None]
    note: Mapped[str] = mapped_column(Text)
    marked_by: Mapped[str] = mapped_column(String(100))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
