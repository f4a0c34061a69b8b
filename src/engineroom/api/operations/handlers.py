"""Operations; they are ours."""

from sqlalchemy import Connection

from engineroom.api.calls.call import Answer, Call
from engineroom.api.calls.inclusion import page_answer
from engineroom.api.document.jsonapi import Document, encode
from engineroom.api.http.errors import NotFoundError
from engineroom.api.operations import resource as shown
from engineroom.model.ids import OperationId
from engineroom.model.operation import Operation
from engineroom.store.queries import operations


async def index(call: Call) -> Answer:
    """List the organization's operations, newest first."""
    page = await call.read(lambda connection: operations.page(connection, call.organization_id, call.page))
    return page_answer(call, page, [shown.show(call, operation) for operation in page.items])


async def show(call: Call) -> Answer:
    """Show one operation, with its progress while it runs."""
    operation_id = OperationId(call.id("operation"))

    def read(connection: Connection) -> Operation:
        found = operations.find(connection, call.organization_id, operation_id)
        if found is None:
            raise NotFoundError
        return found

    # The progress is the event loop's own knowledge, so it is not read in the thread that reads the store.
    return Answer(encode(Document(shown.show(call, await call.read(read)))))
