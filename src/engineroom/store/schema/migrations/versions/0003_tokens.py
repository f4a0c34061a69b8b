"""Let tokens expire and be limited, remember their last use, and keep an audit trail."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_ID = sa.String(64)
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add what tokens lack, and the table of the trail; the tokens that are there keep all that they may."""
    op.add_column("tokens", sa.Column("expires_at", _MOMENT, nullable=True))
    op.add_column("tokens", sa.Column("applications", sa.JSON, nullable=True))
    op.add_column("tokens", sa.Column("last_used_at", _MOMENT, nullable=True))
    op.create_index("ix_tokens_organization_id_created_at", "tokens", ["organization_id", "created_at"])
    op.create_table(
        "audit_entries",
        sa.Column("id", _ID, nullable=False),
        sa.Column("organization_id", _ID, nullable=False),
        sa.Column("token_id", _ID, nullable=True),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=True),
        sa.Column("user_agent", sa.Text, nullable=True),
        sa.Column("at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_entries"),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name="fk_audit_entries_organization_id",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_audit_entries_organization_id_at", "audit_entries", ["organization_id", "at"])
    op.create_index("ix_audit_entries_at", "audit_entries", ["at"])
