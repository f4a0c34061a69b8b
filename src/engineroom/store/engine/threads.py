"""The threads that run queries: readers beside each other, and one writer that commits waiting writes together."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine

from engineroom.store.databases.dialects import begin_reading, reading, writing

_READ_BATCH = 16
_WRITE_BATCH = 256

Result = TypeVar("Result")


_CLOSE_SECONDS = 5.0
"""For threads that a database keeps waiting: what they wait for was given up by then."""


class StuckError(Exception):
    """The database does not answer in time."""


@dataclass(slots=True)
class _Pulse:
    """When there was an answer last."""

    at: float = field(default_factory=time.monotonic)

    def beat(self) -> None:
        self.at = time.monotonic()


@dataclass(slots=True)
class _Job:
    """One function to run, and the future of the task that waits for what it returns or raises.

    `pulse` is that of the batch that it is in, None before it is begun.
    """

    function: Callable[[Connection], Any]
    future: asyncio.Future[Any]
    asked_at: float = field(default_factory=time.monotonic)
    pulse: _Pulse | None = None
    watching: asyncio.TimerHandle | None = None
    result: Any = None
    error: BaseException | None = None

    def run(self, connection: Connection) -> None:
        try:
            self.result = self.function(connection)
        except Exception as error:  # noqa: BLE001 - whatever it is belongs to the task that waits
            self.error = error
        if self.pulse is not None:
            self.pulse.beat()


class _Threads:
    """Threads that take jobs from one queue, as many at once as are waiting, and answer them together.

    Answering together matters: every answer from another thread wakes the event loop through a system call.
    """

    def __init__(self, name: str, *, threads: int, largest_batch: int) -> None:
        self._queue: SimpleQueue[_Job | None] = SimpleQueue()
        self._threads = [
            threading.Thread(target=self._work, name=f"store-{name}-{number}", daemon=True)
            for number in range(threads)
        ]
        self._started = False
        self._pulse = _Pulse()
        self._largest_batch = largest_batch

    async def run(self, function: Callable[[Connection], Result], most_seconds: float) -> Result:
        """Return what `function` returns, or raise what it raises, once its batch is done.

        Raises StuckError when the database answers nothing at all for so long; being slow is no reason.
        """
        self._start()
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        job = _Job(function, future)
        self._queue.put(job)
        self._watch(job, most_seconds, most_seconds)
        try:
            return await future
        finally:
            if job.watching is not None:
                job.watching.cancel()

    def _watch(self, job: _Job, seconds: float, most_seconds: float) -> None:
        """Look after some seconds whether the database is silent, and give up for who waits when it is."""

        def look() -> None:
            if job.future.done():
                return
            # Set by the thread before it looks whether anybody waits: who gives up may trust that it was not begun.
            pulse = job.pulse
            last = pulse.at if pulse is not None else max(job.asked_at, self._pulse.at)
            left = last + most_seconds - time.monotonic()
            if left > 0:
                self._watch(job, left, most_seconds)
            else:
                job.future.set_exception(StuckError(self._stuck(most_seconds, begun=pulse is not None)))

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
                self._run_batch(jobs)
                self._pulse.beat()
                _answer(jobs)

    def _next_batch(self) -> tuple[list[_Job], bool]:
        """Wait for a job; return it with those behind it, and whether the thread is to end after them."""
        jobs: list[_Job] = []
        pulse = _Pulse()
        try:
            job = self._queue.get()
            while job is not None:
                pulse.beat()
                job.pulse = pulse
                if not job.future.done():
                    jobs.append(job)
                if len(jobs) >= self._largest_batch:
                    return jobs, False
                job = self._queue.get_nowait()
        except Empty:
            return jobs, False
        return jobs, True

    def _run_batch(self, jobs: list[_Job]) -> None:
        raise NotImplementedError

    def _stuck(self, seconds: float, *, begun: bool) -> str:
        """Return what to say when nothing was answered for so long."""
        del begun
        return f"Engineroom's database has not answered for {seconds:g} s. Ask again."


class Reader(_Threads):
    """Runs reads. A batch sees the state of the database at one moment, later than the moment each was asked for."""

    def __init__(self, engine: Engine, *, threads: int, before: Callable[[], None]) -> None:
        """`before` is called before each batch, in its thread; what it raises is raised to all in it."""
        super().__init__("reader", threads=threads, largest_batch=_READ_BATCH)
        self._engine = engine
        self._before = before

    def _run_batch(self, jobs: list[_Job]) -> None:
        try:
            self._before()
            with reading(self._engine) as connection:
                for job in jobs:
                    job.run(connection)
                    if job.error is not None:
                        connection.rollback()
                        begin_reading(connection)
        except Exception as error:  # noqa: BLE001 - no connection, or a broken one
            _fail(jobs, error)


class Writer(_Threads):
    """Runs writes, and commits those that wait in one transaction, without those that raise.

    One commit waits for the disk once, however many writes it holds. Nobody is answered before the commit. Most batches
    have no write that raises, so only one that does is run again, each of its writes in a savepoint of its own.
    """

    def __init__(self, engine: Engine, written: Callable[[], None], *, before: Callable[[], None]) -> None:
        """`before` and `written` are called before each batch and after its commit, in the thread of the writer.

        What they raise is raised to all in the batch.
        """
        super().__init__("writer", threads=1, largest_batch=_WRITE_BATCH)
        self._engine = engine
        self._written = written
        self._before = before

    def _stuck(self, seconds: float, *, begun: bool) -> str:
        known = "It is not known whether this was changed: look before you ask again." if begun else ""
        return f"Engineroom's database has not answered for {seconds:g} s. {known or 'Nothing was changed.'}"

    def _run_batch(self, jobs: list[_Job]) -> None:
        try:
            self._before()
            if not self._run_all(jobs):
                self._run_each(jobs)
            self._written()
        except Exception as error:  # noqa: BLE001 - nothing of the batch is on disk
            _fail(jobs, error)

    def _run_all(self, jobs: list[_Job]) -> bool:
        """Run and commit the writes; return False, with nothing written, when one of several raised."""
        with writing(self._engine) as connection:
            for job in jobs:
                job.run(connection)
                if job.error is not None:
                    connection.rollback()
                    return len(jobs) == 1
        return True

    def _run_each(self, jobs: list[_Job]) -> None:
        with writing(self._engine) as connection:
            for job in jobs:
                job.error = None
                _run_in_savepoint(job, connection)


def _run_in_savepoint(job: _Job, connection: Connection) -> None:
    savepoint = connection.begin_nested()
    job.run(connection)
    if job.error is None:
        savepoint.commit()
    else:
        savepoint.rollback()


def _fail(jobs: Iterable[_Job], error: BaseException) -> None:
    for job in jobs:
        job.error = job.error or error


def _answer(jobs: list[_Job]) -> None:
    loops = {job.future.get_loop() for job in jobs}
    for loop in loops:
        of_loop = [job for job in jobs if job.future.get_loop() is loop]
        try:
            loop.call_soon_threadsafe(_resolve, of_loop)
        except RuntimeError:
            # The loop is closed: nobody waits for these any more.
            continue


def _resolve(jobs: list[_Job]) -> None:
    for job in jobs:
        if job.future.done():
            continue
        if job.error is not None:
            job.future.set_exception(job.error)
        else:
            job.future.set_result(job.result)
