"""The beginning of a life: its marks, its place, its cgroup, the files of its output."""

import errno

from engineroom.keeper.containment.containers import Containers
from engineroom.keeper.launch.allowed import AllowList
from engineroom.keeper.launch.launch_error import LaunchError
from engineroom.keeper.launch.spawn import Launch, launch
from engineroom.keeper.output.spool import Spool
from engineroom.keeper.processes.process import Subprocess

_LACKS_VARIABLES = "its variables were in the host's memory alone, and are gone; its server gives them again"


def begin(process: Subprocess, allowed: AllowList, containers: Containers, spool: Spool) -> Launch:
    """Begin to start the program of a process, whose `life` is that of the start. Raises LaunchError."""
    spec = process.spec
    containers.prepare(process)
    if process.lacks_variables:
        raise LaunchError(errno.EPERM, _LACKS_VARIABLES)
    birth_marks = containers.birth_marks
    environment = {**spec.environment, **birth_marks.variables(process.id, process.life)}
    elsewhere = spec.output_file
    files = spool.paths(process.id) if elsewhere is None else (elsewhere, elsewhere)
    place = allowed.place(spec.user, spec.working_directory)
    with birth_marks.marking(process.id, process.life):
        return launch(spec, place, environment, *files, cell=containers.birthplace(process))
