"""Keep for each host which minute its scheduler worked for last: each has schedules of its own."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Replace the one clock; which hosts there are is not known here, so each begins with the present minute."""
    op.drop_table("scheduler_clock")
    op.create_table(
        "scheduler_clocks",
        sa.Column("host", sa.String(64), nullable=False),
        sa.Column("minute", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("host", name="pk_scheduler_clocks"),
    )
