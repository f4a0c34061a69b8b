"""Queues in a table of SQLite, PostgreSQL, MySQL or MariaDB, as Laravel's `database` driver keeps them."""

import asyncio
import sqlite3
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import (
    URL,
    BigInteger,
    ColumnElement,
    Connection,
    Engine,
    Integer,
    Select,
    Text,
    and_,
    case,
    column,
    create_engine,
    event,
    func,
    or_,
    select,
    table,
    text,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from engineroom.queues.base import DatabaseQueues, Snapshot, UnmeasurableError
from engineroom.queues.drivers.extras import imported
from engineroom.queues.networks import ANY_NETWORK, Networks

_TIMEOUT_SECONDS = 2
_ROWS_LOOKED_AT = 10_000
"""A count looks at every row, so it looks at the first of them only, and reckons how many are behind."""
_WINDOW = 500
_FAILED_LOOKED_AT = 1_000
_STEPS_BETWEEN_LOOKS = 10_000
_SQLITE_BYTES = 64 * 1024 * 1024

_LIBRARIES = {"postgresql": "psycopg", "mysql": "pymysql"}
_DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql"}


class DatabaseDriver:
    """See `engineroom.queues.base.Driver`. Queries run in a thread of its own, so that a dead server holds up nobody."""

    def __init__(self, connection: DatabaseQueues, networks: Networks = ANY_NETWORK) -> None:
        if connection.dialect in _LIBRARIES:
            imported(_LIBRARIES[connection.dialect])
        self._connection = connection
        self._engine = _engine(connection, networks)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="queue-database")

    async def snapshot(self, queue: str) -> Snapshot:
        """See Driver.snapshot."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._read, queue)

    def remember(self, queue: str) -> None:
        """See Driver.remember. Nothing is told from it here."""

    async def close(self) -> None:
        """See Driver.close. A thread that still waits for a dead server ends by its own time limit."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        self._engine.dispose()

    def _read(self, queue: str) -> Snapshot:
        if self._connection.dialect == "sqlite":
            _require_regular(Path(self._connection.database))
        try:
            with self._engine.connect() as connection:
                return self._snapshot(connection, queue)
        except DBAPIError as error:
            reason = _first_line(error.orig)
            if reason == "interrupted":
                reason = f"reading the table {self._connection.table} took longer than {_TIMEOUT_SECONDS} s"
            raise UnmeasurableError(reason) from None

    def _snapshot(self, connection: Connection, queue: str) -> Snapshot:
        now = int(time.time())
        if self._connection.dialect == "postgresql":
            _plan(connection, _jobs(self._connection.table), queue)
        seen = self._look(connection, queue, now)
        if not seen.at_least or seen.waiting or seen.expired:
            return seen
        # All that was looked at is delayed or reserved, and behind it may be what a worker finds.
        jobs = _jobs(self._connection.table)
        taken_next = _first(jobs, queue, now, self._connection.retry_after_seconds)
        first_id = connection.execute(taken_next).scalar_one_or_none()
        if first_id is None:
            return seen
        found = self._look(connection, queue, now, first_id)
        return replace(
            found,
            delayed=max(seen.delayed, found.delayed),
            reserved=max(seen.reserved, found.reserved),
            at_least=True,
        )

    def _look(self, connection: Connection, queue: str, now: int, first_id: int | None = None) -> Snapshot:
        """Return the queue as its first rows from this id on show it."""
        jobs = _jobs(self._connection.table)
        head = _head(jobs, queue, first_id).subquery()
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


def _plan(connection: Connection, jobs: Any, queue: str) -> None:
    """Have PostgreSQL walk an index up to the limit, that of the queue when it is short, else that of the ids.

    By its own statistics, which come late for a queue that has just filled, it would sort a million rows to find the first.
    The settings are those of this transaction (PostgreSQL documentation, 20.7.1).
    """
    connection.execute(text("SET LOCAL enable_seqscan = off"))
    connection.execute(text("SET LOCAL enable_bitmapscan = off"))
    some = select(jobs.c.id).where(jobs.c.queue == queue).limit(_ROWS_LOOKED_AT).subquery()
    if connection.execute(select(func.count()).select_from(some)).scalar_one() == _ROWS_LOOKED_AT:
        connection.execute(text("SET LOCAL enable_sort = off"))


def _jobs(name: str) -> Any:
    return table(
        name,
        column("id", BigInteger),
        column("queue", Text),
        column("reserved_at", Integer),
        column("available_at", Integer),
    )


def _head(jobs: Any, queue: str, first_id: int | None) -> Select[Any]:
    """Return the first rows of the queue, or those from this id on, in the order in which workers take them."""
    rows = (
        select(jobs.c.id, jobs.c.reserved_at, jobs.c.available_at)
        .where(jobs.c.queue == queue)
        .order_by(jobs.c.id)
        .limit(_ROWS_LOOKED_AT)
    )
    return rows if first_id is None else rows.where(jobs.c.id >= first_id)


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
    return (
        select(head.c.id)
        .where(_can_be_taken(head, now, retry_after_seconds))
        .order_by(head.c.id)
        .limit(_WINDOW)
    )


