"""What processes and groups use: counted by their cgroups, or added up from /proc where there are none."""

from collections import defaultdict
from collections.abc import Iterable

from engineroom.keeper import kernel
from engineroom.keeper.containment.containers import Containers
from engineroom.keeper.kernel import ResourceUsage
from engineroom.keeper.processes.process import JsonObject, Subprocess


def sample(processes: Iterable[Subprocess], containers: Containers) -> JsonObject:
    """Return by id of each process that runs, and by name of its group: [CPU seconds, bytes of memory, processes].

    CPU time is of all lives of a process, and of all processes of a group, those that wait or are gone included: who reckons
    from two counts what was used between them must not see it come and go. What is not counted here is null.
    """
    living = [(process, process.pid) for process in processes if process.pid is not None]
    found: dict[str, ResourceUsage | None] = {process.id: containers.usage(process) for process, _ in living}
    if None in found.values():
        by_session = kernel.usage_by_session()
        uncounted = ResourceUsage(None, None, None)
        found |= {process.id: found[process.id] or by_session.get(pid, uncounted) for process, pid in living}
    groups: defaultdict[str, list[ResourceUsage]] = defaultdict(list)
    for process, _ in living:
        used = found[process.id]
        if used is not None and process.spec.group:
            groups[process.spec.group].append(used)
    return {
        "processes": found,
        "groups": {group: _sum(used, containers.cpu_seconds(group)) for group, used in groups.items()},
    }


def _sum(parts: Iterable[ResourceUsage], cpu_seconds: float | None) -> list[float | None]:
    summed, *others = [None if None in column else sum(column) for column in zip(*parts, strict=True)]
    return [summed if cpu_seconds is None else cpu_seconds, *others]
