"""What the history taught the ranking."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008_lexicons"
down_revision: str | None = "0007_run_days"
branch_labels: Any = None
depends_on: Any = None


def upgrade() -> None:
    op.create_table(
        "lexicons",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("learnt_on", sa.Date(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.UniqueConstraint("version", "learnt_on"),
    )


def downgrade() -> None:
    op.drop_table("lexicons")
