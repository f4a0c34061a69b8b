"""The same jobs in every database that the framework's `database` driver works with."""

import asyncio
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from sqlalchemy import URL, Engine, create_engine, text

from engineroom.queues.base import DatabaseQueues
from engineroom.queues.discovery import find
from tests.queues.measuring import Clock, a_meter, known, measure_once, timed, unknown
from tests.support.laravel import LaravelApplication

# The columns and indexes of the framework's own migration, in each database's words.
_TABLES = {
    "sqlite": "id integer primary key autoincrement, queue varchar(255) not null, payload text not null, "
    "attempts integer not null, reserved_at integer, available_at integer not null, created_at integer not null",
    "postgresql": "id bigserial primary key, queue varchar(255) not null, payload text not null, "
    "attempts smallint not null, reserved_at integer, available_at integer not null, created_at integer not null",
    "mysql": "id bigint unsigned auto_increment primary key, queue varchar(255) not null, payload longtext not null, "
    "attempts tinyint unsigned not null, reserved_at int unsigned, available_at int unsigned not null, "
    "created_at int unsigned not null",
}
_SERIES = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000) "
    "INSERT INTO jobs SELECT i, 'default', '{}', 0, NULL, 1000, 1000 FROM n",
    "postgresql": "INSERT INTO jobs SELECT i, 'default', '{}', 0, NULL, 1000, 1000 FROM generate_series(1, 1000000) i",
    "mysql": "INSERT INTO jobs SELECT seq, 'default', '{}', 0, NULL, 1000, 1000 FROM seq_1_to_1000000",
}


class Jobs:
    """A jobs table in a database."""

    def __init__(self, connection: DatabaseQueues, engine: Engine) -> None:
        self.connection = connection
        self.engine = engine
        with engine.begin() as making:
            for statement in (
                "DROP TABLE IF EXISTS jobs",
                "DROP TABLE IF EXISTS failed_jobs",
                f"CREATE TABLE jobs ({_TABLES[connection.dialect]})",
                "CREATE INDEX jobs_queue_index ON jobs (queue)",
            ):
                making.execute(text(statement))

    def add(self, queue: str = "default", *, available_in: int = 0, reserved_ago: int | None = None) -> None:
        now = int(time.time())
        reserved = None if reserved_ago is None else now - reserved_ago
        row = {"queue": queue, "available": now + available_in, "now": now, "reserved": reserved}
        with self.engine.begin() as connection:
            connection.execute(
                text(
                    "INSERT INTO jobs (queue, payload, attempts, reserved_at, available_at, created_at) "
                    "VALUES (:queue, '{}', 0, :reserved, :available, :now)"
                ),
                row,
            )

    def execute(self, statement: str) -> None:
        with self.engine.begin() as connection:
            connection.execute(text(statement))


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param("postgresql", marks=pytest.mark.needs("postgresql")),
        pytest.param("mysql", marks=pytest.mark.needs("mariadb-server")),
    ]
)
def jobs(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Jobs]:
    if request.param == "sqlite":
        connection = DatabaseQueues(dialect="sqlite", database=str(tmp_path / "shop.sqlite"))
    else:
        port = {"postgresql": "postgresql_port", "mysql": "mariadb_port"}[request.param]
        connection = DatabaseQueues(
            dialect=request.param,
            host="127.0.0.1",
            port=request.getfixturevalue(port),
            database="shop",
            username="shop",
            password="secret",
        )
    driver = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql"}
    url = URL.create(
        driver[connection.dialect],
        username=connection.username,
        password=connection.password,
        host=connection.host,
        port=connection.port,
        database=connection.database,
    )
    engine = create_engine(url)
    yield Jobs(connection, engine)
    engine.dispose()


def test_jobs_are_counted_by_what_a_worker_may_do_with_them(jobs: Jobs) -> None:
    jobs.add()
    jobs.add(available_in=-70)
    jobs.add(available_in=600)
    jobs.add(reserved_ago=10)
    jobs.add(reserved_ago=300)
    jobs.add("emails")

    measured = known(measure_once(jobs.connection))

    assert (measured.waiting, measured.delayed, measured.reserved, measured.expired) == (2, 1, 1, 1)
    assert measured.available == 3
    assert measured.oldest is not None
    assert measured.oldest.at_least_seconds == pytest.approx(70, abs=15)
    assert measured.failed is None


