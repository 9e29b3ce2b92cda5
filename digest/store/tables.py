"""Rows of papers, editions, runs and deliveries; the person's rows are in subscribers.tables.

Days and instants are kept apart: a `day` is a calendar date of a listing or of a reader, an `*_at`
is an instant in UTC.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from subscribers.tables import Base, UtcDateTime

# SQLite numbers its rows by itself only when the key's type is INTEGER.
Key = BigInteger().with_variant(Integer(), "sqlite")


class PaperRow(Base):
    """One work, whatever listed it. `votes` is the latest count; `baseline_votes` the count at its
    last change, on `baseline_day`: what "rising" is measured against. `counted_at` is when the
    latest counts were true.

    Numbers are never given twice: an alias and old deliveries speak of those that were merged away.
    """

    __tablename__ = "papers"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    title: Mapped[str] = mapped_column(Text)
    abstract: Mapped[str] = mapped_column(Text)
    authors: Mapped[list[str]] = mapped_column(JSON)
    author_count: Mapped[int | None]
    version: Mapped[int | None]
    url: Mapped[str] = mapped_column(Text)
    categories: Mapped[list[str]] = mapped_column(JSON)
    published_on: Mapped[date | None]
    note: Mapped[str] = mapped_column(Text)
    summary: Mapped[str] = mapped_column(Text)
    keywords: Mapped[list[str]] = mapped_column(JSON)
    code_url: Mapped[str] = mapped_column(Text)
    code_stars: Mapped[int | None]
    project_url: Mapped[str] = mapped_column(Text)
    thumbnail_url: Mapped[str] = mapped_column(Text)
    organization: Mapped[str] = mapped_column(Text)
    votes: Mapped[int | None]
    comments: Mapped[int | None]
    sources: Mapped[list[str]] = mapped_column(JSON)
    first_day: Mapped[date]
    last_day: Mapped[date] = mapped_column(index=True)
    baseline_votes: Mapped[int | None]
    baseline_day: Mapped[date | None]
    counted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class IdentityRow(Base):
    """A name of a paper ("arxiv:2603.00001"); each name belongs to one paper."""

    __tablename__ = "identities"

    identity: Mapped[str] = mapped_column(String(255), primary_key=True)
    paper_id: Mapped[int] = mapped_column(Key, ForeignKey("papers.id"), index=True)


class AliasRow(Base):
    """A row that was merged into another: old deliveries still name the old id."""

    __tablename__ = "paper_aliases"

    old_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    paper_id: Mapped[int] = mapped_column(Key, index=True)


class SightingRow(Base):
    """A paper as a source showed it at an instant; kept only where something differs from the
    sighting before it."""

    __tablename__ = "sightings"

    paper_id: Mapped[int] = mapped_column(Key, ForeignKey("papers.id"), primary_key=True)
    source: Mapped[str] = mapped_column(String(255), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    votes: Mapped[int | None]
    comments: Mapped[int | None]
    version: Mapped[int | None]


class ChangeRow(Base):
    """What happened to a paper on a day: new, revised or rising. A day's rows are its edition."""

    __tablename__ = "changes"

    day: Mapped[date] = mapped_column(primary_key=True)
    paper_id: Mapped[int] = mapped_column(Key, ForeignKey("papers.id"), primary_key=True)
    change: Mapped[str] = mapped_column(String(16), primary_key=True)
    source: Mapped[str] = mapped_column(String(255))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    votes_before: Mapped[int | None]
    since: Mapped[date | None]

    __table_args__ = (Index("ix_changes_paper_id", "paper_id"),)


class FeedRow(Base):
    """What a URL said last: its validators, and how many records its body held."""

    __tablename__ = "feeds"

    url: Mapped[str] = mapped_column(Text, primary_key=True)
    etag: Mapped[str] = mapped_column(Text)
    last_modified: Mapped[str] = mapped_column(Text)
    listed: Mapped[int]
    fetched_at: Mapped[datetime] = mapped_column(UtcDateTime)


