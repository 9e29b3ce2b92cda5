"""Base, UtcDateTime, and the rows about a person."""

from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    DateTime,
    Dialect,
    Enum,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    false,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from subscribers.address import KEY_LENGTH
from subscribers.consent import ConsentKind, Reason, Status
from subscribers.language import DEFAULT as DEFAULT_LANGUAGE
from subscribers.language import LONGEST as LANGUAGE_LENGTH
from subscribers.schedule import Cadence


class UtcDateTime(TypeDecorator[datetime]):
    """An aware instant, stored in UTC; refuses a naive one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(
        self,
        value: datetime | None,
        dialect: Dialect,  # noqa: ARG002
    ) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError(f"naive datetime {value!r}: pass an aware one")
        return value if value is None or value.tzinfo is UTC else value.astimezone(UTC)

    def process_result_value(
        self,
        value: datetime | None,
        dialect: Dialect,  # noqa: ARG002
    ) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# SQLite counts up by itself only in a column that is exactly INTEGER.
Id = BigInteger().with_variant(Integer(), "sqlite")


def words(kind: type[StrEnum], name: str) -> Enum:
    """A column of one StrEnum's values as text of up to 16 characters, held by a constraint."""
    return Enum(
        kind,
        name=name,
        native_enum=False,
        length=16,
        create_constraint=True,
        values_callable=lambda members: [member.value for member in members],
    )


class Base(DeclarativeBase):
    """The one metadata of all tables; constraints have names, so that migrations can drop them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


def table(rows: type[Base]) -> Table:
    """The plain table of mapped rows: bulk inserts through it are a third faster."""
    return cast(Table, rows.__table__)


class SubscriberRow(Base):
    """One person. `profile_version` names the row of `profiles` that holds now. `due_at` is when
    the next digest is due, that of the local day `due_day`; without `due_at` that is to be found
    out anew. `quiet_line`: on a day without papers this person wants one line that says why.

    Ids are never given twice, not even after an erasure: an old unsubscribe link must not
    reach a stranger, and the ledger of sent digests speaks of ids.
    """

    __tablename__ = "subscribers"
    __table_args__ = (
        CheckConstraint("hour BETWEEN 0 AND 23", name="hour"),
        CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
        Index(None, "status", "id"),
        Index("ix_subscribers_status_due", "status", "due_at", "due_day"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    address: Mapped[str] = mapped_column(String(KEY_LENGTH))
    address_key: Mapped[str] = mapped_column(String(KEY_LENGTH), unique=True)
    status: Mapped[Status] = mapped_column(words(Status, "status"))
    zone: Mapped[str] = mapped_column(String(64))
    hour: Mapped[int]
    cadence: Mapped[Cadence] = mapped_column(words(Cadence, "cadence"))
    weekday: Mapped[int]
    plain_only: Mapped[bool] = mapped_column(default=False, server_default=false())
    language: Mapped[str] = mapped_column(
        String(LANGUAGE_LENGTH), default=DEFAULT_LANGUAGE, server_default=DEFAULT_LANGUAGE
    )
    profile_version: Mapped[int]
    token_version: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    consent_source: Mapped[str | None] = mapped_column(String(200))
    paused_until: Mapped[date | None]
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    due_day: Mapped[date | None]
    quiet_line: Mapped[bool] = mapped_column(default=False, server_default=false())


class ProfileRow(Base):
    """One version of one person's interest profile; added, never changed."""

    __tablename__ = "profiles"

    subscriber_id: Mapped[int] = mapped_column(
        Id, ForeignKey("subscribers.id", ondelete="CASCADE"), primary_key=True
    )
    version: Mapped[int] = mapped_column(primary_key=True)
    data: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ConsentEventRow(Base):
    """What one person agreed to or withdrew; added, never changed, gone only with the person."""

    __tablename__ = "consent_events"
    __table_args__ = (
        Index(None, "subscriber_id", "id"),
        Index("ix_consent_events_kind_at", "kind", "at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    subscriber_id: Mapped[int] = mapped_column(Id, ForeignKey("subscribers.id", ondelete="CASCADE"))
    kind: Mapped[ConsentKind] = mapped_column(words(ConsentKind, "kind"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    wording: Mapped[str] = mapped_column(String(32))
    source: Mapped[str] = mapped_column(String(200))
    ip_hash: Mapped[str | None] = mapped_column(String(64))


class SignupRow(Base):
    """A sign-up as it was sent, until it is decided; then it is deleted."""

    __tablename__ = "signups"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    address: Mapped[str] = mapped_column(String(KEY_LENGTH))
    fields: Mapped[dict[str, Any]] = mapped_column(JSON)
    source: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    ip_hash: Mapped[str | None] = mapped_column(String(64))


class FeedbackRow(Base):
    """One word from a mail: more like this paper, not this one, or never this topic.

    `about` is the paper's identity or the topic; what is taken back is deleted.
    """

    __tablename__ = "feedback"
    __table_args__ = (
        UniqueConstraint("subscriber_id", "kind", "about"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    subscriber_id: Mapped[int] = mapped_column(Id, ForeignKey("subscribers.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(16))
    about: Mapped[str] = mapped_column(String(255))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class SuppressionRow(Base):
    """An address never to write to, as a keyed hash: it says nothing to who lacks the key."""

    __tablename__ = "suppressions"

    address_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    reason: Mapped[Reason] = mapped_column(words(Reason, "reason"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    source: Mapped[str] = mapped_column(String(200))
