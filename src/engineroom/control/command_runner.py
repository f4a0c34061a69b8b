"""Has commands run, each once. Level-triggered: it goes on with whatever the store says is under way."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy import Connection

from engineroom.control.changing import Telling, end
from engineroom.control.wanted import BASE_VARIABLES
from engineroom.model import command_line
from engineroom.model.command import (
    OUTPUT_LIMIT_BYTES,
    TIMEOUT_SECONDS,
    Command,
    CommandStatus,
)
from engineroom.model.environment import Environment
from engineroom.model.exits import signal_name
from engineroom.model.one_off import OneOff, OneOffState
from engineroom.model.operation import OperationStatus
from engineroom.model.variables import unreadable
from engineroom.runtime.base import Runtime
from engineroom.store import Store, commands, environments, hosts


class CommandRunner:
    """Starts the commands that are asked for, and writes down how they end."""

    def __init__(self, store: Store, runtime: Runtime) -> None:
        self._store = store
        self._runtime = runtime

    async def look(self) -> bool:
        """Take every command one step further; return whether one is under way."""
        await self._claim()
        found = await self._store.read(lambda connection: list(_under_way(connection, self._store.host)))
        refusals = {command.id: _refusal(command, environment) for command, environment in found}
        runs = [_run(*each) for each in found if refusals[each[0].id] is None]
        states = await self._runtime.run_once(runs)
        changed = [
            after
            for command, _ in found
            if (after := refusals[command.id] or after_run(command, states.get(command.id))) != command
        ]
        if changed:
            await self._store.write(lambda connection: _record(connection, changed))
        return bool(found)

    async def _claim(self) -> None:
        """Take on what no server has, where there may be several: none may run a command that another runs."""
        host = self._store.host
        if host is None:
            return
        found = await self._store.read(commands.unclaimed)
        if found:
            await self._store.write(lambda connection: hosts.claim(connection, host, found))


def after_run(command: Command, state: OneOffState | None) -> Command:
    """Return what a command has become; one that the runtime says nothing of is as it was."""
    if state is None:
        return command
    if state.ended_at is None:
        status = CommandStatus.RUNNING if state.started_at else CommandStatus.CREATED
        return replace(command, status=status, started_at=state.started_at)
    succeeded = state.code == 0 and state.failure is None
    return replace(
        command,
        status=CommandStatus.SUCCESS if succeeded else CommandStatus.FAILURE,
        output=state.output.replace("\0", "\ufffd"),
        exit_code=None if state.code is None or state.failure else abs(state.code),
        failure_reason=None if succeeded else _reason(state),
        started_at=state.started_at,
        finished_at=state.ended_at,
    )


def _refusal(command: Command, environment: Environment) -> Command | None:
    """Return what becomes of a command that was not started and must not be, as a variable cannot be read; else None."""
    reason = unreadable(environment.variables)
    if reason is None or command.started_at is not None:
        return None
    return replace(
        command,
        status=CommandStatus.FAILURE,
        output="",
        failure_reason=f"The command was not started: a variable of its environment cannot be read: {reason}",
        finished_at=datetime.now(UTC),
    )


def _reason(state: OneOffState) -> str:
    if state.failure is not None:
        return f"The command failed: {state.failure}."
    if state.code is not None and state.code < 0:
        name = signal_name(-state.code)
        return f"The command was killed by signal {-state.code}{f' ({name})' if name else ''}."
    return f"The command exited with code {state.code}."


def _under_way(connection: Connection, host: str | None) -> Iterator[tuple[Command, Environment]]:
    found = commands.under_way(connection, host)
    ids = list({command.environment_id for command in found})
    of = {environment.id: environment for environment in environments.some_of_any(connection, ids)}
    for command in found:
        yield command, of[command.environment_id]


def _run(command: Command, environment: Environment) -> OneOff:
    return OneOff(
        id=command.id,
        argv=command_line.parse(command.command).argv,
        working_directory=environment.directory or "/",
        variables={
            **BASE_VARIABLES,
            **{variable.key: variable.value for variable in environment.variables},
            "ENGINEROOM": "1",
            "ENGINEROOM_APPLICATION": environment.application_id,
            "ENGINEROOM_ENVIRONMENT": environment.id,
            "ENGINEROOM_COMMAND": command.id,
        },
        timeout_seconds=TIMEOUT_SECONDS,
        output_limit_bytes=OUTPUT_LIMIT_BYTES,
        os_user=environment.os_user,
        umask=environment.umask,
    )


def _record(connection: Connection, changed: list[Command]) -> None:
    for command in changed:
        commands.replace(connection, command)
        if command.finished_at is not None:
            succeeded = command.status is CommandStatus.SUCCESS
            outcome = OperationStatus.SUCCEEDED if succeeded else OperationStatus.FAILED
            told = Telling(
                kind=outcome,
                message=command.failure_reason or "The command exited with code 0.",
                data={"exit_code": command.exit_code},
                at=command.finished_at,
            )
            end(connection, command.operation_id, outcome, told)