class CollectionRow(Base):
    """One try to collect one source: its state and counts, kept for the operator."""

    __tablename__ = "collections"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    source: Mapped[str] = mapped_column(String(255))
    day: Mapped[date]
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(String(16))
    listed: Mapped[int]
    new: Mapped[int]
    revised: Mapped[int]
    rising: Mapped[int]
    seen: Mapped[int]
    error: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (Index("ix_collections_source_day", "source", "day"),)


class EditionRow(Base):
    """One calendar day that was sent from."""

    __tablename__ = "editions"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    day: Mapped[date] = mapped_column(unique=True)
    published_at: Mapped[datetime] = mapped_column(UtcDateTime)


class RunRow(Base):
    """One send: an audience frozen at an instant. `outcomes` is its account, once it is done;
    `days` is how far its digests look back, 0 for since each reader's last."""

    __tablename__ = "runs"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    edition_id: Mapped[int | None] = mapped_column(Key, ForeignKey("editions.id"), index=True)
    state: Mapped[str] = mapped_column(String(16), index=True)
    planned_at: Mapped[datetime] = mapped_column(UtcDateTime)
    deadline_at: Mapped[datetime] = mapped_column(UtcDateTime)
    audience: Mapped[int]
    # Without this None is stored as the JSON word null, which no `IS NULL` finds.
    outcomes: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    note: Mapped[str] = mapped_column(Text)
    days: Mapped[int] = mapped_column(server_default="0")


