"""Processes whose spec could not be written down: what nobody remembers could run unseen, so they wait for room."""

from collections.abc import Iterator

from engineroom.keeper.launch.launch_error import LaunchError
from engineroom.keeper.processes import exit_facts
from engineroom.keeper.processes.journal import Journal
from engineroom.keeper.processes.lifecycle import State
from engineroom.keeper.processes.process import Subprocess

_LOOK_SECONDS = 5.0
"""So often is looked for room, by whoever keeps things up."""


class Unjournaled:
    """Those that wait. They back off like what could not be started, but for as long as there is no room."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._waiting: dict[str, Subprocess] = {}

    def __contains__(self, id: str) -> bool:
        return id in self._waiting

    def write(self, process: Subprocess) -> bool:
        """Write down the spec of a process before it is started; when that cannot be, note why, and that it waits."""
        if self._journal.record_spec(process.spec.to_json()):
            return True
        self._waiting[process.id] = process
        process.last_exit = exit_facts.of_start_failure(
            LaunchError(self._journal.failure, self._journal.path)
        )
        process.delay_seconds = _LOOK_SECONDS
        return False

    def written(self) -> Iterator[Subprocess]:
        """Yield those that can be written down now, and wait no more."""
        for process in tuple(self._waiting.values()):
            if process.state is State.BACKING_OFF and self._journal.record_spec(process.spec.to_json()):
                del self._waiting[process.id]
                yield process

    def forget(self, id: str) -> None:
        """Drop one that is gone."""
        self._waiting.pop(id, None)
