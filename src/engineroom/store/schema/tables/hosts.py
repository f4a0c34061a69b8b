"""The hosts whose servers work on the database."""

from sqlalchemy import (
    Boolean,
    Column,
    String,
    Table,
    Text,
)

from engineroom.store.schema.tables.base import Moment, metadata

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
