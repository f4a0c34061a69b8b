"""Commands (contract sheet, section 7)."""

from collections.abc import Sequence

from sqlalchemy import Connection

from engineroom.api.calls.answers import written
from engineroom.api.calls.call import Answer, Call
from engineroom.api.calls.endpoint import Related, Relations
from engineroom.api.calls.inclusion import NONE_YET, list_answer, one_answer, related_to_one
from engineroom.api.commands import resource as shown
from engineroom.api.document.validation import validate
from engineroom.api.environments import resource as shown_environment
from engineroom.api.environments.handlers import require as require_environment
from engineroom.api.environments.requests import RunCommand
from engineroom.api.http.errors import ConflictError, NotFoundError
from engineroom.control.changes import commands as change
from engineroom.model.applications.command import Command
from engineroom.model.ids import CommandId
from engineroom.store.queries import commands, environments
from engineroom.store.queries.paging import Page

_VERBATIM = frozenset({"command"})


@related_to_one(shown_environment.TYPE)
def _environment(connection: Connection, call: Call, items: Sequence[Command]) -> Sequence[Related]:
    ids = {item.environment_id for item in items}
    found = {one.id: one for one in environments.some(connection, call.organization_id, list(ids))}
    return [shown_environment.show(call, found[item.environment_id]) for item in items]


RELATIONS: Relations[Command] = {"environment": _environment, "deployment": NONE_YET, "initiator": NONE_YET}


async def index(call: Call) -> Answer:
    """List the commands of an environment, newest first."""

    def read(connection: Connection) -> Page[Command]:
        environment = require_environment(connection, call)
        return commands.page(connection, environment.id, call.page, call.filters)

    return await list_answer(call, read, shown.show)


async def show(call: Call) -> Answer:
    """Show one command, with what it has printed once it is over."""
    return await one_answer(call, lambda connection: _require(connection, call), shown.show)


async def create(call: Call) -> Answer:
    """Run a command once, in the environment's folder and with its variables."""
    environment = await call.read(lambda connection: require_environment(connection, call))
    fields = validate(RunCommand, await call.fields(_VERBATIM))
    try:
        made, operation = await change.run(call.control, call.token, environment.id, fields.command)
    except change.NotRunnableError as error:
        raise ConflictError(str(error)) from None
    return written(shown.show(call, made), operation, status=201)


def _require(connection: Connection, call: Call) -> Command:
    found = commands.find(connection, call.organization_id, CommandId(call.id("command")))
    if found is None:
        raise NotFoundError
    return found
