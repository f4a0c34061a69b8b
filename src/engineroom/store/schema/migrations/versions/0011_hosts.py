"""Keep which hosts are there, of those whose servers work on this database."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add the table; each server adds its host when it starts, and one that never did is not missed."""
    op.create_table(
        "hosts",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("steady_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("left", sa.Boolean, nullable=False),
        sa.Column("lost_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told_by", sa.String(64), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_hosts"),
    )
