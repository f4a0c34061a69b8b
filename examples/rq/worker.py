"""An RQ worker that loses no job when it is asked to stop: `rq worker -w worker.GracefulWorker`.

RQ's own one ends at once when it is not busy, and it is not yet busy when it has just taken a job: that one is then lost,
and called failed minutes later (rq/rq#2236). This one finishes what it has taken.
"""

from rq import Queue, Worker
from rq.job import Job

LOOK_EACH_SECONDS = 1


class GracefulWorker(Worker):
    """Works until it is asked to stop (SIGTERM, SIGINT), and then only the job in hand."""

    def _shutdown(self) -> None:
        self._stop_requested = True
        if self.scheduler:
            self.stop_scheduler()

    def dequeue_job_and_maintain_ttl(
        self, timeout: int | None, max_idle_time: int | None = None
    ) -> tuple[Job, Queue] | None:
        """Wait for a job, and look each second whether to stop instead."""
        idle_seconds = 0
        while not self._stop_requested:
            taken = super().dequeue_job_and_maintain_ttl(timeout, LOOK_EACH_SECONDS)
            idle_seconds += LOOK_EACH_SECONDS
            if taken or timeout is None or idle_seconds == max_idle_time:
                return taken
        return None
