"""A background process: what the user asked to keep running on every replica of an instance."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from engineroom.model.ids import BackgroundProcessId, InstanceId
from engineroom.model.processes.lifecycle import USUAL, Lifecycle
from engineroom.model.processes.worker_config import WorkerConfig

MINIMUM_PROCESSES = 1
MAXIMUM_PROCESSES = 10
"""Contract sheet, section 2.3."""


class BackgroundProcessType(StrEnum):
    """Contract sheet, section 2.2."""

    WORKER = "worker"
    CUSTOM = "custom"


class StrategyType(StrEnum):
    """How the number of processes follows the queue (contract sheet, section 2.2); `latency` is ours."""

    NONE = "none"
    GROWTH_RATE = "growth_rate"
    QUEUE_SIZE = "queue_size"
    LATENCY = "latency"


@dataclass(frozen=True, slots=True, kw_only=True)
class BackgroundProcess:
    """One row of what should be. `config` is set for workers, `custom_command` for custom processes, never both.

    `generation` counts the restarts that were asked for.
    """

    id: BackgroundProcessId
    instance_id: InstanceId
    type: BackgroundProcessType
    processes: int
    config: WorkerConfig | None
    custom_command: str | None
    strategy_type: StrategyType
    strategy_threshold: int | None
    created_at: datetime
    generation: int = 0
    lifecycle: Lifecycle = USUAL

    @property
    def command(self) -> str:
        """The command as text: generated for a worker, as given for a custom process."""
        if self.config is not None:
            return self.config.command()
        return self.custom_command or ""
