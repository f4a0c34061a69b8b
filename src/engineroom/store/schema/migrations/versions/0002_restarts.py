"""Count the restarts of a background process, and note whether a deleted one is to be killed at once."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the two columns; what is there was neither restarted nor deleted by force."""
    op.add_column(
        "background_processes", sa.Column("generation", sa.Integer, nullable=False, server_default="0")
    )
    op.add_column(
        "background_processes",
        sa.Column("deleted_force", sa.Boolean, nullable=False, server_default=sa.false()),
    )
