"""Answer for the folders that environments run from."""

from engineroom.api.calls.answers import shown
from engineroom.api.calls.call import Call
from engineroom.api.folders import resource
from engineroom.api.http.answer import Answer
from engineroom.model.applications.environment import Environment


async def show(call: Call, environment: Environment) -> Answer:
    """Show the folder that an environment runs from, and what it points to now."""
    seen = await call.control.folder(environment, call.organization_id)
    return shown(resource.show(environment.id, seen))
