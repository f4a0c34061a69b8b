"""Operations as they are shown to a call: with the progress that the control plane knows of."""

from engineroom.api.calls.call import Call
from engineroom.api.document.jsonapi import Resource
from engineroom.api.operations import resource
from engineroom.model.ids import BackgroundProcessId
from engineroom.model.operation import Operation, OperationStatus


def with_progress(call: Call, operation: Operation) -> Resource:
    """Return the resource of an operation. Call it in the event loop, whose own knowledge the progress is."""
    running = operation.status is OperationStatus.RUNNING
    progress = call.control.progress(BackgroundProcessId(operation.subject_id)) if running else None
    return resource.show(operation, progress)
