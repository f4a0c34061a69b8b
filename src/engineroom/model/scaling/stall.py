"""Workers that are there and do nothing, while their queue grows."""

from dataclasses import dataclass

from engineroom.model.queue import Measurement

STALLED_SECONDS = 120.0
_CPU_SHARE = 0.01
"""A process that uses less of a core than this burns none: an idle worker that asks for jobs uses about a tenth of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a background process has done so far: the CPU time of all its processes that run, None where it is not known."""

    cpu_seconds: float | None
    running: int
    printed_bytes: int


@dataclass(slots=True)
class Watchdog:
    """Says when workers have stalled: no CPU used, nothing printed, no job taken or finished, while the queue grew."""

    _since: float | None = None
    _queue: Measurement | None = None
    _work: Work | None = None

    def look(self, now_seconds: float, measured: Measurement, work: Work) -> bool:
        """Return whether the workers are stalled. What is not known is no sign of a stall."""
        if self._since is None or self._moved(measured, work, now_seconds - self._since):
            self._since, self._queue, self._work = now_seconds, measured, work
            return False
        grown = self._queue is not None and measured.available > self._queue.available
        return grown and now_seconds - self._since >= STALLED_SECONDS

    def _moved(self, measured: Measurement, work: Work, seconds: float) -> bool:
        before, queue = self._work, self._queue
        if before is None or queue is None or not work.running or work.running != before.running:
            return True
        if not measured.available or measured.head != queue.head or measured.reserved != queue.reserved:
            return True
        if work.printed_bytes != before.printed_bytes:
            return True
        if work.cpu_seconds is None or before.cpu_seconds is None:
            return True
        return work.cpu_seconds - before.cpu_seconds > _CPU_SHARE * seconds * work.running
