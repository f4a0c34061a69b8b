"""The threads that run reads."""

from collections.abc import Callable

from sqlalchemy import Engine

from engineroom.store.databases.transactions import begin_reading, reading
from engineroom.store.engine.jobs import Job, fail
from engineroom.store.engine.threads import Threads

_MAX_BATCH = 16


class Reader(Threads):
    """Runs reads. A batch sees the state of the database at one moment, later than the moment each was asked for."""

    def __init__(self, engine: Engine, *, threads: int, before: Callable[[], None]) -> None:
        """`before` is called before each batch, in its thread; what it raises is raised to all in it."""
        super().__init__("reader", threads=threads, max_batch=_MAX_BATCH)
        self._engine = engine
        self._before = before

    def run_batch(self, jobs: list[Job]) -> None:
        """Run the reads; what follows one that raised sees a state of its own."""
        try:
            self._before()
            with reading(self._engine) as connection:
                for job in jobs:
                    job.run(connection)
                    if job.error is not None:
                        connection.rollback()
                        begin_reading(connection)
        except Exception as error:  # noqa: BLE001 - no connection, or a broken one
            fail(jobs, error)
