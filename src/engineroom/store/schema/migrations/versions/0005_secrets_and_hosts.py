"""Encrypt the variables of environments, and say on which host an environment runs."""

import sqlalchemy as sa
from alembic import op

from engineroom.store.encryption.encrypted import keyring_of

revision = "0005"
down_revision = "0004"

_VARIABLES = sa.table(
    "environment_variables",
    sa.column("environment_id", sa.String),
    sa.column("position", sa.Integer),
    sa.column("value", sa.Text),
)


def upgrade() -> None:
    """Encrypt what is there in plain text; no host has claimed anything yet."""
    connection = op.get_bind()
    keyring = keyring_of(connection.dialect)
    for row in connection.execute(sa.select(_VARIABLES)).all():
        connection.execute(
            sa.update(_VARIABLES)
            .where(_VARIABLES.c.environment_id == row.environment_id, _VARIABLES.c.position == row.position)
            .values(value=keyring.encrypt(row.value))
        )
    op.add_column("environments", sa.Column("host", sa.String(64), nullable=True))
