"""Papers that readers named and no source listed: what arXiv says of them."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0009_lookups"
down_revision: str | None = "0008_lexicons"
branch_labels: Any = None
depends_on: Any = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "lookups",
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("abstract", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_lookups")),
    )
    op.create_index(op.f("ix_lookups_due_at"), "lookups", ["due_at"])
    op.create_table(
        "lookup_wishes",
        sa.Column("subscriber_id", _KEY, nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("liked_as", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["subscriber_id"],
            ["subscribers.id"],
            name=op.f("fk_lookup_wishes_subscriber_id_subscribers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("subscriber_id", "name", name=op.f("pk_lookup_wishes")),
    )
    op.create_index(op.f("ix_lookup_wishes_name"), "lookup_wishes", ["name"])


def downgrade() -> None:
    op.drop_table("lookup_wishes")
    op.drop_table("lookups")
