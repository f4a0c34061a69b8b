"""Work the jobs of the queue one after another; finish the one in hand when asked to stop (SIGTERM, SIGINT)."""

import os
import signal
import threading
import time

from job_queue import Job, JobQueue, queue_file

IDLE_SECONDS = 0.2


class Worker:
    """One process that works the queue until it is asked to stop."""

    def __init__(self, queue: JobQueue) -> None:
        self._queue = queue
        self._stop = threading.Event()

    def ask_to_stop(self, *_signal: object) -> None:
        """Let the job in hand finish, and take no other."""
        self._stop.set()

    def run(self) -> None:
        """Work until asked to stop."""
        say("waits for jobs")
        while not self._stop.is_set():
            job = self._queue.reserve()
            if job is None:
                self._stop.wait(IDLE_SECONDS)
            else:
                self._work(job)
        say("stopped as asked")

    def _work(self, job: Job) -> None:
        time.sleep(job.seconds)
        self._queue.finish(job)
        say(f"job {job.id} done: {job.text}")


def say(text: str) -> None:
    """Print one line, at once."""
    print(f"worker {os.getpid()}: {text}", flush=True)


def main() -> None:
    """Run one worker."""
    worker = Worker(JobQueue(queue_file()))
    signal.signal(signal.SIGTERM, worker.ask_to_stop)
    signal.signal(signal.SIGINT, worker.ask_to_stop)
    worker.run()


if __name__ == "__main__":
    main()
