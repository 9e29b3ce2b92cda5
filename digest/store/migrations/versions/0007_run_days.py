"""How many days a run by hand looks back, whatever its readers had before."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007_run_days"
down_revision: str | None = "0006_desk"
branch_labels: Any = None
depends_on: Any = None


def upgrade() -> None:
    days = sa.Column("days", sa.Integer(), server_default=sa.text("0"), nullable=False)
    op.add_column("runs", days)


def downgrade() -> None:
    op.drop_column("runs", "days")
