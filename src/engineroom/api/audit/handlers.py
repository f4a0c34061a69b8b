"""Answer for the audit trail."""

from engineroom.api.audit import resource
from engineroom.api.calls.answers import list_answer
from engineroom.api.calls.call import Call
from engineroom.api.http.answer import Answer
from engineroom.store.queries.access import audit


async def index(call: Call) -> Answer:
    """List who changed what in the organization, and from where, newest first."""
    number = call.query.page
    return await list_answer(
        call, lambda connection: audit.page(connection, call.organization_id, number), resource.show
    )
