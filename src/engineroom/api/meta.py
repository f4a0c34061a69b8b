"""What a token belongs to (contract sheet, section 8)."""

from engineroom.api.call import Answer, Call
from engineroom.api.inclusion import one_answer
from engineroom.api.resources import organization as shown
from engineroom.store import organizations


async def organization(call: Call) -> Answer:
    """Show the organization of the token."""
    return await one_answer(
        call, lambda connection: organizations.get(connection, call.organization_id), shown.show
    )
