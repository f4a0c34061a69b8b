"""The tables. Their history is in `migrations`; a test holds the two together."""

from engineroom.store.schema.tables.access import audit_entries, organizations, sign_ins, tokens
from engineroom.store.schema.tables.applications import (
    applications,
    avatars,
    commands,
    deployed_variables,
    deployments,
    environment_variables,
    environments,
)
from engineroom.store.schema.tables.base import metadata
from engineroom.store.schema.tables.history import events, operations, runtime_cursor
from engineroom.store.schema.tables.hosts import hosts
from engineroom.store.schema.tables.instances import background_processes, instances, scales, scaling_settings
from engineroom.store.schema.tables.schedules import scheduled_runs, scheduler_clocks, schedules

__all__ = [
    "applications",
    "audit_entries",
    "avatars",
    "background_processes",
    "commands",
    "deployed_variables",
    "deployments",
    "environment_variables",
    "environments",
    "events",
    "hosts",
    "instances",
    "metadata",
    "operations",
    "organizations",
    "runtime_cursor",
    "scales",
    "scaling_settings",
    "scheduled_runs",
    "scheduler_clocks",
    "schedules",
    "sign_ins",
    "tokens",
]
