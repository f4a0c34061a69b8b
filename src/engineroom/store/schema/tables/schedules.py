"""Schedules, and what was run by them."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
)

from engineroom.store.schema.tables.base import ID, Moment, metadata

schedules = Table(
    "schedules",
    metadata,
    Column("environment_id", ID, ForeignKey("environments.id", ondelete="CASCADE"), primary_key=True),
    Column("command", Text, nullable=False),
    Column("every_replica", Boolean, nullable=False),
    Column("entries", JSON, nullable=False),
)

scheduled_runs = Table(
    "scheduled_runs",
    metadata,
    Column("id", ID, primary_key=True),
    Column("instance_id", ID, ForeignKey("instances.id", ondelete="CASCADE"), nullable=False),
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
