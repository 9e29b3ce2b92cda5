"""Runs whose account is not stored yet have none in SQL too, in place of the JSON word null."""

from typing import Any

from alembic import op

revision = "0011_open_accounts"
down_revision: str | None = "0010_vectors"
branch_labels: Any = None
depends_on: Any = None


def upgrade() -> None:
    op.execute("UPDATE runs SET outcomes = NULL WHERE CAST(outcomes AS TEXT) = 'null'")


def downgrade() -> None:
    """Both mean the same to the version before."""
