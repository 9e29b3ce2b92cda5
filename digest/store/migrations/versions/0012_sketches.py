"""What likeness needs of papers that readers spoke of."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0012_sketches"
down_revision: str | None = "0011_open_accounts"
branch_labels: Any = None
depends_on: Any = None


def upgrade() -> None:
    op.create_table(
        "sketches",
        sa.Column("lexicon", sa.String(32), primary_key=True),
        sa.Column("key", sa.String(32), primary_key=True),
        sa.Column("data", sa.LargeBinary(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("sketches")
