"""Asking for commands to be run; running them is the command runner's."""

from datetime import UTC, datetime

from sqlalchemy import Connection

from engineroom.control.changes import environments as environments_control
from engineroom.control.changes.changing import Changing, OperationRecorder
from engineroom.model.applications.command import Command, CommandStatus
from engineroom.model.applications.deployment import NO_FOLDER
from engineroom.model.applications.environment import EnvironmentStatus
from engineroom.model.ids import EnvironmentId, new_command_id
from engineroom.model.operation import Operation, OperationAction
from engineroom.model.token import Token
from engineroom.store.queries import commands

_ASLEEP = {
    EnvironmentStatus.STOPPED: "The environment is stopped. Start it, and run the command again.",
    EnvironmentStatus.HIBERNATING: "The environment hibernates. Start it, and run the command again.",
}


class NotRunnableError(Exception):
    """A command cannot be run now, why, and what to do next."""


async def run(
    control: Changing, actor: Token, environment_id: EnvironmentId, text: str
) -> tuple[Command, Operation]:
    """Store a command that is to be run.

    Raises GoneError when the organization of `actor` has no such environment, and NotRunnableError.
    """

    def write(connection: Connection) -> tuple[Command, Operation]:
        environment = environments_control.require(connection, actor, environment_id)
        if environment.status in _ASLEEP:
            raise NotRunnableError(_ASLEEP[environment.status])
        if environment.directory is None:
            raise NotRunnableError(NO_FOLDER.replace("deploy again", "run the command again"))
        identifier = new_command_id()
        recorder = OperationRecorder(connection, actor, OperationAction.RUN)
        operation = recorder.record(identifier, {"environment": (None, environment_id)})
        command = Command(
            id=identifier,
            environment_id=environment_id,
            operation_id=operation.id,
            command=text,
            output=None,
            status=CommandStatus.PENDING,
            exit_code=None,
            failure_reason=None,
            created_at=datetime.now(UTC),
            started_at=None,
            finished_at=None,
        )
        commands.add(connection, command)
        return command, operation

    recorded = await control.store.write(write)
    control.begin()
    return recorded
