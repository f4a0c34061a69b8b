"""Operations in answers; they are ours."""

from typing import Any

from engineroom.api.document.jsonapi import Attributes, Resource
from engineroom.api.document.moments import Moment, moment, moment_or_none
from engineroom.api.document.shapes import ResourceType
from engineroom.model.operation import Operation, OperationAction, OperationStatus, Progress


class OperationAttributes(Attributes):
    """What is shown of an operation. `progress` is live, and null once the operation is over."""

    action: OperationAction
    status: OperationStatus
    actor: str
    subject_type: str
    subject_id: str
    parent_id: str | None
    changes: dict[str, dict[str, Any]]
    progress: Progress | None
    message: str
    created_at: Moment
    finished_at: Moment | None


TYPE = ResourceType("operations", OperationAttributes)


def show(operation: Operation, progress: Progress | None) -> Resource:
    """Return the resource of an operation that is so far; None when it is over."""
    return Resource(
        operation.id,
        TYPE.name,
        OperationAttributes(
            action=operation.action,
            status=operation.status,
            actor=operation.actor,
            subject_type=operation.subject_type,
            subject_id=operation.subject_id,
            parent_id=operation.parent_id,
            changes={
                field: {"from": before, "to": after} for field, (before, after) in operation.changes.items()
            },
            progress=progress,
            message=operation.sentence(progress),
            created_at=moment(operation.created_at),
            finished_at=moment_or_none(operation.finished_at),
        ),
    )
