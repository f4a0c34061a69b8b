"""The replicas of an instance, from the workloads that run on it."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from engineroom.model.ids import BackgroundProcessId, InstanceId
from engineroom.model.instances.limits import UNLIMITED, Limits, Usage
from engineroom.model.instances.replica import Replica
from engineroom.model.processes.process import Process, ProcessState
from engineroom.model.processes.workload import Workload


def replicas_of(
    instance: InstanceId,
    workloads: Iterable[Workload],
    processes: Callable[[BackgroundProcessId], Sequence[Process]],
    usage: Callable[[int], Usage | None],
) -> list[Replica]:
    """Return the replicas in which a process of these workloads is there, by number."""
    limits: Limits = UNLIMITED
    counts: Counter[tuple[int, bool]] = Counter()
    for workload in workloads:
        if workload.instance == instance:
            limits = workload.limits
            found = processes(workload.background_process)
            counts.update((one.replica, one.state is ProcessState.DRAINING) for one in found)
    return [
        Replica(
            instance=instance,
            number=number,
            limits=limits,
            usage=usage(number),
            running=counts[number, False],
            draining=counts[number, True],
        )
        for number in sorted({number for number, _ in counts})
    ]
