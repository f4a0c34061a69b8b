"""A command: something that is run once, in an environment's folder and with its variables."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from engineroom.model.ids import CommandId, EnvironmentId, OperationId

MAX_COMMAND_LENGTH = 150_000
"""Contract sheet, section 7."""

TIMEOUT_SECONDS = 30 * 60.0
OUTPUT_KEPT_BYTES = 1024 * 1024
"""How much of the end of what it printed is kept: there it says why it failed."""


class CommandStatus(StrEnum):
    """Contract sheet, section 7."""

    PENDING = "pending"
    CREATED = "command.created"
    RUNNING = "command.running"
    FAILURE = "command.failure"
    SUCCESS = "command.success"


UNDER_WAY = frozenset({CommandStatus.PENDING, CommandStatus.CREATED, CommandStatus.RUNNING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command. `exit_code` is what the process really ended with."""

    id: CommandId
    environment_id: EnvironmentId
    operation_id: OperationId
    command: str
    output: str | None
    status: CommandStatus
    exit_code: int | None
    failure_reason: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
