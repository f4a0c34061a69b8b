"""Make the first tables, and the organization that everything belongs to until there are more."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from engineroom.model.ids import new_organization_id

revision = "0001"
down_revision = None

_ID = sa.String(64)
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables and the default organization."""
    _make_owners()
    _make_applications()
    _make_environments()
    _make_instances()
    _make_background_processes()
    _make_records()


def _make_owners() -> None:
    organizations = op.create_table(
        "organizations",
        sa.Column("id", _ID, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("slug", sa.Text, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_organizations"),
        sa.UniqueConstraint("slug", name="uq_organizations_slug"),
    )
    now = datetime.now(UTC).replace(tzinfo=None)
    op.bulk_insert(
        organizations,
        [{"id": new_organization_id(), "name": "Default", "slug": "default", "created_at": now}],
    )
    op.create_table(
        "tokens",
        sa.Column("id", _ID, nullable=False),
        sa.Column("organization_id", _ID, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("secret_hash", sa.String(64), nullable=False),
        sa.Column("abilities", sa.JSON, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tokens"),
        sa.UniqueConstraint("secret_hash", name="uq_tokens_secret_hash"),
        _belongs_to("tokens", "organizations"),
    )


def _make_applications() -> None:
    op.create_table(
        "applications",
        sa.Column("id", _ID, nullable=False),
        sa.Column("organization_id", _ID, nullable=False),
        sa.Column("default_environment_id", _ID, nullable=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("slug", sa.Text, nullable=False),
        sa.Column("region", sa.Text, nullable=False),
        sa.Column("repository", sa.Text, nullable=True),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_applications"),
        _belongs_to("applications", "organizations"),
    )
    _index("applications", "organization_id", "slug", unique=True)


def _make_environments() -> None:
    op.create_table(
        "environments",
        sa.Column("id", _ID, nullable=False),
        sa.Column("application_id", _ID, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("slug", sa.Text, nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("vanity_domain", sa.Text, nullable=False),
        sa.Column("directory", sa.Text, nullable=False),
        sa.Column("shutdown_timeout_seconds", sa.Integer, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_environments"),
        _belongs_to("environments", "applications"),
    )
    _index("environments", "application_id", "slug", unique=True)
    op.create_table(
        "environment_variables",
        sa.Column("environment_id", _ID, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("environment_id", "position", name="pk_environment_variables"),
        _belongs_to("environment_variables", "environments"),
    )


def _make_instances() -> None:
    op.create_table(
        "instances",
        sa.Column("id", _ID, nullable=False),
        sa.Column("environment_id", _ID, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("type", sa.String(20), nullable=False),
        sa.Column("size", sa.Text, nullable=False),
        sa.Column("scaling_type", sa.String(20), nullable=False),
        sa.Column("min_replicas", sa.Integer, nullable=False),
        sa.Column("max_replicas", sa.Integer, nullable=False),
        sa.Column("shutdown_timeout_seconds", sa.Integer, nullable=True),
        sa.Column("uses_scheduler", sa.Boolean, nullable=False),
        sa.Column("sleep_with_app", sa.Boolean, nullable=True),
        sa.Column("scaling_cpu_threshold_percentage", sa.Integer, nullable=True),
        sa.Column("scaling_memory_threshold_percentage", sa.Integer, nullable=True),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_instances"),
        _belongs_to("instances", "environments"),
    )
    _index("instances", "environment_id", "created_at")


def _make_background_processes() -> None:
    op.create_table(
        "background_processes",
        sa.Column("id", _ID, nullable=False),
        sa.Column("instance_id", _ID, nullable=False),
        sa.Column("type", sa.String(20), nullable=False),
        sa.Column("processes", sa.Integer, nullable=False),
        sa.Column("config", sa.JSON, nullable=True),
        sa.Column("custom_command", sa.Text, nullable=True),
        sa.Column("strategy_type", sa.String(20), nullable=False),
        sa.Column("strategy_threshold", sa.Integer, nullable=True),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("deleted_at", _MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_background_processes"),
        _belongs_to("background_processes", "instances", ondelete="RESTRICT"),
    )
    _index("background_processes", "instance_id", "created_at")


def _make_records() -> None:
    op.create_table(
        "operations",
        sa.Column("id", _ID, nullable=False),
        sa.Column("organization_id", _ID, nullable=False),
        sa.Column("background_process_id", _ID, nullable=False),
        sa.Column("action", sa.String(20), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("changes", sa.JSON, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("finished_at", _MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_operations"),
        _belongs_to("operations", "organizations"),
    )
    _index("operations", "organization_id", "created_at")
    _index("operations", "background_process_id", "created_at")
    _index("operations", "status", "created_at")
    op.create_table(
        "events",
        sa.Column("number", sa.Integer, autoincrement=True, nullable=False),
        sa.Column("id", _ID, nullable=False),
        sa.Column("background_process_id", _ID, nullable=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("data", sa.JSON, nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_events"),
        sa.UniqueConstraint("id", name="uq_events_id"),
    )
    _index("events", "background_process_id", "number")
    _index("events", "at")
    op.create_table(
        "runtime_cursor",
        sa.Column("runtime", sa.String(40), nullable=False),
        sa.Column("cursor", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("runtime", name="pk_runtime_cursor"),
    )


def _belongs_to(table: str, owners: str, *, ondelete: str = "CASCADE") -> sa.ForeignKeyConstraint:
    column = f"{owners.removesuffix('s')}_id"
    return sa.ForeignKeyConstraint([column], [f"{owners}.id"], name=f"fk_{table}_{column}", ondelete=ondelete)


def _index(table: str, *columns: str, unique: bool = False) -> None:
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns), unique=unique)
