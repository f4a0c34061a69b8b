"""Organizations, and who may do what: their tokens, signing in, the audit trail."""

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

organizations = Table(
    "organizations",
    metadata,
    Column("id", ID, primary_key=True),
    Column("name", Text, nullable=False),
    Column("slug", Text, nullable=False, unique=True),
    Column("created_at", Moment, nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", ID, primary_key=True),
    Column("organization_id", ID, ForeignKey("organizations.id", ondelete="CASCADE"), nullable=False),
    Column("name", Text, nullable=False),
    Column("secret_hash", String(64), nullable=False, unique=True),
    Column("abilities", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=True),
    Column("applications", JSON(none_as_null=True), nullable=True),
    Column("last_used_at", Moment, nullable=True),
    Index(None, "organization_id", "created_at"),
)

sign_ins = Table(
    "sign_ins",
    metadata,
    Column("session_hash", String(64), primary_key=True),
    Column("port", Integer, nullable=False),
    Column("token_id", ID, ForeignKey("tokens.id", ondelete="CASCADE"), nullable=True),
    Column("exchange_hash", String(64), nullable=True, unique=True),
    Column("expires_at", Moment, nullable=False),
    Index(None, "expires_at"),
)

# The audit trail outlives tokens, so it points to them without a foreign key.
audit_entries = Table(
    "audit_entries",
    metadata,
    Column("id", ID, primary_key=True),
    Column("organization_id", ID, ForeignKey("organizations.id", ondelete="CASCADE"), nullable=False),
    Column("token_id", ID, nullable=True),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("address", Text, nullable=True),
    Column("user_agent", Text, nullable=True),
    Column("at", Moment, nullable=False),
    Index(None, "organization_id", "at"),
    Index(None, "at"),
)
