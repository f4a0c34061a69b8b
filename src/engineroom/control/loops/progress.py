"""How far a background process is from what was asked for."""

from collections.abc import Sequence

from engineroom.model.operation import Progress
from engineroom.model.processes.process import Process, ProcessState
from engineroom.model.processes.workload import Workload


def measure(workload: Workload | None, processes: Sequence[Process]) -> Progress:
    """Return how many processes there are of each kind; without a workload none is wanted, and all are leaving."""
    fingerprint = workload.fingerprint if workload else None
    draining = [process for process in processes if process.state is ProcessState.DRAINING]
    staying = [process for process in processes if process.state is not ProcessState.DRAINING]
    current = [process for process in staying if process.fingerprint == fingerprint]

    def of(state: ProcessState) -> int:
        return sum(process.state is state for process in current)

    return Progress(
        wanted=workload.wanted if workload else 0,
        current=of(ProcessState.RUNNING),
        starting=of(ProcessState.STARTING),
        backing_off=of(ProcessState.BACKING_OFF),
        outdated=len(staying) - len(current),
        draining=len(draining),
    )
