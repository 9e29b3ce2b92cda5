"""The clock: when each reader is due, the jobs, the sources' states, and what troubled them."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005_clock"
down_revision: str | None = "0004_paces"
branch_labels: Any = None
depends_on: Any = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("subscribers", sa.Column("due_at", _AT, nullable=True))
    op.add_column("subscribers", sa.Column("due_day", sa.Date(), nullable=True))
    op.add_column(
        "subscribers",
        sa.Column("quiet_line", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.create_index("ix_subscribers_status_due", "subscribers", ["status", "due_at", "due_day"])
    op.create_table(
        "jobs",
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("due_at", _AT, nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("lease_until", _AT, nullable=True),
        sa.Column("began_at", _AT, nullable=True),
        sa.Column("ended_at", _AT, nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_jobs")),
    )
    op.create_table(
        "source_states",
        sa.Column("source", sa.String(length=255), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("since", _AT, nullable=False),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("tried_at", _AT, nullable=False),
        sa.Column("good_at", _AT, nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("late", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_source_states")),
    )
    op.create_table(
        "batches",
        sa.Column("source", sa.String(length=255), nullable=False),
        sa.Column("part", sa.String(length=64), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.Column("ids", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("source", "part", name=op.f("pk_batches")),
    )
    op.create_table(
        "troubles",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("about", sa.String(length=300), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("began_at", _AT, nullable=False),
        sa.Column("ended_at", _AT, nullable=True),
        sa.Column("alerted_at", _AT, nullable=True),
        sa.Column("cleared_at", _AT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_troubles")),
        sa.UniqueConstraint("about", "began_at", name=op.f("uq_troubles_about_began_at")),
    )


def downgrade() -> None:
    for table in ("troubles", "batches", "source_states", "jobs"):
        op.drop_table(table)
    op.drop_index("ix_subscribers_status_due", "subscribers")
    for column in ("quiet_line", "due_day", "due_at"):
        op.drop_column("subscribers", column)