def test_failed_jobs_are_counted_where_they_are_kept(jobs: Jobs) -> None:
    jobs.execute("CREATE TABLE failed_jobs (id integer primary key, queue varchar(255))")
    jobs.execute("INSERT INTO failed_jobs VALUES (1, 'default'), (2, 'emails'), (3, 'default')")

    assert known(measure_once(jobs.connection)).failed == 2


def test_what_was_taken_is_told_by_the_ids_that_are_gone(jobs: Jobs) -> None:
    async def measured() -> tuple[int, int | None]:
        clock = Clock()
        async with a_meter(clock) as meter:
            for _ in range(5):
                jobs.add()
            await meter.measure(jobs.connection, "default")
            jobs.execute("DELETE FROM jobs WHERE id <= 3")
            jobs.add()
            clock.now += 1
            flow = known(await meter.measure(jobs.connection, "default")).flow
            assert flow is not None
            return flow.taken, flow.arrived

    assert asyncio.run(measured()) == (3, 1)


def test_a_million_jobs_are_measured_without_looking_at_them_all(jobs: Jobs) -> None:
    jobs.execute(_SERIES[jobs.connection.dialect])
    jobs.execute("UPDATE jobs SET reserved_at = 2000000000 WHERE id <= 3")

    async def measure() -> float:
        async with a_meter() as meter:
            await meter.measure(jobs.connection, "emails")
            measured, seconds = await timed(meter.measure(jobs.connection, "default"))
        assert known(measured).waiting == pytest.approx(1_000_000, rel=0.01)
        assert known(measured).at_least
        assert known(measured).reserved == 3
        return seconds

    assert min(asyncio.run(measure()) for _ in range(3)) < 0.5


def test_a_job_behind_ten_thousand_that_are_delayed_is_seen(jobs: Jobs) -> None:
    jobs.execute(_SERIES[jobs.connection.dialect].replace("1000000", "20000"))
    jobs.execute("UPDATE jobs SET available_at = 2000000000 WHERE id < 19990")

    measured = known(measure_once(jobs.connection))

    assert measured.available == 11
    assert measured.delayed == pytest.approx(19_989, rel=0.01)
    assert measured.at_least


def test_a_table_that_is_not_there_is_unknown(jobs: Jobs) -> None:
    jobs.execute("DROP TABLE jobs")

    assert "jobs" in unknown(measure_once(jobs.connection))


@pytest.mark.needs("postgresql")
def test_a_wrong_password_is_unknown_and_says_so_without_showing_it(postgresql_port: int) -> None:
    reason = unknown(
        measure_once(
            DatabaseQueues(
                dialect="postgresql",
                host="127.0.0.1",
                port=postgresql_port,
                database="shop",
                username="shop",
                password="wrong-one",
            )
        )
    )

    assert "password authentication failed" in reason
    assert "wrong-one" not in reason


@pytest.mark.needs("php", "laravel", "php-sqlite3")
def test_jobs_that_a_real_laravel_pushed_into_sqlite_are_found(tmp_path: Path) -> None:
    _pushed_by_laravel(tmp_path, {"DB_CONNECTION": "sqlite"}, sqlite=True)


@pytest.mark.needs("php", "laravel", "php-pgsql", "postgresql")
def test_jobs_that_a_real_laravel_pushed_into_postgresql_are_found(
    tmp_path: Path, postgresql_port: int
) -> None:
    _pushed_by_laravel(tmp_path, {"DB_CONNECTION": "pgsql", **_server(postgresql_port)})


@pytest.mark.needs("php", "laravel", "php-mysql", "mariadb-server")
def test_jobs_that_a_real_laravel_pushed_into_mariadb_are_found(tmp_path: Path, mariadb_port: int) -> None:
    _pushed_by_laravel(tmp_path, {"DB_CONNECTION": "mysql", **_server(mariadb_port)})


def _server(port: int) -> Mapping[str, str]:
    return {
        "DB_HOST": "127.0.0.1",
        "DB_PORT": str(port),
        "DB_DATABASE": "shop",
        "DB_USERNAME": "shop",
        "DB_PASSWORD": "secret",
    }


def _pushed_by_laravel(folder: Path, variables: Mapping[str, str], *, sqlite: bool = False) -> None:
    application = LaravelApplication(folder, variables)
    if sqlite:
        (application.folder / "database" / "database.sqlite").touch()
    application.artisan("migrate:fresh", "--force")
    application.push(4, connection="database")

    place = find(application.folder, application.variables, "database", None)

    assert known(measure_once(place.connection, place.queues[0])).waiting == 4
