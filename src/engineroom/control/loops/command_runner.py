"""Has commands run, each once. Level-triggered: it goes on with whatever the store says is under way."""

import contextlib
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from signal import SIGKILL

import structlog
from sqlalchemy import Connection

from engineroom.control.changes.changing import OperationNotice, end
from engineroom.control.loops.timings import TIMINGS, Timings
from engineroom.control.workloads import BASE_VARIABLES
from engineroom.model.applications.command import OUTPUT_KEPT_BYTES, TIMEOUT_SECONDS, Command, CommandStatus
from engineroom.model.applications.environment import Environment
from engineroom.model.applications.variables import unreadable
from engineroom.model.ids import COMMAND_PREFIX, CommandId, RunId
from engineroom.model.instances.instance import Instance
from engineroom.model.instances.limits import UNLIMITED, limits_of
from engineroom.model.operation import OperationStatus
from engineroom.model.processes import command_line
from engineroom.model.processes.exits import Exit, describe, signal_name
from engineroom.model.processes.run import Finished, Run
from engineroom.runtime.base import RunRefusedError, Runtime, RuntimeUnavailableError
from engineroom.store import Store
from engineroom.store.queries import commands, environments, instances, operations
from engineroom.store.queries.hosts import claims

_LOST = "The command was lost: the host went down, or its keeper was ended, while it ran."

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _UnderWay:
    """A command that is not over, and where it runs."""

    command: Command
    environment: Environment
    app: Instance | None


class CommandRunner:
    """Begins the commands that are asked for, and notices when one is lost. How they end is stored by the recorder."""

    def __init__(self, store: Store, runtime: Runtime, timings: Timings = TIMINGS) -> None:
        self._store = store
        self._runtime = runtime
        self._lost_after_seconds = timings.command_lost
        self._missing_since: dict[RunId, float] = {}

    async def look(self) -> bool:
        """Take every command one step further; return whether one is under way."""
        await self._claim()
        found = await self._store.read(lambda connection: _under_way(connection, self._store.host))
        await self._end_strays()
        changed = [after for each in found if (after := await self._step(each)) != each.command]
        lost = self._lost([each.command for each in found])
        if changed or lost:
            await self._store.write(lambda connection: _record(connection, [*changed, *lost]))
        return bool(found)

    async def _claim(self) -> None:
        """Take on what no server has, where there may be several: none may run a command that another runs."""
        host = self._store.host
        if host is None:
            return
        found = await self._store.read(commands.unclaimed)
        if found:
            await self._store.write(lambda connection: claims.claim(connection, host, found))

    async def _step(self, each: _UnderWay) -> Command:
        """Have one command carried out, unless it was before; return what it has become."""
        command = each.command
        refusal = unreadable(each.environment.variables) if command.started_at is None else None
        if refusal is not None:
            return _refused(command, f"a variable of its environment cannot be read: {refusal}")
        try:
            await self._runtime.run([_run(each)])
        except RuntimeUnavailableError as error:
            _log.warning("Cannot begin a command; trying again.", action="command.waits", reason=str(error))
            return command
        except RunRefusedError as error:
            return _refused(command, str(error))
        if command.status is CommandStatus.RUNNING:
            return command
        return replace(command, status=CommandStatus.RUNNING, started_at=datetime.now(UTC))

    def _lost(self, found: Sequence[Command]) -> list[Command]:
        """Return those that the runtime has not known for so long that nobody will tell how they ended."""
        now, known = time.monotonic(), self._runtime.runs()
        missing = {id: command for command in found if (id := RunId(command.id)) not in known}
        self._missing_since = {id: self._missing_since.get(id, now) for id in missing}
        return [
            replace(
                missing[id],
                status=CommandStatus.FAILURE,
                output="",
                failure_reason=_LOST,
                finished_at=datetime.now(UTC),
            )
            for id, since in self._missing_since.items()
            if self._runtime.reachable and now - since > self._lost_after_seconds
        ]

    async def _end_strays(self) -> None:
        """End the commands at once whose environment was deleted."""
        going = [CommandId(run) for run in self._runtime.runs() if run.startswith(COMMAND_PREFIX)]
        if not going:
            return
        strays = await self._store.read(lambda connection: _strays(connection, going))
        if strays:
            with contextlib.suppress(RuntimeUnavailableError):
                await self._runtime.end_runs(strays, stop_timeout_seconds=0.0)


