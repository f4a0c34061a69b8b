"""Find the running operations on a few subjects without looking through all that run."""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Index what runs by its subject; in the order of creation it is asked for only where all of it is read."""
    op.create_index("ix_operations_status_subject_id", "operations", ["status", "subject_id"])
    op.drop_index("ix_operations_status_created_at", "operations")
