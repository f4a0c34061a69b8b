"""An instance: a group of equal replicas of an environment, each of one size, that background processes run on."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from engineroom.model.ids import EnvironmentId, InstanceId

DEFAULT_SIZE = "flex.g-1vcpu-512mb"
"""The size of the app instance that comes with an environment (contract sheet, section 3.5)."""

HOST_SIZE = "host"
"""Ours: as much as the host has. Code that is linked in place had no limit before, and gets none unasked."""


class InstanceType(StrEnum):
    """Contract sheet, section 3.2."""

    APP = "app"
    SERVICE = "service"
    QUEUE = "queue"
    MANAGED_QUEUE = "managed_queue"


class ScalingType(StrEnum):
    """Contract sheet, section 3.2."""

    NONE = "none"
    CUSTOM = "custom"
    AUTO = "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One instance as it should be. `shutdown_timeout_seconds` None means the environment's."""

    id: InstanceId
    environment_id: EnvironmentId
    name: str
    type: InstanceType
    size: str
    scaling_type: ScalingType
    min_replicas: int
    max_replicas: int
    shutdown_timeout_seconds: int | None
    uses_scheduler: bool
    sleep_with_app: bool | None
    scaling_cpu_threshold_percentage: int | None
    scaling_memory_threshold_percentage: int | None
    created_at: datetime
