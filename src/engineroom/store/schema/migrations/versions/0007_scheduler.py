"""Keep schedules, what was run for them, and the minute that was worked for last."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_ID = sa.String(64)
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the three tables."""
    op.create_table(
        "schedules",
        sa.Column("environment_id", _ID, nullable=False),
        sa.Column("command", sa.Text, nullable=False),
        sa.Column("every_replica", sa.Boolean, nullable=False),
        sa.Column("entries", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("environment_id", name="pk_schedules"),
        sa.ForeignKeyConstraint(
            ["environment_id"], ["environments.id"], name="fk_schedules_environment_id", ondelete="CASCADE"
        ),
    )
    _make_runs()
    op.create_table(
        "scheduler_clock",
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("minute", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_scheduler_clock"),
    )


def _make_runs() -> None:
    op.create_table(
        "scheduled_runs",
        sa.Column("id", _ID, nullable=False),
        sa.Column("instance_id", _ID, nullable=False),
        sa.Column("replica", sa.Integer, nullable=False),
        sa.Column("command", sa.Text, nullable=False),
        sa.Column("due_at", _MOMENT, nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("started_at", _MOMENT, nullable=False),
        sa.Column("finished_at", _MOMENT, nullable=True),
        sa.Column("duration_seconds", sa.Float, nullable=True),
        sa.Column("reason", sa.Text, nullable=True),
        sa.Column("output", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_scheduled_runs"),
        sa.ForeignKeyConstraint(
            ["instance_id"], ["instances.id"], name="fk_scheduled_runs_instance_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_scheduled_runs_instance_id_due_at", "scheduled_runs", ["instance_id", "due_at"])
    op.create_index("ix_scheduled_runs_status", "scheduled_runs", ["status"])
