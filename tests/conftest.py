"""What every test may use: real servers of its own, and a mark for what a test needs of the machine."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from engineroom.store import Store
from tests.support.databases import Database, Postgresql, PostgresqlServer, new_sqlite
from tests.support.engineroom_server import EngineroomServer
from tests.support.laravel import LaravelApplication
from tests.support.needs import missing
from tests.support.redis_server import RedisServer
from tests.support.servers import postgresql


def pytest_configure(config: pytest.Config) -> None:
    # A server that a test starts takes twice as long when it compiles engineroom anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    config.addinivalue_line(
        "markers", "needs(*names): what the machine must have, by the names in tests/support/needs.py"
    )


def pytest_runtest_setup(item: pytest.Item) -> None:
    names = [name for mark in item.iter_markers("needs") for name in mark.args]
    reasons = [reason for reason in map(missing, names) if reason]
    if reasons:
        pytest.skip("; ".join(reasons))


@pytest.fixture
def engineroom(tmp_path: Path) -> Iterator[EngineroomServer]:
    """A running engineroom; at the end of the test it is stopped, and nothing may be left of it."""
    with EngineroomServer(tmp_path) as server:
        server.start()
        yield server


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    """A running Redis."""
    with RedisServer(tmp_path) as server:
        yield server


@pytest.fixture
def laravel(tmp_path: Path, redis_server: RedisServer) -> LaravelApplication:
    """A Laravel application whose queue is in that Redis; a job whose worker dies returns after two seconds."""
    variables = {
        "REDIS_HOST": "127.0.0.1",
        "REDIS_PORT": str(redis_server.port),
        "REDIS_QUEUE_RETRY_AFTER": "2",
    }
    return LaravelApplication(tmp_path, variables)


@pytest.fixture(scope="session")
def postgresql_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresqlServer]:
    """A running PostgreSQL that all tests of a process share."""
    folder = tmp_path_factory.mktemp("postgresql")
    with postgresql(folder) as port:
        yield PostgresqlServer(port, folder)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.needs("postgresql"))])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database of each kind."""
    if request.param == "sqlite":
        yield new_sqlite(tmp_path)
        return
    server: PostgresqlServer = request.getfixturevalue("postgresql_server")
    yield Postgresql(tmp_path, server.emptied())


@pytest.fixture
def store(database: Database) -> Iterator[Store]:
    """A store on a database of each kind."""
    opened = database.open()
    yield opened
    opened.close()


@pytest.fixture
def sqlite_store(tmp_path: Path) -> Iterator[Store]:
    """A store in a file named engineroom.db."""
    opened = new_sqlite(tmp_path).open()
    yield opened
    opened.close()


@pytest.fixture
def public() -> Iterator[Path]:
    """An empty folder that everybody may enter, on the whole way to it. That to `tmp_path` is ours alone."""
    with tempfile.TemporaryDirectory(prefix="engineroom-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """An empty folder to be linked."""
    folder = tmp_path / "code"
    folder.mkdir()
    return folder