def _first(jobs: Any, queue: str, now: int, retry_after_seconds: int) -> Select[Any]:
    """Return the id of the job that a worker takes next; it is the question, and the cost, of a worker's own."""
    taken = and_(jobs.c.queue == queue, _can_be_taken(jobs, now, retry_after_seconds))
    return select(jobs.c.id).where(taken).order_by(jobs.c.id).limit(1)


def _can_be_taken(rows: Any, now: int, retry_after_seconds: int) -> ColumnElement[bool]:
    free = and_(rows.c.reserved_at.is_(None), rows.c.available_at <= now)
    return or_(free, rows.c.reserved_at <= now - retry_after_seconds)


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


def _engine(connection: DatabaseQueues, networks: Networks) -> Engine:
    options = dict(_options(connection)[connection.dialect])
    if connection.socket is not None:
        options["unix_socket"] = connection.socket
    engine = create_engine(
        _address(connection), connect_args=options, poolclass=QueuePool, pool_size=1, max_overflow=0
    )
    if connection.dialect == "postgresql":
        event.listen(engine, "do_connect", partial(_resolve, networks))
    if connection.dialect == "sqlite":
        deadline = _Deadline()
        event.listen(engine, "connect", partial(_bound, deadline))
        event.listen(engine, "checkout", deadline.begin)
    return engine


def _resolve(
    networks: Networks, _dialect: Any, _record: Any, _words: Any, parameters: dict[str, Any]
) -> None:
    """Have libpq connect to an address that was looked at: it resolves names itself, where nobody sees it.

    It takes several hosts with commas between, and what begins with a slash or @ for a socket (its documentation, 32.1).
    """
    hosts = str(parameters.get("host") or "127.0.0.1").split(",")
    if any(host.startswith("@") for host in hosts):
        raise UnmeasurableError(
            "an abstract socket is no place for a queue; give DB_HOST as a name or an address"
        )
    port = int(parameters.get("port") or 5432)
    parameters["host"] = ",".join(hosts)
    parameters["hostaddr"] = ",".join(
        "" if host.startswith("/") else networks.resolve(host, port) for host in hosts
    )


def _bound(deadline: "_Deadline", connection: sqlite3.Connection, _record: Any) -> None:
    """Bound what a database file can have a question cost: its tables may be views that never end."""
    connection.set_progress_handler(deadline.passed, _STEPS_BETWEEN_LOOKS)
    for setting in ("trusted_schema = OFF", f"hard_heap_limit = {_SQLITE_BYTES}", "temp_store = MEMORY"):
        connection.execute(f"PRAGMA {setting}").close()


class _Deadline:
    """Ends what a question asks of SQLite when it takes too long."""

    def __init__(self) -> None:
        self._at = time.monotonic() + _TIMEOUT_SECONDS

    def begin(self, *_of_the_pool: object) -> None:
        self._at = time.monotonic() + _TIMEOUT_SECONDS

    def passed(self) -> bool:
        return time.monotonic() > self._at


def _require_regular(file: Path) -> None:
    """Raise UnmeasurableError for a file that is none: opening a FIFO waits for somebody who writes into it."""
    try:
        kind = file.stat().st_mode
    except OSError as error:
        raise UnmeasurableError(f"cannot open {file}: {error.strerror}") from None
    if not stat.S_ISREG(kind):
        raise UnmeasurableError(f"cannot open {file}: it is no regular file")


def _options(connection: DatabaseQueues) -> dict[str, dict[str, Any]]:
    return {
        "sqlite": {"timeout": _TIMEOUT_SECONDS},
        "postgresql": {
            "connect_timeout": _TIMEOUT_SECONDS,
            "gssencmode": "disable",
            "options": _postgresql_options(connection),
            **({"sslmode": connection.ssl_mode} if connection.ssl_mode else {}),
            **({"sslrootcert": connection.ssl_authorities} if connection.ssl_authorities else {}),
        },
        "mysql": {
            "connect_timeout": _TIMEOUT_SECONDS,
            "read_timeout": _TIMEOUT_SECONDS,
            "write_timeout": _TIMEOUT_SECONDS,
            **({"ssl": {"ca": connection.ssl_authorities}} if connection.ssl_authorities else {}),
        },
    }


def _postgresql_options(connection: DatabaseQueues) -> str:
    """Return options of the server's command line, in which a blank is escaped (PostgreSQL documentation, 34.1.2)."""
    found = [f"statement_timeout={_TIMEOUT_SECONDS * 1000}"]
    if connection.search_path:
        found.append(f"search_path={connection.search_path}")
    return " ".join("-c " + option.replace("\\", "\\\\").replace(" ", "\\ ") for option in found)


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
