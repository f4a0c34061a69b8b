"""Telling of output that was given up before anybody had read it: at once, and then not more than once a minute."""

from collections.abc import Iterable, Iterator

from engineroom.keeper.output.spool import Spool
from engineroom.keeper.processes.process import Subprocess

OUTPUT_DROPPED = "output_dropped"
"""The event. `Subprocess.output_dropped_bytes` is what was dropped in all."""

_PAUSE_SECONDS = 60.0


class DroppedOutput:
    """Remembers of whom it was told when."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._told: dict[str, float] = {}

    def to_be_told(self, processes: Iterable[Subprocess], now: float) -> Iterator[Subprocess]:
        """Yield the processes of which it should be told now, with their counts brought up to date."""
        self._told = {id: told for id, told in self._told.items() if now - told < _PAUSE_SECONDS}
        for process in processes:
            dropped = self._spool.dropped(process.id)
            if dropped != process.output_dropped_bytes and process.id not in self._told:
                process.output_dropped_bytes = dropped
                self._told[process.id] = now
                yield process
