"""An operation: one change that was asked for, from the request to the moment when everything runs as asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from engineroom.model.ids import (
    ApplicationId,
    BackgroundProcessId,
    CommandId,
    DeploymentId,
    EnvironmentId,
    InstanceId,
    OperationId,
    OrganizationId,
)

SubjectId = BackgroundProcessId | InstanceId | EnvironmentId | ApplicationId | DeploymentId | CommandId
"""What an operation can be about; the prefix of the id says which of them."""


class OperationAction(StrEnum):
    """What was asked for."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    RESTART = "restart"
    START = "start"
    STOP = "stop"
    DEPLOY = "deploy"
    RUN = "run"


class OperationStatus(StrEnum):
    """How far it is. Only a deployment or a command can fail: a process that cannot start is tried for ever."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    SUPERSEDED = "superseded"
    """A later change of the same subject took over before this one was complete."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How many processes there are of each kind while a change is carried out.

    `current` are those that run the version asked for; `outdated` run another one and are not draining yet.
    """

    wanted: int
    current: int
    starting: int
    backing_off: int
    outdated: int
    draining: int

    @property
    def complete(self) -> bool:
        """Whether exactly what was asked for is running, and nothing else."""
        others = self.starting + self.backing_off + self.outdated + self.draining
        return self.current == self.wanted and others == 0

    def sentence(self) -> str:
        """Return the figures in words, such as `2 of 3 running, 1 backing off`."""
        counted = {
            "starting": self.starting,
            "backing off": self.backing_off,
            "to be replaced": self.outdated,
            "draining": self.draining,
        }
        others = [f"{number} {words}" for words, number in counted.items() if number]
        return ", ".join([f"{self.current} of {self.wanted} running", *others])


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation. `changes` maps each changed field to its value before and after, as the contract shows them.

    What changes many background processes at once has an operation for each of them, whose `parent_id` it is; it is
    complete when they are.
    """

    id: OperationId
    organization_id: OrganizationId
    subject_id: SubjectId
    action: OperationAction
    status: OperationStatus
    actor: str
    changes: Mapping[str, tuple[Any, Any]]
    created_at: datetime
    finished_at: datetime | None
    parent_id: OperationId | None = None

    @property
    def subject_type(self) -> str:
        """What the subject is, in the contract's word for that type of resource."""
        return _SUBJECT_TYPES[self.subject_id.partition("-")[0]]

    def sentence(self, progress: Progress | None) -> str:
        """Return how far the operation is, in words; `progress` is what is known of it while it runs."""
        match self.status:
            case OperationStatus.SUPERSEDED:
                return "a later change took over"
            case OperationStatus.FAILED:
                return "it failed; its subject says why"
            case OperationStatus.SUCCEEDED if self.action is OperationAction.DELETE:
                return "all processes are gone"
            case OperationStatus.SUCCEEDED:
                return "everything is as asked"
            case OperationStatus.RUNNING if progress is not None:
                return progress.sentence()
            case _:
                return "not begun yet"


_SUBJECT_TYPES = {
    "process": "background_processes",
    "inst": "instances",
    "env": "environments",
    "app": "applications",
    "depl": "deployments",
    "comm": "commands",
}
