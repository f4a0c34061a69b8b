"""The audit trail; it is ours."""

from engineroom.api.audit import resource as shown
from engineroom.api.calls.call import Answer, Call
from engineroom.api.calls.inclusion import list_answer
from engineroom.store.queries.access import audit


async def index(call: Call) -> Answer:
    """List who changed what in the organization, and from where, newest first."""
    return await list_answer(
        call, lambda connection: audit.page(connection, call.organization_id, call.page), shown.show
    )
