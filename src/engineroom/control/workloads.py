"""From what is stored to what a runtime is asked to run."""

import os
from collections.abc import Mapping

from engineroom.model.applications.environment import EnvironmentStatus
from engineroom.model.instances.limits import limits_of
from engineroom.model.processes import command_line
from engineroom.model.processes.background_process import BackgroundProcess
from engineroom.model.processes.command_line import CommandLine
from engineroom.model.processes.exits import EXPECTED_OF_OTHERS, EXPECTED_OF_WORKERS
from engineroom.model.processes.lifecycle import Replacement
from engineroom.model.processes.workload import Workload
from engineroom.store.queries.wanted import Wanted

_INHERITED = ("PATH", "LANG", "TZ")
_OF_USER = ("HOME", "USER", "LOGNAME")
"""Root runs processes as somebody else, to whom the keeper gives his own."""
_DEFAULTS = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
_WITHOUT_PROCESSES = frozenset({EnvironmentStatus.STOPPED, EnvironmentStatus.HIBERNATING})


def clean_base(environ: Mapping[str, str], *, root: bool) -> Mapping[str, str]:
    """Return the few variables that processes get from engineroom's own environment: its secrets are not theirs."""
    names = _INHERITED if root else _INHERITED + _OF_USER
    return _DEFAULTS | {name: environ[name] for name in names if environ.get(name)}


BASE_VARIABLES = clean_base(os.environ, root=os.geteuid() == 0)


def workload(row: Wanted, base: Mapping[str, str] = BASE_VARIABLES) -> Workload:
    """Return what should run for a background process that is not deleted.

    In a stopped environment nothing runs, nor in one without a folder. The runtime adds the variables that tell replica
    and index.
    """
    background_process = row.background_process
    line = _command_line(background_process)
    worker = background_process.config is not None
    asked = background_process.lifecycle
    return Workload(
        background_process=background_process.id,
        argv=line.argv,
        signal_group=line.shell,
        working_directory=row.directory or "/",
        inherited_variables={**base, **_names(row)},
        variables=_variables(row),
        processes=row.processes if _may_run(row) else 0,
        replicas=row.replicas,
        replacement=asked.replacement or (Replacement.START_FIRST if worker else Replacement.DRAIN_FIRST),
        stop_timeout_seconds=float(
            row.shutdown_timeout_seconds if asked.stop_timeout is None else asked.stop_timeout
        ),
        stop_signal=asked.stop_signal,
        stop_target=asked.stop_target,
        worker_timeout_seconds=background_process.config.timeout if background_process.config else None,
        expected_exit_codes=_expected(asked.expected_exit_codes, worker=worker),
        generation=background_process.generation,
        instance=background_process.instance_id,
        limits=limits_of(row.size),
        size=row.size,
        os_user=row.os_user,
        umask=row.umask,
    )


def _expected(asked: tuple[int, ...] | None, *, worker: bool) -> tuple[int, ...]:
    if asked is not None:
        return asked
    return EXPECTED_OF_WORKERS if worker else EXPECTED_OF_OTHERS


def _may_run(row: Wanted) -> bool:
    return row.directory is not None and row.environment_status not in _WITHOUT_PROCESSES


def _command_line(background_process: BackgroundProcess) -> CommandLine:
    if background_process.config is not None:
        return CommandLine(argv=background_process.config.argv(), shell=False)
    return command_line.parse(background_process.command)


def application_variables(row: Wanted, base: Mapping[str, str] = BASE_VARIABLES) -> Mapping[str, str]:
    """Return what every process of its environment gets, whichever it is."""
    given = {variable.key: variable.value for variable in row.variables}
    return {**base, **_names(row), **given, "ENGINEROOM": "1"}


def _names(row: Wanted) -> Mapping[str, str]:
    """Return what things are called; a new name is no reason to restart what runs."""
    return {
        "ENGINEROOM_APPLICATION_NAME": row.application_name,
        "ENGINEROOM_ENVIRONMENT_NAME": row.environment_name,
    }


def _variables(row: Wanted) -> Mapping[str, str]:
    """Return the environment's variables; what names the process is engineroom's and comes last."""
    return {
        **{variable.key: variable.value for variable in row.variables},
        "ENGINEROOM": "1",
        "ENGINEROOM_APPLICATION": row.application_id,
        "ENGINEROOM_ENVIRONMENT": row.environment_id,
        "ENGINEROOM_INSTANCE": row.background_process.instance_id,
        "ENGINEROOM_BACKGROUND_PROCESS": row.background_process.id,
    }
