"""What every change has in common: what it needs, and the operation that it records in its own transaction."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol, TypeVar

from sqlalchemy import Connection

from engineroom.model.event import Event
from engineroom.model.ids import (
    BackgroundProcessId,
    OperationId,
    OrganizationId,
    new_event_id,
    new_operation_id,
)
from engineroom.model.operation import Operation, OperationAction, OperationStatus, SubjectId
from engineroom.model.processes.background_process import BackgroundProcess
from engineroom.model.token import Token
from engineroom.store import Store
from engineroom.store.queries import background_processes, events, operations

_BACKGROUND_PROCESS = "process-"
_PAST = {
    OperationAction.CREATE: "created",
    OperationAction.UPDATE: "changed",
    OperationAction.DELETE: "deleted",
    OperationAction.RESTART: "restarted",
    OperationAction.START: "started",
    OperationAction.STOP: "stopped",
    OperationAction.DEPLOY: "deployed",
    OperationAction.RUN: "ran",
}

Changed = Mapping[str, tuple[Any, Any]]


class GoneError(Exception):
    """What was to be changed does not exist, or no longer."""


Existing = TypeVar("Existing")


def existing(found: Existing | None, id: str) -> Existing:
    """Return what was found under this id. Raises GoneError where nothing was."""
    if found is None:
        raise GoneError(id)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who asks for a change, where it is no token."""

    organization_id: OrganizationId
    name: str


class Changing(Protocol):
    """What a change needs of the control plane."""

    @property
    def store(self) -> Store:
        """Where what should be is kept."""

    def wake(self, ids: Iterable[BackgroundProcessId]) -> None:
        """Have what should be of these looked at now."""

    def begin(self) -> None:
        """Have deployments and commands that were asked for looked at now."""


@dataclass(frozen=True, slots=True)
class OperationRecorder:
    """Records the operations of one change: who asks for what."""

    connection: Connection
    actor: Token | Actor
    action: OperationAction

    def record(
        self,
        subject: SubjectId,
        changed: Changed,
        *,
        parent: OperationId | None = None,
        status: OperationStatus = OperationStatus.RUNNING,
    ) -> Operation:
        """Store one operation, and return it."""
        now = datetime.now(UTC)
        operation = Operation(
            id=new_operation_id(),
            organization_id=self.actor.organization_id,
            subject_id=subject,
            action=self.action,
            status=status,
            actor=self.actor.name,
            changes=changed,
            created_at=now,
            finished_at=None if status is OperationStatus.RUNNING else now,
            parent_id=parent,
        )
        operations.add(self.connection, operation)
        events.add(self.connection, [_event(operation)])
        return operation

    def record_with(
        self, subject: SubjectId, changed: Changed, affected: Sequence[BackgroundProcess]
    ) -> Operation:
        """Store one operation, with one for each background process that it affects; return the first.

        One that affects none is complete as soon as it is stored.
        """
        status = OperationStatus.RUNNING if affected else OperationStatus.SUCCEEDED
        operation = self.record(subject, changed, status=status)
        for background_process in affected:
            self.record(background_process.id, changed, parent=operation.id)
        return operation

    def record_deletion(
        self, subject: SubjectId, changed: Changed, affected: Sequence[BackgroundProcess]
    ) -> Operation:
        """Make tombstones of all background processes of what is deleted, and store its operation."""
        operation = self.record_with(subject, changed, affected)
        for background_process in affected:
            background_processes.mark_deleted(self.connection, background_process.id, operation.created_at)
        return operation


def _event(operation: Operation) -> Event:
    """Return the event that tells of an operation."""
    past = _PAST[operation.action]
    fields = f": {', '.join(operation.changes)}" if operation.action is OperationAction.UPDATE else ""
    notice = OperationNotice(
        kind=past,
        message=f"{operation.actor} {past} it{fields}.",
        data={"actor": operation.actor, "fields": list(operation.changes)},
        at=operation.created_at,
    )
    return _event_of(operation, notice)


class OperationNotice(NamedTuple):
    """What an event tells of an operation; `kind` is its last word."""

    kind: str
    message: str
    data: Mapping[str, Any]
    at: datetime


def end(
    connection: Connection, operation_id: OperationId, outcome: OperationStatus, notice: OperationNotice
) -> None:
    """End an operation, and record an event that tells how."""
    operations.end(connection, operation_id, outcome, notice.at)
    events.add(connection, [_event_of(operations.get(connection, operation_id), notice)])


def _event_of(operation: Operation, notice: OperationNotice) -> Event:
    """Return an event about what an operation is about; the word for that begins its kind."""
    subject = operation.subject_id
    is_background_process = subject.startswith(_BACKGROUND_PROCESS)
    subject_kind = "background_process" if is_background_process else operation.subject_type.removesuffix("s")
    return Event(
        id=new_event_id(),
        background_process_id=BackgroundProcessId(subject) if is_background_process else None,
        kind=f"{subject_kind}.{notice.kind}",
        message=notice.message,
        data={**notice.data, "operation": operation.id},
        at=notice.at,
        subject_id=None if is_background_process else subject,
    )
