"""Keep the present scale of what is scaled, and what is asked for of its scaling."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the two tables; nothing is scaled yet."""
    op.create_table(
        "scales",
        sa.Column("subject_id", sa.String(64), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("subject_id", name="pk_scales"),
    )
    op.create_table(
        "scaling_settings",
        sa.Column("background_process_id", sa.String(64), nullable=False),
        sa.Column("dry_run", sa.Boolean, nullable=False),
        sa.Column("restart_when_stalled", sa.Boolean, nullable=False),
        sa.Column("connection", sa.Text, nullable=True),
        sa.Column("queue", sa.Text, nullable=True),
        sa.Column("sleep_after_seconds", sa.Integer, nullable=True),
        sa.PrimaryKeyConstraint("background_process_id", name="pk_scaling_settings"),
        sa.ForeignKeyConstraint(
            ["background_process_id"],
            ["background_processes.id"],
            name="fk_scaling_settings_background_process_id",
            ondelete="CASCADE",
        ),
    )
