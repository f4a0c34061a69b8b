"""What the keeper has, as last heard of: true within milliseconds, and asked without waiting."""

import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from engineroom.model.ids import BackgroundProcessId
from engineroom.model.processes.process import Process, ProcessState
from engineroom.model.processes.workload import Workload
from engineroom.runtime.local import translation
from engineroom.runtime.local.messages import KeptProcess
from engineroom.runtime.local.planner import Occupant, Slot

JsonObject = dict[str, Any]


class Stop(NamedTuple):
    """How processes are stopped, and why: with how much time to drain, or with none by `force`."""

    timeout_seconds: float
    force: bool
    reason: str


@dataclass(slots=True)
class _SeenProcess:
    """A process as last seen; `started_monotonic` is on the host's clock, which the keeper and we share.

    `manner` is how it is stopped, None where the keeper does not tell. `killed` says that the keeper was asked to kill it,
    and need not be asked again.
    """

    process: Process
    started_monotonic: float
    manner: JsonObject | None = None
    killed: bool = False

    def occupant(self, now: float) -> Occupant:
        seen = self.process
        slot = Slot(seen.replica, seen.index)
        age = now - self.started_monotonic if seen.state is ProcessState.RUNNING else 0.0
        finished = seen.last_exit is not None and seen.last_exit.expected
        return Occupant(seen.id, slot, seen.fingerprint, seen.state, age, finished)

    def needs(self, how: Stop) -> bool:
        """Return whether the keeper must still be told to stop it in this way."""
        return not self.killed if how.force else self.process.state is not ProcessState.DRAINING


class Mirror:
    """The processes of this host by background process. What the keeper was asked for shows before it has answered."""

    def __init__(self) -> None:
        self._seen: defaultdict[BackgroundProcessId, dict[str, _SeenProcess]] = defaultdict(dict)

    def begin_anew(self, processes: Iterable[KeptProcess]) -> None:
        """Take in all that the keeper has, and forget everything else."""
        self._seen.clear()
        for kept in processes:
            self.take(kept)

    def take(self, kept: KeptProcess) -> BackgroundProcessId:
        """Take in what the keeper says of one process, and return whose it is."""
        background_process = BackgroundProcessId(kept.labels["background_process"])
        before = self._seen[background_process].pop(kept.id, None)
        if not kept.is_over:
            seen = _SeenProcess(translation.process(kept), kept.started_monotonic or 0.0, kept.manner)
            self._seen[background_process][kept.id] = seen if before is None else _still_leaving(before, seen)
        return background_process

    def start(self, id: str, workload: Workload, slot: Slot) -> None:
        """Show a process that the keeper is being asked to start."""
        starting = Process(
            id=id,
            background_process=workload.background_process,
            replica=slot.replica,
            index=slot.index,
            fingerprint=workload.fingerprint,
            state=ProcessState.STARTING,
        )
        self._seen[workload.background_process][id] = _SeenProcess(starting, 0.0)

    def adjust(self, workload: Workload) -> JsonObject:
        """Show its processes as stopped in its manner; return that for those of which the keeper has another."""
        wanted = translation.manner(workload)
        found = {
            name: wanted
            for name, seen in self._seen.get(workload.background_process, {}).items()
            if seen.manner is not None and seen.manner != wanted
        }
        for name in found:
            self._seen[workload.background_process][name].manner = wanted
        return found

    def stop(self, background_process: BackgroundProcessId, ids: Iterable[str], how: Stop) -> list[str]:
        """Show processes as draining, and return those that the keeper must be told of."""
        seen = self._seen[background_process]
        ending = [name for name in ids if seen[name].needs(how)]
        deadline = datetime.now(UTC) + timedelta(seconds=0.0 if how.force else how.timeout_seconds)
        for name in ending:
            seen[name].killed = how.force
            seen[name].process = replace(
                seen[name].process, state=ProcessState.DRAINING, deadline_at=deadline, next_start_at=None
            )
        return ending

    def forget(self, background_process: BackgroundProcessId) -> None:
        """Drop the memory of a background process that has nothing left."""
        self._seen.pop(background_process, None)

    def occupants(self, background_process: BackgroundProcessId) -> list[Occupant]:
        """Return its processes as the planner sees them."""
        now = time.monotonic()
        return [seen.occupant(now) for seen in self._seen[background_process].values()]

    def ids(self, background_process: BackgroundProcessId) -> list[str]:
        """Return the ids of its processes, draining ones included."""
        return list(self._seen[background_process])

    def processes(self, background_process: BackgroundProcessId) -> Sequence[Process]:
        """Return its processes, by replica and index."""
        found = [seen.process for seen in self._seen.get(background_process, {}).values()]
        return sorted(found, key=lambda process: (process.replica, process.index, process.id))

    def background_processes(self) -> frozenset[BackgroundProcessId]:
        """Return the background processes of which at least one process is there."""
        return frozenset(background_process for background_process, seen in self._seen.items() if seen)


def _still_leaving(before: _SeenProcess, now: _SeenProcess) -> _SeenProcess:
    """Return what is seen now of a process; one that was asked to leave stays so.

    The keeper may have said it before it heard of that. Counted as running again, it would let another one go in its place.
    """
    state = before.process.state
    if state is ProcessState.DRAINING and now.process.state is not state:
        deadline = before.process.deadline_at
        now.process = replace(now.process, state=state, deadline_at=deadline, next_start_at=None)
    now.killed = before.killed
    return now
