"""Queues in a table of SQLite, PostgreSQL, MySQL or MariaDB, as Laravel's `database` driver keeps them."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

from sqlalchemy import (
    URL,
    BigInteger,
    Connection,
    Engine,
    Integer,
    Select,
    Text,
    and_,
    case,
    column,
    create_engine,
    func,
    select,
    table,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from engineroom.queues.base import DatabaseQueues, Snapshot, UnmeasurableError
from engineroom.queues.extras import imported

_TIMEOUT_SECONDS = 2
_ROWS_LOOKED_AT = 10_000
"""A count looks at every row, so it looks at the first of them only, and reckons how many are behind."""
_WINDOW = 500
_FAILED_LOOKED_AT = 1_000

_LIBRARIES = {"postgresql": ("psycopg", "postgresql"), "mysql": ("pymysql", "mysql")}
_DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql"}


class DatabaseDriver:
    """See `engineroom.queues.base.Driver`. Queries run in a thread of its own, so that a dead server holds up nobody."""

    def __init__(self, connection: DatabaseQueues) -> None:
        if connection.dialect in _LIBRARIES:
            library, extra = _LIBRARIES[connection.dialect]
            imported(library, extra=extra)
        self._connection = connection
        self._engine = _engine(connection)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="queue-database")

    async def snapshot(self, queue: str) -> Snapshot:
        """See Driver.snapshot."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._read, queue)

    async def close(self) -> None:
        """See Driver.close. A thread that still waits for a dead server ends by its own time limit."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        self._engine.dispose()

    def _read(self, queue: str) -> Snapshot:
        try:
            with self._engine.connect() as connection:
                return self._snapshot(connection, queue)
        except DBAPIError as error:
            raise UnmeasurableError(_first_line(error.orig)) from None

    def _snapshot(self, connection: Connection, queue: str) -> Snapshot:
        now = int(time.time())
        jobs = _jobs(self._connection.table)
        head = _head(jobs, queue).subquery()
        counted = connection.execute(_counts(head, now, self._connection.retry_after_seconds)).one()
        next_ids = connection.execute(_next(head, now, self._connection.retry_after_seconds)).scalars().all()
        snapshot = Snapshot(
            waiting=int(counted.waiting or 0),
            delayed=int(counted.delayed or 0),
            reserved=int(counted.reserved or 0),
            expired=int(counted.expired or 0),
            window=[str(number) for number in next_ids],
            oldest_age_seconds=None if counted.oldest is None else max(0.0, float(now - counted.oldest)),
            failed=self._failed(connection, queue),
        )
        if counted.rows < _ROWS_LOOKED_AT:
            return snapshot
        newest = connection.execute(select(func.max(jobs.c.id))).scalar_one()
        return _with_the_rest(snapshot, counted, newest)

    def _failed(self, connection: Connection, queue: str) -> int | None:
        """Return how many of the newest failed jobs are of this queue; None when they are kept elsewhere."""
        if self._connection.failed_table is None:
            return None
        failed = table(self._connection.failed_table, column("id", BigInteger), column("queue", Text))
        newest = select(failed.c.queue).order_by(failed.c.id.desc()).limit(_FAILED_LOOKED_AT).subquery()
        try:
            with connection.begin_nested():
                counting = select(func.count()).select_from(newest).where(newest.c.queue == queue)
                return int(connection.execute(counting).scalar_one())
        except DBAPIError:
            return None


def _jobs(name: str) -> Any:
    return table(
        name,
        column("id", BigInteger),
        column("queue", Text),
        column("reserved_at", Integer),
        column("available_at", Integer),
    )


def _head(jobs: Any, queue: str) -> Select[Any]:
    """Return the first rows of the queue, in the order in which workers take them."""
    return (
        select(jobs.c.id, jobs.c.reserved_at, jobs.c.available_at)
        .where(jobs.c.queue == queue)
        .order_by(jobs.c.id)
        .limit(_ROWS_LOOKED_AT)
    )


def _counts(head: Any, now: int, retry_after_seconds: int) -> Select[Any]:
    free = head.c.reserved_at.is_(None)
    waiting = and_(free, head.c.available_at <= now)
    expired = head.c.reserved_at <= now - retry_after_seconds
    return select(
        func.count().label("rows"),
        func.sum(case((waiting, 1), else_=0)).label("waiting"),
        func.sum(case((and_(free, head.c.available_at > now), 1), else_=0)).label("delayed"),
        func.sum(case((head.c.reserved_at > now - retry_after_seconds, 1), else_=0)).label("reserved"),
        func.sum(case((expired, 1), else_=0)).label("expired"),
        func.min(case((waiting, head.c.available_at))).label("oldest"),
        func.min(head.c.id).label("first_id"),
        func.max(head.c.id).label("last_id"),
    ).select_from(head)


def _next(head: Any, now: int, retry_after_seconds: int) -> Select[Any]:
    """Return the ids of the jobs that workers take next."""
    free = and_(head.c.reserved_at.is_(None), head.c.available_at <= now)
    expired = head.c.reserved_at <= now - retry_after_seconds
    return select(head.c.id).where(free | expired).order_by(head.c.id).limit(_WINDOW)


def _with_the_rest(snapshot: Snapshot, counted: Any, newest_id: int) -> Snapshot:
    """Return the snapshot with what is behind the rows that were looked at, as dense and as available as those are."""
    density = counted.rows / (counted.last_id - counted.first_id + 1)
    behind = density * max(0, newest_id - counted.last_id)
    return Snapshot(
        waiting=snapshot.waiting + int(behind * snapshot.waiting / counted.rows),
        delayed=snapshot.delayed + int(behind * snapshot.delayed / counted.rows),
        reserved=snapshot.reserved,
        expired=snapshot.expired,
        at_least=True,
        window=snapshot.window,
        oldest_age_seconds=snapshot.oldest_age_seconds,
        failed=snapshot.failed,
    )


def _engine(connection: DatabaseQueues) -> Engine:
    options = dict(_options()[connection.dialect])
    if connection.socket is not None:
        options["unix_socket"] = connection.socket
    return create_engine(
        _address(connection), connect_args=options, poolclass=QueuePool, pool_size=1, max_overflow=0
    )


def _options() -> dict[str, dict[str, Any]]:
    return {
        "sqlite": {"timeout": _TIMEOUT_SECONDS},
        "postgresql": {
            "connect_timeout": _TIMEOUT_SECONDS,
            "options": f"-c statement_timeout={_TIMEOUT_SECONDS * 1000}",
        },
        "mysql": {
            "connect_timeout": _TIMEOUT_SECONDS,
            "read_timeout": _TIMEOUT_SECONDS,
            "write_timeout": _TIMEOUT_SECONDS,
        },
    }


def _address(connection: DatabaseQueues) -> URL:
    driver = _DRIVERS[connection.dialect]
    if connection.dialect == "sqlite":
        # Read only: the database is the application's, and one that is not there must not be made.
        name = f"file:{quote(connection.database)}"
        return URL.create(driver, database=name, query={"mode": "ro", "uri": "true"})
    return URL.create(
        driver,
        username=connection.username,
        password=connection.password,
        host=connection.host,
        port=connection.port,
        database=connection.database,
    )


def _first_line(error: BaseException | None) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
