"""The difference between what should run here and what does: which specs to start, and which processes to stop and how."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Set
from typing import Any

from engineroom.model.ids import BackgroundProcessId
from engineroom.model.processes.workload import Workload
from engineroom.runtime.local import translation
from engineroom.runtime.local.mirror import Mirror, Stop
from engineroom.runtime.local.planner import Plan, Slot, plan

JsonObject = dict[str, Any]

_REPLACED = "another one takes its place"
_SURPLUS = "fewer processes are wanted"


class Difference:
    """What should run, and what should not any more. What is decided shows in the mirror at once.

    `look_again` is called with the background processes of which more is to be decided in a moment.
    """

    def __init__(self, mirror: Mirror, look_again: Callable[[Iterable[BackgroundProcessId]], None]) -> None:
        self.workloads: dict[BackgroundProcessId, Workload] = {}
        self._leaving: dict[BackgroundProcessId, Stop] = {}
        self._mirror = mirror
        self._look_again = look_again
        self._timers: dict[BackgroundProcessId, asyncio.TimerHandle] = {}

    def want(self, workload: Workload) -> None:
        """Have this running."""
        self.workloads[workload.background_process] = workload
        self._leaving.pop(workload.background_process, None)

    def let_go(self, background_process: BackgroundProcessId, how: Stop) -> None:
        """Have nothing of a background process running any more."""
        self.workloads.pop(background_process, None)
        self._leaving[background_process] = how

    def background_processes(self) -> Set[BackgroundProcessId]:
        """Return those of which something is decided here."""
        return self.workloads.keys() | self._leaving.keys()

    def of(
        self, background_processes: Iterable[BackgroundProcessId], protocol: int
    ) -> tuple[list[tuple[JsonObject, Workload]], dict[Stop, list[str]]]:
        """Return what to start, in specs of this protocol, and what to stop, by how that is done."""
        starts: list[tuple[JsonObject, Workload]] = []
        stops: dict[Stop, list[str]] = defaultdict(list)
        for background_process in background_processes:
            workload = self.workloads.get(background_process)
            if workload is not None:
                decided = self._plan(workload)
                if translation.can_start(workload, protocol=protocol):
                    starts += [(self._begin(workload, slot, protocol), workload) for slot in decided.starts]
                for ending, reason in ((decided.stops, _REPLACED), (decided.surplus, _SURPLUS)):
                    how = Stop(workload.stop_timeout_seconds, force=False, reason=reason)
                    stops[how] += self._mirror.stop(background_process, ending, how)
            elif background_process in self._leaving:
                ids = self._mirror.ids(background_process)
                if not ids:
                    self._forget(background_process)
                    continue
                how = self._leaving[background_process]
                stops[how] += self._mirror.stop(background_process, ids, how)
        return starts, stops

    def manners(self, background_processes: Iterable[BackgroundProcessId]) -> JsonObject:
        """Return how those are to be stopped, by their ids, of which the keeper knows otherwise; it counts as told."""
        found: JsonObject = {}
        for background_process in background_processes:
            workload = self.workloads.get(background_process)
            if workload is not None:
                found |= self._mirror.adjust(workload)
        return found

    def _forget(self, background_process: BackgroundProcessId) -> None:
        """Drop what is known of a background process that is to be removed and has nothing left."""
        self._mirror.forget(background_process)
        del self._leaving[background_process]
        timer = self._timers.pop(background_process, None)
        if timer is not None:
            timer.cancel()

    def _plan(self, workload: Workload) -> Plan:
        background_process = workload.background_process
        decided = plan(workload, self._mirror.occupants(background_process))
        if decided.look_again_seconds is not None:
            previous = self._timers.pop(background_process, None)
            if previous is not None:
                previous.cancel()
            self._timers[background_process] = asyncio.get_running_loop().call_later(
                max(0.001, decided.look_again_seconds), self._look_again, [background_process]
            )
        return decided

    def _begin(self, workload: Workload, slot: Slot, protocol: int) -> JsonObject:
        """Return the spec for a slot, which from now on counts as starting."""
        owner = translation.Owner(workload.background_process, slot.replica, slot.index)
        id = translation.new_process_id(owner)
        spec = translation.spec(id, workload, slot, protocol=protocol)
        self._mirror.start(id, workload, slot)
        return spec
