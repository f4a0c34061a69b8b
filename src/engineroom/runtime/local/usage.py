"""What processes and replicas use, from what the keeper counts every few seconds."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from engineroom.model.instances.limits import Usage
from engineroom.model.processes.process import Process
from engineroom.runtime.local.messages import Counted

Count = Mapping[str, tuple[float | None, int | None, int | None]]

USAGE_SECONDS = 5.0
"""How often it is counted."""


class Gauge:
    """The last two counts of the keeper's, and what they say of each name."""

    def __init__(self) -> None:
        self._before: Count = {}
        self._now: Count = {}
        self._seconds = 0.0

    def take(self, counted: Count, seconds: float) -> None:
        """Take in a count that was made so many seconds after the one before."""
        self._before, self._now, self._seconds = self._now, counted, seconds

    async def watch(self, count: Callable[[], Awaitable[Counted | None]]) -> None:
        """Have things counted again and again, until cancelled; None is a count that was not to be had."""
        counted_at = time.monotonic()
        while True:
            await asyncio.sleep(USAGE_SECONDS)
            counted = await count()
            if counted is not None:
                now = time.monotonic()
                self.take({**counted.processes, **counted.groups}, now - counted_at)
                counted_at = now

    def read(self, name: str) -> Usage | None:
        """Return what a process or a group used lately; None when it was not counted yet."""
        if name not in self._now:
            return None
        cpu_seconds, memory_bytes, processes = self._now[name]
        return Usage(
            cpu_seconds=cpu_seconds,
            cpu_percent=self._cpu_percent(name, cpu_seconds),
            memory_bytes=memory_bytes,
            processes=processes,
        )

    def complete(self, process: Process) -> Process:
        """Return a process with what it used lately."""
        usage = self.read(process.id)
        # Of a thousand that were just started nothing is known yet, and this is asked often meanwhile.
        return process if usage is None else replace(process, usage=usage)

    def _cpu_percent(self, name: str, now: float | None) -> float | None:
        before = self._before.get(name, (None,))[0]
        if now is None or before is None or self._seconds <= 0.0:
            return None
        # A container that was made anew begins to count anew.
        return max(0.0, now - before) / self._seconds * 100.0
