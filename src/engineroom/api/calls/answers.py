"""Answers to changes: what was changed, and which operation brings it about."""

from engineroom.api.calls.call import Answer
from engineroom.api.document.jsonapi import Document, Resource, encode
from engineroom.model.operation import Operation

OPERATION_HEADER = "Engineroom-Operation"


def written(resource: Resource, operation: Operation, *, status: int = 200) -> Answer:
    """Return the answer with what something has become."""
    return Answer(encode(Document(resource)), status=status, headers={OPERATION_HEADER: operation.id})


def emptied(operation: Operation) -> Answer:
    """Return the answer without a body."""
    return Answer(None, status=204, headers={OPERATION_HEADER: operation.id})
