"""What was asked for and what happened: operations and events."""

from sqlalchemy import (
    JSON,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
)

from engineroom.store.schema.tables.base import ID, Moment, metadata

# Operations and events outlive what they tell of, so they point to it without a foreign key.
operations = Table(
    "operations",
    metadata,
    Column("id", ID, primary_key=True),
    Column("organization_id", ID, ForeignKey("organizations.id", ondelete="CASCADE"), nullable=False),
    Column("subject_id", ID, nullable=False),
    Column("action", String(20), nullable=False),
    Column("status", String(20), nullable=False),
    Column("actor", Text, nullable=False),
    Column("changes", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("finished_at", Moment, nullable=True),
    Column("parent_id", ID, nullable=True),
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
    Column("id", ID, nullable=False, unique=True),
    Column("background_process_id", ID, nullable=True),
    Column("kind", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("data", JSON, nullable=False),
    Column("at", Moment, nullable=False),
    Column("subject_id", ID, nullable=True),
    Index(None, "background_process_id", "number"),
    Index(None, "subject_id"),
    Index(None, "at"),
)

runtime_cursor = Table(
    "runtime_cursor",
    metadata,
    Column("runtime", String(40), primary_key=True),
    Column("cursor", Text, nullable=False),
)
