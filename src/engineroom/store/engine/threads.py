"""Threads that run waiting jobs in batches, and give up for those who wait when the database is silent."""

import asyncio
import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import TypeVar

from sqlalchemy import Connection

from engineroom.store.engine.jobs import Job, Pulse, StuckError, answer

Result = TypeVar("Result")

_CLOSE_SECONDS = 5.0
"""For threads that a database keeps waiting: what they wait for was given up by then."""


class Threads:
    """Threads that take jobs from one queue, as many at once as are waiting, and answer them together.

    Answering together matters: every answer from another thread wakes the event loop through a system call.
    """

    def __init__(self, name: str, *, threads: int, max_batch: int) -> None:
        self._queue: SimpleQueue[Job | None] = SimpleQueue()
        self._threads = [
            threading.Thread(target=self._work, name=f"store-{name}-{number}", daemon=True)
            for number in range(threads)
        ]
        self._started = False
        self._pulse = Pulse()
        self._max_batch = max_batch

    async def run(self, function: Callable[[Connection], Result], max_seconds: float) -> Result:
        """Return what `function` returns, or raise what it raises, once its batch is done.

        Raises StuckError when the database answers nothing at all for so long; being slow is no reason.
        """
        self._start()
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        job = Job(function, future)
        self._queue.put(job)
        self._watch(job, max_seconds, max_seconds)
        try:
            return await future
        finally:
            if job.watching is not None:
                job.watching.cancel()

    def _watch(self, job: Job, seconds: float, max_seconds: float) -> None:
        """Look after some seconds whether the database is silent, and give up for who waits when it is."""

        def look() -> None:
            if job.future.done():
                return
            # Set by the thread before it looks whether anybody waits: who gives up may trust that it was not begun.
            pulse = job.pulse
            last = pulse.at if pulse is not None else max(job.asked_at, self._pulse.at)
            left = last + max_seconds - time.monotonic()
            if left > 0:
                self._watch(job, left, max_seconds)
            else:
                job.future.set_exception(StuckError(self.stuck(max_seconds, begun=pulse is not None)))

        job.watching = job.future.get_loop().call_later(seconds, look)

    def close(self) -> None:
        """Finish the jobs that wait and end the threads; those that a database keeps waiting end with the process."""
        if not self._started:
            return
        for _ in self._threads:
            self._queue.put(None)
        end = time.monotonic() + _CLOSE_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))

    def _start(self) -> None:
        if not self._started:
            self._started = True
            for thread in self._threads:
                thread.start()

    def _work(self) -> None:
        ending = False
        while not ending:
            jobs, ending = self._next_batch()
            if jobs:
                self.run_batch(jobs)
                self._pulse.beat()
                answer(jobs)

    def _next_batch(self) -> tuple[list[Job], bool]:
        """Wait for a job; return it with those behind it, and whether the thread is to end after them."""
        jobs: list[Job] = []
        pulse = Pulse()
        try:
            job = self._queue.get()
            while job is not None:
                pulse.beat()
                job.pulse = pulse
                if not job.future.done():
                    jobs.append(job)
                if len(jobs) >= self._max_batch:
                    return jobs, False
                job = self._queue.get_nowait()
        except Empty:
            return jobs, False
        return jobs, True

    def run_batch(self, jobs: list[Job]) -> None:
        """Run these jobs, and let each have its result or its error."""
        raise NotImplementedError

    def stuck(self, seconds: float, *, begun: bool) -> str:
        """Return what to say when nothing was answered for so long."""
        del begun
        return f"Engineroom's database has not answered for {seconds:g} s. Ask again."
