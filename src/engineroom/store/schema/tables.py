"""The tables. Their history is in `migrations`; a test holds the two together."""

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    false,
)

from engineroom.store.encryption.keyring import Sealed

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Moment(TypeDecorator[datetime]):
    """A moment in UTC. SQLite has no time zones, so there it is stored without one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the moment as the database takes it."""
        if value is None or dialect.name != "sqlite":
            return value
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the moment with its time zone, whatever the database keeps."""
        if value is None or dialect.name != "sqlite":
            return value
        return value.replace(tzinfo=UTC)


_ID = String(64)

organizations = Table(
    "organizations",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("name", Text, nullable=False),
    Column("slug", Text, nullable=False, unique=True),
    Column("created_at", Moment, nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("organization_id", _ID, ForeignKey("organizations.id", ondelete="CASCADE"), nullable=False),
    Column("name", Text, nullable=False),
    Column("secret_hash", String(64), nullable=False, unique=True),
    Column("abilities", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=True),
    Column("applications", JSON(none_as_null=True), nullable=True),
    Column("last_used_at", Moment, nullable=True),
    Index(None, "organization_id", "created_at"),
)

applications = Table(
    "applications",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("organization_id", _ID, ForeignKey("organizations.id", ondelete="CASCADE"), nullable=False),
    Column("default_environment_id", _ID, nullable=True),
    Column("name", Text, nullable=False),
    Column("slug", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("repository", Text, nullable=True),
    Column("created_at", Moment, nullable=False),
    Column("root_directory", Text, nullable=True),
    Column("slack_channel", Text, nullable=True),
    Column("avatar", String(64), nullable=True),
    Column("deleted_at", Moment, nullable=True),
    Index(None, "organization_id", "slug", unique=True),
)

environments = Table(
    "environments",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("application_id", _ID, ForeignKey("applications.id", ondelete="CASCADE"), nullable=False),
    Column("name", Text, nullable=False),
    Column("slug", Text, nullable=False),
    Column("status", String(20), nullable=False),
    Column("vanity_domain", Text, nullable=False),
    Column("directory", Text, nullable=False),
    Column("host", String(64), nullable=True),
    Column("shutdown_timeout_seconds", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("branch", Text, nullable=False, server_default="main"),
    Column("hibernation_timeout_minutes", Integer, nullable=True),
    Column("settings", JSON, nullable=False, server_default="{}"),
    Column("deleted_at", Moment, nullable=True),
    Column("os_user", Text, nullable=True),
    Column("umask", Integer, nullable=True),
    Index(None, "application_id", "slug", unique=True),
)

environment_variables = Table(
    "environment_variables",
    metadata,
    Column("environment_id", _ID, ForeignKey("environments.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("key", Text, nullable=False),
    Column("value", Sealed, nullable=False),
)

# What processes have while changed variables wait for a deployment; no rows when nothing waits.
deployed_variables = Table(
    "deployed_variables",
    metadata,
    Column("environment_id", _ID, ForeignKey("environments.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("key", Text, nullable=False),
    Column("value", Sealed, nullable=False),
)

instances = Table(
    "instances",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("environment_id", _ID, ForeignKey("environments.id", ondelete="CASCADE"), nullable=False),
    Column("name", Text, nullable=False),
    Column("type", String(20), nullable=False),
    Column("size", Text, nullable=False),
    Column("scaling_type", String(20), nullable=False),
    Column("min_replicas", Integer, nullable=False),
    Column("max_replicas", Integer, nullable=False),
    Column("shutdown_timeout_seconds", Integer, nullable=True),
    Column("uses_scheduler", Boolean, nullable=False),
    Column("sleep_with_app", Boolean, nullable=True),
    Column("scaling_cpu_threshold_percentage", Integer, nullable=True),
    Column("scaling_memory_threshold_percentage", Integer, nullable=True),
    Column("created_at", Moment, nullable=False),
    Column("deleted_at", Moment, nullable=True),
    Index(None, "environment_id", "created_at"),
)

background_processes = Table(
    "background_processes",
    metadata,
    Column("id", _ID, primary_key=True),
    # RESTRICT: a row goes only after its processes are gone, so nothing may take it away with its instance.
    Column("instance_id", _ID, ForeignKey("instances.id", ondelete="RESTRICT"), nullable=False),
    Column("type", String(20), nullable=False),
    Column("processes", Integer, nullable=False),
    Column("config", JSON(none_as_null=True), nullable=True),
    Column("custom_command", Text, nullable=True),
    Column("strategy_type", String(20), nullable=False),
    Column("strategy_threshold", Integer, nullable=True),
    Column("created_at", Moment, nullable=False),
    Column("deleted_at", Moment, nullable=True),
    Column("generation", Integer, nullable=False, server_default="0"),
    Column("deleted_force", Boolean, nullable=False, server_default=false()),
    Column("lifecycle", JSON(none_as_null=True), nullable=True),
    Index(None, "instance_id", "created_at"),
)

deployments = Table(
    "deployments",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("environment_id", _ID, ForeignKey("environments.id", ondelete="CASCADE"), nullable=False),
    Column("operation_id", _ID, nullable=False),
    Column("status", String(30), nullable=False),
    Column("branch", Text, nullable=False),
    Column("commit_hash", Text, nullable=False),
    Column("commit_message", Text, nullable=False),
    Column("commit_author", Text, nullable=True),
    Column("failure_reason", Text, nullable=True),
    Column("php_version", Text, nullable=False),
    Column("build_command", Text, nullable=True),
    Column("node_version", Text, nullable=False),
    Column("uses_octane", Boolean, nullable=False),
    Column("uses_hibernation", Boolean, nullable=False),
    Column("hibernation_wake_up_interval", Integer, nullable=True),
    Column("created_at", Moment, nullable=False),
    Column("started_at", Moment, nullable=True),
    Column("finished_at", Moment, nullable=True),
    Index(None, "environment_id", "created_at"),
    Index(None, "status"),
)

commands = Table(
    "commands",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("environment_id", _ID, ForeignKey("environments.id", ondelete="CASCADE"), nullable=False),
    Column("operation_id", _ID, nullable=False),
    Column("command", Text, nullable=False),
    Column("output", Sealed, nullable=True),
    Column("status", String(30), nullable=False),
    Column("exit_code", Integer, nullable=True),
    Column("failure_reason", Text, nullable=True),
    Column("created_at", Moment, nullable=False),
    Column("started_at", Moment, nullable=True),
    Column("finished_at", Moment, nullable=True),
    Index(None, "environment_id", "created_at"),
    Index(None, "status"),
)

avatars = Table(
    "avatars",
    metadata,
    Column("application_id", _ID, ForeignKey("applications.id", ondelete="CASCADE"), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("media_type", String(40), nullable=False),
    Column("content", LargeBinary, nullable=False),
)

sign_ins = Table(
    "sign_ins",
    metadata,
    Column("session_hash", String(64), primary_key=True),
    Column("port", Integer, nullable=False),
    Column("token_id", _ID, ForeignKey("tokens.id", ondelete="CASCADE"), nullable=True),
    Column("exchange_hash", String(64), nullable=True, unique=True),
    Column("expires_at", Moment, nullable=False),
    Index(None, "expires_at"),
)

# Operations and events outlive what they tell of, so they point to it without a foreign key.
operations = Table(
    "operations",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("organization_id", _ID, ForeignKey("organizations.id", ondelete="CASCADE"), nullable=False),
    Column("subject_id", _ID, nullable=False),
    Column("action", String(20), nullable=False),
    Column("status", String(20), nullable=False),
    Column("actor", Text, nullable=False),
    Column("changes", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("finished_at", Moment, nullable=True),
    Column("parent_id", _ID, nullable=True),
    Index(None, "organization_id", "created_at"),
    Index(None, "subject_id", "created_at"),
    Index(None, "parent_id"),
    Index(None, "status", "subject_id"),
)

events = Table(
    "events",
    metadata,
    # A number besides the id: many events share one moment, and their order must stay.
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("id", _ID, nullable=False, unique=True),
    Column("background_process_id", _ID, nullable=True),
    Column("kind", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("data", JSON, nullable=False),
    Column("at", Moment, nullable=False),
    Column("subject_id", _ID, nullable=True),
    Index(None, "background_process_id", "number"),
    Index(None, "subject_id"),
    Index(None, "at"),
)

# The audit trail outlives tokens, so it points to them without a foreign key.
audit_entries = Table(
    "audit_entries",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("organization_id", _ID, ForeignKey("organizations.id", ondelete="CASCADE"), nullable=False),
    Column("token_id", _ID, nullable=True),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("address", Text, nullable=True),
    Column("user_agent", Text, nullable=True),
    Column("at", Moment, nullable=False),
    Index(None, "organization_id", "at"),
    Index(None, "at"),
)

runtime_cursor = Table(
    "runtime_cursor",
    metadata,
    Column("runtime", String(40), primary_key=True),
    Column("cursor", Text, nullable=False),
)

# The present scale of what is scaled: of a background process or of an instance, which is why it has no foreign key.
scales = Table(
    "scales",
    metadata,
    Column("subject_id", _ID, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("changed_at", Moment, nullable=False),
)

scaling_settings = Table(
    "scaling_settings",
    metadata,
    Column(
        "background_process_id",
        _ID,
        ForeignKey("background_processes.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("dry_run", Boolean, nullable=False),
    Column("restart_when_stalled", Boolean, nullable=False),
    Column("connection", Text, nullable=True),
    Column("queue", Text, nullable=True),
    Column("sleep_after_seconds", Integer, nullable=True),
)

schedules = Table(
    "schedules",
    metadata,
    Column("environment_id", _ID, ForeignKey("environments.id", ondelete="CASCADE"), primary_key=True),
    Column("command", Text, nullable=False),
    Column("every_replica", Boolean, nullable=False),
    Column("entries", JSON, nullable=False),
)

scheduled_runs = Table(
    "scheduled_runs",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("instance_id", _ID, ForeignKey("instances.id", ondelete="CASCADE"), nullable=False),
    Column("replica", Integer, nullable=False),
    Column("command", Text, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("status", String(20), nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("finished_at", Moment, nullable=True),
    Column("duration_seconds", Float, nullable=True),
    Column("reason", Text, nullable=True),
    Column("output", Text, nullable=False),
    Index(None, "instance_id", "due_at"),
    Index(None, "status"),
)

# One row: the minute that the scheduler worked for last.
scheduler_clocks = Table(
    "scheduler_clocks",
    metadata,
    Column("host", String(64), primary_key=True),
    Column("minute", Moment, nullable=False),
)

# The hosts whose servers work on this database, where there may be several.
hosts = Table(
    "hosts",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("name", Text, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("steady_since", Moment, nullable=False),
    Column("left", Boolean, nullable=False),
    Column("lost_at", Moment, nullable=True),
    Column("told_by", String(64), nullable=True),
)
