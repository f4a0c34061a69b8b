"""Say who runs an environment's processes, and with which umask."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the two columns; what is there runs as the owner of its folder, with the usual umask."""
    op.add_column("environments", sa.Column("os_user", sa.Text, nullable=True))
    op.add_column("environments", sa.Column("umask", sa.Integer, nullable=True))
