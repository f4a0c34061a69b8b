"""The folders that environments run from. Ours."""

from engineroom.api.calls.call import Answer, Call
from engineroom.api.document.jsonapi import Document, encode
from engineroom.api.environments.handlers import require as require_environment
from engineroom.api.folders import resource as shown


async def show(call: Call) -> Answer:
    """Show the folder that an environment runs from, and what it points to now."""
    environment = await call.read(lambda connection: require_environment(connection, call))
    seen = await call.control.folder(environment, call.organization_id)
    return Answer(encode(Document(shown.show(environment.id, seen))))
