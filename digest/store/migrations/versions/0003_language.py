"""The language each reader's mail speaks."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision: str | None = "0002"
branch_labels: Any = None
depends_on: Any = None


def upgrade() -> None:
    op.add_column(
        "subscribers",
        sa.Column("language", sa.String(length=16), server_default="en", nullable=False),
    )


def downgrade() -> None:
    op.drop_column("subscribers", "language")
