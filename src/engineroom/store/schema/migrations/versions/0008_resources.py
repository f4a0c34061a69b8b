"""Keep all that the contract's resources have: settings, deployments, commands, sign-ins, and operations on any of them."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_ID = sa.String(64)
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add columns and tables; what is there keeps the contract's defaults."""
    _widen_resources()
    _widen_operations()
    _make_deployments()
    _make_commands()
    _make_avatars()
    _make_sign_ins()
    _make_deployed_variables()


def _widen_resources() -> None:
    columns: dict[str, list[sa.Column[Any]]] = {
        "applications": [
            sa.Column("root_directory", sa.Text, nullable=True),
            sa.Column("slack_channel", sa.Text, nullable=True),
            sa.Column("avatar", sa.String(64), nullable=True),
            sa.Column("deleted_at", _MOMENT, nullable=True),
        ],
        "environments": [
            sa.Column("branch", sa.Text, nullable=False, server_default="main"),
            sa.Column("hibernation_timeout_minutes", sa.Integer, nullable=True),
            sa.Column("settings", sa.JSON, nullable=False, server_default="{}"),
            sa.Column("deleted_at", _MOMENT, nullable=True),
        ],
        "instances": [sa.Column("deleted_at", _MOMENT, nullable=True)],
    }
    for table, added in columns.items():
        for column in added:
            op.add_column(table, column)


def _widen_operations() -> None:
    op.drop_index("ix_operations_background_process_id_created_at", "operations")
    # Alembic would copy the whole table for this on SQLite, which needs no copy since 3.25.
    op.execute("ALTER TABLE operations RENAME COLUMN background_process_id TO subject_id")
    op.add_column("operations", sa.Column("parent_id", _ID, nullable=True))
    _index("operations", "subject_id", "created_at")
    _index("operations", "parent_id")


def _make_deployments() -> None:
    op.create_table(
        "deployments",
        sa.Column("id", _ID, nullable=False),
        sa.Column("environment_id", _ID, nullable=False),
        sa.Column("operation_id", _ID, nullable=False),
        sa.Column("status", sa.String(30), nullable=False),
        sa.Column("branch", sa.Text, nullable=False),
        sa.Column("commit_hash", sa.Text, nullable=False),
        sa.Column("commit_message", sa.Text, nullable=False),
        sa.Column("commit_author", sa.Text, nullable=True),
        sa.Column("failure_reason", sa.Text, nullable=True),
        sa.Column("php_version", sa.Text, nullable=False),
        sa.Column("build_command", sa.Text, nullable=True),
        sa.Column("node_version", sa.Text, nullable=False),
        sa.Column("uses_octane", sa.Boolean, nullable=False),
        sa.Column("uses_hibernation", sa.Boolean, nullable=False),
        sa.Column("hibernation_wake_up_interval", sa.Integer, nullable=True),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("started_at", _MOMENT, nullable=True),
        sa.Column("finished_at", _MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_deployments"),
        _belongs_to("deployments", "environments"),
    )
    _index("deployments", "environment_id", "created_at")
    _index("deployments", "status")


def _make_commands() -> None:
    op.create_table(
        "commands",
        sa.Column("id", _ID, nullable=False),
        sa.Column("environment_id", _ID, nullable=False),
        sa.Column("operation_id", _ID, nullable=False),
        sa.Column("command", sa.Text, nullable=False),
        sa.Column("output", sa.Text, nullable=True),
        sa.Column("status", sa.String(30), nullable=False),
        sa.Column("exit_code", sa.Integer, nullable=True),
        sa.Column("failure_reason", sa.Text, nullable=True),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("started_at", _MOMENT, nullable=True),
        sa.Column("finished_at", _MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_commands"),
        _belongs_to("commands", "environments"),
    )
    _index("commands", "environment_id", "created_at")
    _index("commands", "status")


def _make_avatars() -> None:
    op.create_table(
        "avatars",
        sa.Column("application_id", _ID, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("media_type", sa.String(40), nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("application_id", name="pk_avatars"),
        _belongs_to("avatars", "applications"),
    )


def _make_sign_ins() -> None:
    op.create_table(
        "sign_ins",
        sa.Column("session_hash", sa.String(64), nullable=False),
        sa.Column("port", sa.Integer, nullable=False),
        sa.Column("token_id", _ID, nullable=True),
        sa.Column("exchange_hash", sa.String(64), nullable=True),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("session_hash", name="pk_sign_ins"),
        sa.UniqueConstraint("exchange_hash", name="uq_sign_ins_exchange_hash"),
        _belongs_to("sign_ins", "tokens"),
    )
    _index("sign_ins", "expires_at")


def _make_deployed_variables() -> None:
    op.create_table(
        "deployed_variables",
        sa.Column("environment_id", _ID, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("environment_id", "position", name="pk_deployed_variables"),
        _belongs_to("deployed_variables", "environments"),
    )


def _belongs_to(table: str, owners: str) -> sa.ForeignKeyConstraint:
    column = f"{owners.removesuffix('s')}_id"
    return sa.ForeignKeyConstraint(
        [column], [f"{owners}.id"], name=f"fk_{table}_{column}", ondelete="CASCADE"
    )


def _index(table: str, *columns: str) -> None:
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))
