"""Answer for commands (contract sheet, section 7)."""

from sqlalchemy import Connection

from engineroom.api.calls.answers import list_answer, one_answer, written
from engineroom.api.calls.call import Call
from engineroom.api.commands import resource
from engineroom.api.commands.requests import RunCommand
from engineroom.api.document.validation import validate
from engineroom.api.http.answer import Answer
from engineroom.api.http.errors import ConflictError
from engineroom.control.changes import commands as change
from engineroom.model.applications.command import Command
from engineroom.model.applications.environment import Environment
from engineroom.store.queries import commands
from engineroom.store.queries.paging import Page

_VERBATIM = frozenset({"command"})


async def index(call: Call, environment: Environment) -> Answer:
    """List the commands of an environment, newest first."""

    def read(connection: Connection) -> Page[Command]:
        return commands.page(connection, environment.id, call.query.page, call.query.filters)

    return await list_answer(call, read, resource.show)


async def show(call: Call, command: Command) -> Answer:
    """Show one command, with what it has printed once it is over."""
    return await one_answer(call, command, resource.show)


async def create(call: Call, environment: Environment) -> Answer:
    """Run a command once, in the environment's folder and with its variables."""
    fields = validate(RunCommand, await call.fields(_VERBATIM))
    try:
        made, operation = await change.run(call.control, call.token, environment.id, fields.command)
    except change.NotRunnableError as error:
        raise ConflictError(str(error)) from None
    return written(resource.show(call.viewer, made), operation, status=201)
