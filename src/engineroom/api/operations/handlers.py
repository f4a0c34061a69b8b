"""Answer for operations."""

from engineroom.api.calls.answers import page_answer, shown
from engineroom.api.calls.call import Call
from engineroom.api.http.answer import Answer
from engineroom.api.operations.progress import with_progress
from engineroom.model.operation import Operation
from engineroom.store.queries import operations


async def index(call: Call) -> Answer:
    """List the organization's operations, newest first."""
    number = call.query.page
    page = await call.read(lambda connection: operations.page(connection, call.organization_id, number))
    return page_answer(call, page, [with_progress(call, operation) for operation in page.items])


async def show(call: Call, operation: Operation) -> Answer:
    """Show one operation, with its progress while it runs."""
    return shown(with_progress(call, operation))
