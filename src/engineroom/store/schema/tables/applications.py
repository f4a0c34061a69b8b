"""Applications, and what belongs to their code."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
)

from engineroom.store.encryption.encrypted import Encrypted
from engineroom.store.schema.tables.base import ID, Moment, metadata

applications = Table(
    "applications",
    metadata,
    Column("id", ID, primary_key=True),
    Column("organization_id", ID, ForeignKey("organizations.id", ondelete="CASCADE"), nullable=False),
    Column("default_environment_id", ID, nullable=True),
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

avatars = Table(
    "avatars",
    metadata,
    Column("application_id", ID, ForeignKey("applications.id", ondelete="CASCADE"), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("media_type", String(40), nullable=False),
    Column("content", LargeBinary, nullable=False),
)

environments = Table(
    "environments",
    metadata,
    Column("id", ID, primary_key=True),
    Column("application_id", ID, ForeignKey("applications.id", ondelete="CASCADE"), nullable=False),
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
    Column("environment_id", ID, ForeignKey("environments.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("key", Text, nullable=False),
    Column("value", Encrypted, nullable=False),
)

# What processes have while changed variables wait for a deployment; no rows when nothing waits.
deployed_variables = Table(
    "deployed_variables",
    metadata,
    Column("environment_id", ID, ForeignKey("environments.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("key", Text, nullable=False),
    Column("value", Encrypted, nullable=False),
)

deployments = Table(
    "deployments",
    metadata,
    Column("id", ID, primary_key=True),
    Column("environment_id", ID, ForeignKey("environments.id", ondelete="CASCADE"), nullable=False),
    Column("operation_id", ID, nullable=False),
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
    Column("id", ID, primary_key=True),
    Column("environment_id", ID, ForeignKey("environments.id", ondelete="CASCADE"), nullable=False),
    Column("operation_id", ID, nullable=False),
    Column("command", Text, nullable=False),
    Column("output", Encrypted, nullable=True),
    Column("status", String(30), nullable=False),
    Column("exit_code", Integer, nullable=True),
    Column("failure_reason", Text, nullable=True),
    Column("created_at", Moment, nullable=False),
    Column("started_at", Moment, nullable=True),
    Column("finished_at", Moment, nullable=True),
    Index(None, "environment_id", "created_at"),
    Index(None, "status"),
)
