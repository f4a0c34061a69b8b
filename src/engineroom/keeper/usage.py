"""What processes and groups use: counted by their cgroups, or added up from /proc where there are none."""

from collections.abc import Iterable

from engineroom.keeper import kernel
from engineroom.keeper.cgroups import Usage
from engineroom.keeper.containers import Containers
from engineroom.keeper.process import JsonObject, Process


def sample(processes: Iterable[Process], containers: Containers) -> JsonObject:
    """Return by id of each process that runs, and by name of its group: [CPU seconds, bytes of memory, processes].

    CPU time is of all lives of a process. What is not counted here is null; without cgroups groups are left out.
    """
    found: dict[str, Usage] = {}
    groups: dict[str, Usage] = {}
    uncounted: dict[int, str] = {}
    for process in processes:
        if process.pid is None:
            continue
        usage = containers.usage(process)
        if usage is None:
            uncounted[process.pid] = process.id
            continue
        found[process.id] = usage
        group = process.spec.group
        if group and group not in groups and containers.cgroups is not None:
            groups[group] = containers.cgroups.usage(group)
    if uncounted:
        by_session = kernel.usage_by_session()
        found |= {name: Usage(*by_session[pid]) for pid, name in uncounted.items() if pid in by_session}
    return {"processes": found, "groups": groups}
