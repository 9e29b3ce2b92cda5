"""What a sentence encoder said of texts."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0010_vectors"
down_revision: str | None = "0009_lookups"
branch_labels: Any = None
depends_on: Any = None


def upgrade() -> None:
    op.create_table(
        "vectors",
        sa.Column("encoder", sa.String(200), primary_key=True),
        sa.Column("key", sa.String(32), primary_key=True),
        sa.Column("wanted_on", sa.Date(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
    )
    op.create_index("ix_vectors_wanted_on", "vectors", ["wanted_on"])
    op.create_table(
        "lenses",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("encoder", sa.String(200), nullable=False),
        sa.Column("learnt_on", sa.Date(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.UniqueConstraint("version", "encoder", "learnt_on"),
    )


def downgrade() -> None:
    op.drop_table("lenses")
    op.drop_table("vectors")
