"""Commands in answers (contract sheet, section 7)."""

from engineroom.api.document.jsonapi import Attributes, Resource
from engineroom.api.document.moments import Timestamp, timestamp, timestamp_or_none
from engineroom.api.document.shapes import ResourceType
from engineroom.api.document.viewer import Viewer
from engineroom.model.applications.command import Command, CommandStatus


class CommandAttributes(Attributes):
    """What is shown of a command. The contract knows exit codes 0 and 1 alone; `failure_reason` has the true one."""

    command: str
    output: str | None
    status: CommandStatus
    exit_code: int | None
    failure_reason: str | None
    started_at: Timestamp | None
    finished_at: Timestamp | None
    created_at: Timestamp


TYPE = ResourceType("commands", CommandAttributes, has_links=True)


def show(viewer: Viewer, command: Command) -> Resource:
    """Return the resource of a command."""
    return Resource(
        command.id,
        TYPE.name,
        CommandAttributes(
            command=command.command,
            output=None if command.output is None else str(command.output),
            status=command.status,
            exit_code=None if command.exit_code is None else min(command.exit_code, 1),
            failure_reason=command.failure_reason,
            started_at=timestamp_or_none(command.started_at),
            finished_at=timestamp_or_none(command.finished_at),
            created_at=timestamp(command.created_at),
        ),
        links={"self": {"href": f"{viewer.base_url}/api/commands/{command.id}"}},
    )