class ShardRow(Base):
    """A part of a run that one sender drains at a time, fenced by a rising epoch."""

    __tablename__ = "shards"

    run_id: Mapped[int] = mapped_column(Key, ForeignKey("runs.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    epoch: Mapped[int]
    owner: Mapped[str] = mapped_column(String(64))
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    done: Mapped[bool]


class DeliveryRow(Base):
    """One promise to send one message to one subscriber: the ledger.

    `papers` packs the picked paper ids (8 bytes each, little endian, in the mail's order), `picks`
    the picks with their reasons. A letter (any message that is no digest) has neither edition nor
    local day; it may expire by itself, and `about` names what it is about (a new address).
    """

    __tablename__ = "deliveries"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    subscriber_id: Mapped[int] = mapped_column(Key)
    edition_id: Mapped[int | None] = mapped_column(Key, ForeignKey("editions.id"))
    local_day: Mapped[date | None]
    run_id: Mapped[int | None] = mapped_column(Key, ForeignKey("runs.id"))
    shard: Mapped[int]
    epoch: Mapped[int]
    state: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(Text)
    attempts: Mapped[int]
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    profile_version: Mapped[int | None]
    considered: Mapped[int | None]
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    about: Mapped[str] = mapped_column(Text, server_default="")
    papers: Mapped[bytes | None]
    picks: Mapped[bytes | None]

    __table_args__ = (
        UniqueConstraint("edition_id", "subscriber_id"),
        UniqueConstraint("subscriber_id", "kind", "local_day"),
        Index("ix_deliveries_run_id_shard_state", "run_id", "shard", "state"),
    )


class AttemptRow(Base):
    """One try to hand a message over, with the server's words."""

    __tablename__ = "attempts"

    delivery_id: Mapped[int] = mapped_column(Key, ForeignKey("deliveries.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(String(16))
    phase: Mapped[str] = mapped_column(String(16))
    code: Mapped[int | None]
    reply: Mapped[str] = mapped_column(Text)


class BudgetRow(Base):
    """How often something was done in a window of time: what rate limits count."""

    __tablename__ = "budgets"

    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    count: Mapped[int]
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class ApiKeyRow(Base):
    """A key of the HTTP API, as a hash: the key itself is shown once and kept nowhere."""

    __tablename__ = "api_keys"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[list[str]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class BounceScoreRow(Base):
    """How often mail to one reader failed lately, as it stood at the last bounce."""

    __tablename__ = "bounce_scores"

    subscriber_id: Mapped[int] = mapped_column(
        Key, ForeignKey("subscribers.id", ondelete="CASCADE"), primary_key=True
    )
    score: Mapped[float]
    last_at: Mapped[datetime] = mapped_column(UtcDateTime)


class BounceReportRow(Base):
    """One report about mail of ours, once however often it is read: `fingerprint` names its bytes.
    `points` is what it added to the reader's score; `diagnostic` holds no address."""

    __tablename__ = "bounce_reports"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64), unique=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    kind: Mapped[str] = mapped_column(String(16))
    subscriber_id: Mapped[int | None] = mapped_column(Key, index=True)
    delivery_id: Mapped[int | None] = mapped_column(Key, index=True)
    status: Mapped[str] = mapped_column(String(16))
    points: Mapped[float]
    diagnostic: Mapped[str] = mapped_column(Text)

    __table_args__ = (Index("ix_bounce_reports_kind_at", "kind", "at"),)


class PaceRow(Base):
    """A token bucket of a relay or a domain: when it will be full again, by the clock of leases."""

    __tablename__ = "paces"

    key: Mapped[str] = mapped_column(String(300), primary_key=True)
    tat: Mapped[datetime] = mapped_column(UtcDateTime)


class JobRow(Base):
    """A job of the clock, done by one process at a time: when it is due again, who has it until
    when by the clock of leases (`epoch` fences them), and how its last turn ended."""

    __tablename__ = "jobs"

    name: Mapped[str] = mapped_column(String(300), primary_key=True)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    epoch: Mapped[int]
    owner: Mapped[str] = mapped_column(String(64))
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    began_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    failures: Mapped[int]
    error: Mapped[str] = mapped_column(Text)


class SourceStateRow(Base):
    """How a source stands, since when, about which day of its calendar; `late` are the parts of it
    (arXiv's categories) that are not there yet. `failures` counts the tries since `good_at`."""

    __tablename__ = "source_states"

    source: Mapped[str] = mapped_column(String(255), primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    since: Mapped[datetime] = mapped_column(UtcDateTime)
    day: Mapped[date | None]
    tried_at: Mapped[datetime] = mapped_column(UtcDateTime)
    good_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    failures: Mapped[int]
    error: Mapped[str] = mapped_column(Text)
    late: Mapped[list[str]] = mapped_column(JSON)


class BatchRow(Base):
    """What a part of a source announced last, as ids with versions: a feed that shows the same ones
    announces nothing, whatever its dates say. `day` is the day they were announced for."""

    __tablename__ = "batches"

    source: Mapped[str] = mapped_column(String(255), primary_key=True)
    part: Mapped[str] = mapped_column(String(64), primary_key=True)
    day: Mapped[date]
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    ids: Mapped[list[str]] = mapped_column(JSON)


class TroubleRow(Base):
    """Something the operator must know of: a source, a run or a job in trouble, until `ended_at`;
    told once (`alerted_at`), and once that it is over (`cleared_at`)."""

    __tablename__ = "troubles"
    __table_args__ = (UniqueConstraint("about", "began_at"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    about: Mapped[str] = mapped_column(String(300))
    what: Mapped[str] = mapped_column(Text)
    began_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    alerted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    cleared_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class LexiconRow(Base):
    """What the ranking learnt from the papers before a day, as bytes; see core.ranking.keeping."""

    __tablename__ = "lexicons"
    __table_args__ = (UniqueConstraint("version", "learnt_on"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    version: Mapped[int]
    learnt_on: Mapped[date]
    data: Mapped[bytes]


class LookupRow(Base):
    """What somebody named and the history does not hold: an arXiv id ("arxiv:2603.00001"), or an
    author at arXiv ("author:warner_s_1"). It is asked for at `due_at`, if ever again; `tries`
    counts the answers that did not give it, `note` is the last of them. Its words are for the
    ranking only: it was never listed, so no digest shows it."""

    __tablename__ = "lookups"

    name: Mapped[str] = mapped_column(String(255), primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    title: Mapped[str] = mapped_column(Text)
    abstract: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    tries: Mapped[int]
    note: Mapped[str] = mapped_column(Text)


class LookupWishRow(Base):
    """Whose likes change when a look-up is answered: an author's papers are added, and the title
    `liked_as`, by which a paper is liked until then, gives way to its id."""

    __tablename__ = "lookup_wishes"

    subscriber_id: Mapped[int] = mapped_column(
        Key, ForeignKey("subscribers.id", ondelete="CASCADE"), primary_key=True
    )
    name: Mapped[str] = mapped_column(String(255), primary_key=True, index=True)
    liked_as: Mapped[str] = mapped_column(Text)
