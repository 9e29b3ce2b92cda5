"""The desk: admins, what they did, the sends they ordered, the papers they marked."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006_desk"
down_revision: str | None = "0005_clock"
branch_labels: Any = None
depends_on: Any = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_AT = sa.DateTime(timezone=True)
_REFUSAL = "the audit log is only added to"


def upgrade() -> None:
    _admins()
    op.create_table(
        "audit_log",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.Column("who", sa.String(length=100), nullable=False),
        sa.Column("what", sa.String(length=64), nullable=False),
        sa.Column("about", sa.String(length=100), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_log")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_log_about", "audit_log", ["about"])
    _seal_audit_log()
    _sends()
    op.create_table(
        "paper_marks",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("paper_id", _KEY, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("marked_by", sa.String(length=100), nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paper_marks")),
    )
    op.create_index(op.f("ix_paper_marks_paper_id"), "paper_marks", ["paper_id"])
    op.create_index("ix_paper_marks_kind_day", "paper_marks", ["kind", "day"])
    op.create_index("ix_consent_events_kind_at", "consent_events", ["kind", "at"])


def _admins() -> None:
    op.create_table(
        "admins",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("name_key", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("totp_secret", sa.Text(), nullable=False),
        sa.Column("totp_step", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("created_at", _AT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_admins")),
        sa.UniqueConstraint("name_key", name=op.f("uq_admins_name_key")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "admin_codes",
        sa.Column("admin_id", _KEY, nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("used_at", _AT, nullable=True),
        sa.ForeignKeyConstraint(["admin_id"], ["admins.id"], ondelete="CASCADE",
                                name=op.f("fk_admin_codes_admin_id_admins")),
        sa.PrimaryKeyConstraint("admin_id", "code_hash", name=op.f("pk_admin_codes")),
    )  # fmt: skip
    op.create_table(
        "admin_sessions",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("admin_id", _KEY, nullable=False),
        sa.Column("started_at", _AT, nullable=False),
        sa.Column("seen_at", _AT, nullable=False),
        sa.Column("proved_at", _AT, nullable=False),
        sa.ForeignKeyConstraint(["admin_id"], ["admins.id"], ondelete="CASCADE",
                                name=op.f("fk_admin_sessions_admin_id_admins")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_admin_sessions")),
    )  # fmt: skip
    op.create_index(op.f("ix_admin_sessions_admin_id"), "admin_sessions", ["admin_id"])


def _sends() -> None:
    op.create_table(
        "sends",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("key_hash", sa.String(length=64), nullable=False),
        sa.Column("wish", sa.JSON(), nullable=False),
        sa.Column("ordered_by", sa.String(length=100), nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.Column("go_at", _AT, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("audience", sa.Integer(), nullable=False),
        sa.Column("run_id", _KEY, nullable=True),
        sa.Column("runner", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_sends_run_id_runs")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sends")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_sends_key_hash")),
    )
    op.create_index("ix_sends_state", "sends", ["state"])
    op.create_index(op.f("ix_sends_run_id"), "sends", ["run_id"])


def _seal_audit_log() -> None:
    """Nobody changes or deletes a line, not even by hand, short of taking the guard away."""
    if op.get_bind().dialect.name == "sqlite":
        for step in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER audit_log_no_{step.lower()} BEFORE {step} ON audit_log "
                f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION audit_log_refuses() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_log_sealed BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_log_refuses()"
    )


def downgrade() -> None:
    op.drop_index("ix_consent_events_kind_at", "consent_events")
    for table in ("paper_marks", "sends", "audit_log", "admin_sessions", "admin_codes", "admins"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION audit_log_refuses()")