def _strays(connection: Connection, going: Sequence[CommandId]) -> list[RunId]:
    """Return those whose environment was deleted. One of which the database never knew may be of a newer database."""
    gone = set(going) - commands.of_living_environments(connection, going)
    remembered = operations.known_subjects(connection, gone)
    return [RunId(id) for id in going if id in remembered]


def after_run(command: Command, finished: Finished) -> Command:
    """Return what a command has become that is over."""
    ended = finished.exit
    succeeded = ended.code == 0
    number = ended.code if ended.signal is None else ended.signal
    return replace(
        command,
        status=CommandStatus.SUCCESS if succeeded else CommandStatus.FAILURE,
        output=finished.output.replace("\0", "\ufffd"),
        exit_code=number,
        failure_reason=None if succeeded else _reason(ended),
        started_at=ended.at - timedelta(seconds=ended.lived_seconds),
        finished_at=ended.at,
    )


def finish(connection: Connection, over: Iterable[Finished]) -> None:
    """Store how those commands ended that are among these runs and not over yet."""
    ends = {CommandId(finished.id): finished for finished in over}
    if ends:
        found = commands.those_under_way(connection, list(ends))
        _record(connection, [after_run(command, ends[command.id]) for command in found])


def _refused(command: Command, why: str) -> Command:
    """Return what becomes of a command that was not started, and will not be."""
    return replace(
        command,
        status=CommandStatus.FAILURE,
        output="",
        failure_reason=f"The command was not started: {why}",
        finished_at=datetime.now(UTC),
    )


def _reason(ended: Exit) -> str:
    if ended.error_number is not None or ended.out_of_memory:
        return f"The command failed: {describe(ended)}."
    if ended.signal == SIGKILL and not ended.asked and ended.lived_seconds >= TIMEOUT_SECONDS:
        return f"The command failed: it was killed after {TIMEOUT_SECONDS:g} s."
    if ended.asked:
        return "The command failed: it was stopped."
    if ended.signal is not None:
        name = signal_name(ended.signal)
        return f"The command was killed by signal {ended.signal}{f' ({name})' if name else ''}."
    return _LOST if ended.code is None else f"The command exited with code {ended.code}."


def _under_way(connection: Connection, host: str | None) -> list[_UnderWay]:
    found = commands.under_way(connection, host)
    ids = list({command.environment_id for command in found})
    of = {environment.id: environment for environment in environments.some_of_any(connection, ids)}
    apps = instances.apps(connection, ids)
    return [
        _UnderWay(command, of[command.environment_id], apps.get(command.environment_id)) for command in found
    ]


def _run(each: _UnderWay) -> Run:
    """Return what is to be carried out: on the first replica of the app's instance, within its limits."""
    command, environment, app = each.command, each.environment, each.app
    line = command_line.parse(command.command)
    return Run(
        id=RunId(command.id),
        argv=line.argv,
        signal_group=line.shell,
        working_directory=environment.directory or "/",
        inherited_variables=BASE_VARIABLES,
        variables={
            **{variable.key: variable.value for variable in environment.variables},
            "ENGINEROOM": "1",
            "ENGINEROOM_APPLICATION": environment.application_id,
            "ENGINEROOM_ENVIRONMENT": environment.id,
            "ENGINEROOM_COMMAND": command.id,
            **({} if app is None else {"ENGINEROOM_INSTANCE": app.id}),
        },
        replica=1,
        instance=None if app is None else app.id,
        limits=UNLIMITED if app is None else limits_of(app.size),
        size=None if app is None else app.size,
        os_user=environment.os_user,
        umask=environment.umask,
        time_limit_seconds=TIMEOUT_SECONDS,
        output_kept_bytes=OUTPUT_KEPT_BYTES,
    )


def _record(connection: Connection, changed: Sequence[Command]) -> None:
    """Store what commands have become, unless one is over meanwhile."""
    still = {command.id for command in commands.those_under_way(connection, [each.id for each in changed])}
    for command in changed:
        if command.id not in still:
            continue
        commands.replace(connection, command)
        if command.finished_at is not None:
            _end(connection, command, command.finished_at)


def _end(connection: Connection, command: Command, at: datetime) -> None:
    succeeded = command.status is CommandStatus.SUCCESS
    outcome = OperationStatus.SUCCEEDED if succeeded else OperationStatus.FAILED
    told = OperationNotice(
        kind=outcome,
        message=command.failure_reason or "The command exited with code 0.",
        data={"exit_code": command.exit_code},
        at=at,
    )
    end(connection, command.operation_id, outcome, told)
