"""Let events be about more than background processes."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add the column; no event that is there is about anything else."""
    op.add_column("events", sa.Column("subject_id", sa.String(64), nullable=True))
    op.create_index("ix_events_subject_id", "events", ["subject_id"])
