"""Say how the processes of a background process are stopped, replaced and started again."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Add the column; what is there goes on as usual."""
    op.add_column("background_processes", sa.Column("lifecycle", sa.JSON(none_as_null=True), nullable=True))
