"""The thread that runs writes, and commits those that wait together."""

from collections.abc import Callable

from sqlalchemy import Connection, Engine

from engineroom.store.databases.transactions import writing
from engineroom.store.engine.jobs import Job, fail
from engineroom.store.engine.threads import Threads

_MAX_BATCH = 256


class Writer(Threads):
    """Runs writes, and commits those that wait in one transaction, without those that raise.

    One commit waits for the disk once, however many writes it holds. Nobody is answered before the commit. Most batches
    have no write that raises, so only one that does is run again, each of its writes in a savepoint of its own.
    """

    def __init__(self, engine: Engine, written: Callable[[], None], *, before: Callable[[], None]) -> None:
        """`before` and `written` are called before each batch and after its commit, in the thread of the writer.

        What they raise is raised to all in the batch.
        """
        super().__init__("writer", threads=1, max_batch=_MAX_BATCH)
        self._engine = engine
        self._written = written
        self._before = before

    def stuck(self, seconds: float, *, begun: bool) -> str:
        """Return what to say when nothing was answered for so long."""
        known = "It is not known whether this was changed: look before you ask again." if begun else ""
        return f"Engineroom's database has not answered for {seconds:g} s. {known or 'Nothing was changed.'}"

    def run_batch(self, jobs: list[Job]) -> None:
        """Run the writes and commit them; when the commit fails, all of them have."""
        try:
            self._before()
            if not self._run_all(jobs):
                self._run_each(jobs)
            self._written()
        except Exception as error:  # noqa: BLE001 - nothing of the batch is on disk
            fail(jobs, error)

    def _run_all(self, jobs: list[Job]) -> bool:
        """Run and commit the writes; return False, with nothing written, when one of several raised."""
        with writing(self._engine) as connection:
            for job in jobs:
                job.run(connection)
                if job.error is not None:
                    connection.rollback()
                    return len(jobs) == 1
        return True

    def _run_each(self, jobs: list[Job]) -> None:
        with writing(self._engine) as connection:
            for job in jobs:
                job.error = None
                _run_in_savepoint(job, connection)


def _run_in_savepoint(job: Job, connection: Connection) -> None:
    savepoint = connection.begin_nested()
    job.run(connection)
    if job.error is None:
        savepoint.commit()
    else:
        savepoint.rollback()
