"""Token buckets of relays and domains; complaints are found by kind and time."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004_paces"
down_revision: str | None = "0003"
branch_labels: Any = None
depends_on: Any = None


def upgrade() -> None:
    op.create_table(
        "paces",
        sa.Column("key", sa.String(length=300), nullable=False),
        sa.Column("tat", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_paces")),
    )
    op.create_index("ix_bounce_reports_kind_at", "bounce_reports", ["kind", "at"])


def downgrade() -> None:
    op.drop_index("ix_bounce_reports_kind_at", "bounce_reports")
    op.drop_table("paces")
