"""The beginning of a life: its marks, its cgroup, the files of its output."""

from engineroom.keeper.containers import Containers
from engineroom.keeper.process import Process
from engineroom.keeper.spawn import Launch, launch
from engineroom.keeper.spool import Spool


def begin(process: Process, containers: Containers, spool: Spool) -> Launch:
    """Begin to start the program of a process, whose `life` is that of the start. Raises LaunchError."""
    containers.prepare(process)
    births = containers.births
    environment = {**process.spec.environment, **births.variables(process.id, process.life)}
    elsewhere = process.spec.output_file
    files = spool.paths(process.id) if elsewhere is None else (elsewhere, elsewhere)
    with births.marking(process.id, process.life):
        return launch(process.spec, environment, *files, cell=containers.birthplace(process))
