"""Operations in answers; they are ours."""

from typing import Any

from engineroom.api.call import Call
from engineroom.api.documents import Attributes, Moment, Resource, moment, moment_or_none
from engineroom.api.shapes import ResourceType
from engineroom.model.operation import Operation, OperationAction, OperationStatus, Progress


class OperationAttributes(Attributes):
    """What is shown of an operation. `progress` is live, and null once the operation is over."""

    action: OperationAction
    status: OperationStatus
    actor: str
    background_process_id: str
    changes: dict[str, dict[str, Any]]
    progress: Progress | None
    message: str
    created_at: Moment
    finished_at: Moment | None


TYPE = ResourceType("operations", OperationAttributes)


def show(call: Call, operation: Operation) -> Resource:
    """Return the resource of an operation."""
    running = operation.status is OperationStatus.RUNNING
    progress = call.control.progress(operation.background_process_id) if running else None
    return Resource(
        operation.id,
        TYPE.name,
        OperationAttributes(
            action=operation.action,
            status=operation.status,
            actor=operation.actor,
            background_process_id=operation.background_process_id,
            changes={
                field: {"from": before, "to": after} for field, (before, after) in operation.changes.items()
            },
            progress=progress,
            message=operation.sentence(progress),
            created_at=moment(operation.created_at),
            finished_at=moment_or_none(operation.finished_at),
        ),
    )
