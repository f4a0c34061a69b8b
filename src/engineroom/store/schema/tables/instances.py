"""Instances, what runs on them, and the scale of both."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    false,
)

from engineroom.store.schema.tables.base import ID, Moment, metadata

instances = Table(
    "instances",
    metadata,
    Column("id", ID, primary_key=True),
    Column("environment_id", ID, ForeignKey("environments.id", ondelete="CASCADE"), nullable=False),
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
    Column("id", ID, primary_key=True),
    # RESTRICT: a row goes only after its processes are gone, so nothing may take it away with its instance.
    Column("instance_id", ID, ForeignKey("instances.id", ondelete="RESTRICT"), nullable=False),
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

# The present scale of what is scaled: of a background process or of an instance, which is why it has no foreign key.
scales = Table(
    "scales",
    metadata,
    Column("subject_id", ID, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("changed_at", Moment, nullable=False),
)

scaling_settings = Table(
    "scaling_settings",
    metadata,
    Column(
        "background_process_id",
        ID,
        ForeignKey("background_processes.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("dry_run", Boolean, nullable=False),
    Column("restart_when_stalled", Boolean, nullable=False),
    Column("connection", Text, nullable=True),
    Column("queue", Text, nullable=True),
    Column("sleep_after_seconds", Integer, nullable=True),
)
