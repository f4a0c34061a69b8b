"""An operation: one change that was asked for, from the request to the moment when everything runs as asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from engineroom.model.ids import BackgroundProcessId, OperationId, OrganizationId


class OperationAction(StrEnum):
    """What was asked for."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    RESTART = "restart"


class OperationStatus(StrEnum):
    """How far it is. An operation never fails for good: a process that cannot start is tried for ever."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    SUPERSEDED = "superseded"
    """A later change of the same background process took over before this one was complete."""


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
    """One operation. `changes` maps each changed field to its value before and after, as the contract shows them."""

    id: OperationId
    organization_id: OrganizationId
    background_process_id: BackgroundProcessId
    action: OperationAction
    status: OperationStatus
    actor: str
    changes: Mapping[str, tuple[Any, Any]]
    created_at: datetime
    finished_at: datetime | None

    def sentence(self, progress: Progress | None) -> str:
        """Return how far the operation is, in words; `progress` is what is known of it while it runs."""
        match self.status:
            case OperationStatus.SUPERSEDED:
                return "a later change took over"
            case OperationStatus.SUCCEEDED if self.action is OperationAction.DELETE:
                return "all processes are gone"
            case OperationStatus.SUCCEEDED:
                return "all processes run as asked"
            case OperationStatus.RUNNING if progress is not None:
                return progress.sentence()
            case _:
                return "not begun yet"
