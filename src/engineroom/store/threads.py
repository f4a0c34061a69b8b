"""The threads that run queries: readers beside each other, and one writer that commits waiting writes together."""

import asyncio
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine

from engineroom.store.databases import begin_reading, reading, writing

_READ_BATCH = 16
_WRITE_BATCH = 256

Result = TypeVar("Result")


@dataclass(slots=True)
class _Job:
    """One function to run, and the future of the task that waits for what it returns or raises."""

    function: Callable[[Connection], Any]
    future: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None

    def run(self, connection: Connection) -> None:
        try:
            self.result = self.function(connection)
        except Exception as error:  # noqa: BLE001 - whatever it is belongs to the task that waits
            self.error = error


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
        self._largest_batch = largest_batch

    async def run(self, function: Callable[[Connection], Result]) -> Result:
        """Return what `function` returns, or raise what it raises, once its batch is done."""
        self._start()
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._queue.put(_Job(function, future))
        return await future

    def close(self) -> None:
        """Finish the jobs that wait and end the threads."""
        if not self._started:
            return
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join()

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
                _answer(jobs)

    def _next_batch(self) -> tuple[list[_Job], bool]:
        """Wait for a job; return it with those behind it, and whether the thread is to end after them."""
        jobs: list[_Job] = []
        try:
            job = self._queue.get()
            while job is not None:
                if not job.future.cancelled():
                    jobs.append(job)
                if len(jobs) >= self._largest_batch:
                    return jobs, False
                job = self._queue.get_nowait()
        except Empty:
            return jobs, False
        return jobs, True

    def _run_batch(self, jobs: list[_Job]) -> None:
        raise NotImplementedError


class Reader(_Threads):
    """Runs reads. A batch sees the state of the database at one moment, later than the moment each was asked for."""

    def __init__(self, engine: Engine, *, threads: int) -> None:
        super().__init__("reader", threads=threads, largest_batch=_READ_BATCH)
        self._engine = engine

    def _run_batch(self, jobs: list[_Job]) -> None:
        try:
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

    def __init__(self, engine: Engine, written: Callable[[], None]) -> None:
        """`written` is called after each commit, in the thread of the writer."""
        super().__init__("writer", threads=1, largest_batch=_WRITE_BATCH)
        self._engine = engine
        self._written = written

    def _run_batch(self, jobs: list[_Job]) -> None:
        try:
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
