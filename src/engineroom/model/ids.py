"""Identifiers: the contract's prefix, a dash, and a time-ordered UUID (contract sheet, section 1.10)."""

import os
import time
from typing import NewType

OrganizationId = NewType("OrganizationId", str)
TokenId = NewType("TokenId", str)
ApplicationId = NewType("ApplicationId", str)
EnvironmentId = NewType("EnvironmentId", str)
InstanceId = NewType("InstanceId", str)
BackgroundProcessId = NewType("BackgroundProcessId", str)
OperationId = NewType("OperationId", str)
EventId = NewType("EventId", str)
RunId = NewType("RunId", str)
AuditEntryId = NewType("AuditEntryId", str)
DeploymentId = NewType("DeploymentId", str)
CommandId = NewType("CommandId", str)

COMMAND_PREFIX = "comm-"
"""With this the id of a command begins, and that of the run which carries it out: it is the same."""


def uuid7() -> str:
    """Return a version 7 UUID: 48 bits of milliseconds since 1970, the rest random (RFC 9562, section 5.7)."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds & 0xFFFF_FFFF_FFFF) << 80 | int.from_bytes(os.urandom(10))
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    digits = f"{value:032x}"
    # A UUID object would take several times as long, and every change makes four of these.
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def new_organization_id() -> OrganizationId:
    """Return a new `org-…` id."""
    return OrganizationId(f"org-{uuid7()}")


def new_token_id() -> TokenId:
    """Return a new `token-…` id. The contract has no id for tokens; the prefix is ours."""
    return TokenId(f"token-{uuid7()}")


def new_application_id() -> ApplicationId:
    """Return a new `app-…` id."""
    return ApplicationId(f"app-{uuid7()}")


def new_environment_id() -> EnvironmentId:
    """Return a new `env-…` id."""
    return EnvironmentId(f"env-{uuid7()}")


def new_instance_id() -> InstanceId:
    """Return a new `inst-…` id."""
    return InstanceId(f"inst-{uuid7()}")


def new_background_process_id() -> BackgroundProcessId:
    """Return a new `process-…` id."""
    return BackgroundProcessId(f"process-{uuid7()}")


def new_operation_id() -> OperationId:
    """Return a new `op-…` id. Operations are ours; so is the prefix."""
    return OperationId(f"op-{uuid7()}")


def new_event_id() -> EventId:
    """Return a new `event-…` id. Events are ours; so is the prefix."""
    return EventId(f"event-{uuid7()}")


def new_audit_entry_id() -> AuditEntryId:
    """Return a new `audit-…` id. The audit trail is ours; so is the prefix."""
    return AuditEntryId(f"audit-{uuid7()}")


def new_run_id() -> RunId:
    """Return a new `run-…` id. Runs are ours; so is the prefix."""
    return RunId(f"run-{uuid7()}")


def new_deployment_id() -> DeploymentId:
    """Return a new `depl-…` id."""
    return DeploymentId(f"depl-{uuid7()}")


def new_command_id() -> CommandId:
    """Return a new `comm-…` id."""
    return CommandId(f"{COMMAND_PREFIX}{uuid7()}")
