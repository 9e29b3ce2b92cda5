"""Bounces: the scores of readers, and the log of reports."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision: str | None = "0001"
branch_labels: Any = None
depends_on: Any = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "bounce_scores",
        sa.Column("subscriber_id", _KEY, nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["subscriber_id"],
            ["subscribers.id"],
            name=op.f("fk_bounce_scores_subscriber_id_subscribers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("subscriber_id", name=op.f("pk_bounce_scores")),
    )
    op.create_table(
        "bounce_reports",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("subscriber_id", _KEY, nullable=True),
        sa.Column("delivery_id", _KEY, nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("points", sa.Double(), nullable=False),
        sa.Column("diagnostic", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bounce_reports")),
        sa.UniqueConstraint("fingerprint", name=op.f("uq_bounce_reports_fingerprint")),
    )
    for column in ("subscriber_id", "delivery_id"):
        op.create_index(op.f(f"ix_bounce_reports_{column}"), "bounce_reports", [column])


def downgrade() -> None:
    op.drop_table("bounce_reports")
    op.drop_table("bounce_scores")
