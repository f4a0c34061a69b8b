"""What every test may use: real servers of its own, and a mark for what a test needs of the machine."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from engineroom.store import Store
from tests.support.databases import Database, Postgresql, PostgresqlServer, new_sqlite
from tests.support.engineroom_server import EngineroomServer
from tests.support.laravel import LaravelApplication
from tests.support.needs import missing
from tests.support.redis_server import RedisServer
from tests.support.servers import postgresql

_TESTS = Path(__file__).parent
_END_TO_END = ("cli", "contract", "e2e", "examples", "faults", "fuzz")
_WORKERS_PER_PROCESSOR = 2


def pytest_configure(config: pytest.Config) -> None:
    # How long a made-up example takes says how busy the machine is.
    settings.register_profile("tests", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("tests")
    # A server that a test starts takes twice as long when it compiles engineroom anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    config.addinivalue_line("markers", "long: takes longer than ten seconds on a quiet machine")
    config.addinivalue_line(
        "markers", "needs(*names): what the machine must have, by the names in tests/support/needs.py"
    )


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Run more tests at once than there are processors: most of them wait most of the time."""
    return _WORKERS_PER_PROCESSOR * (os.cpu_count() or 1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long, so that no worker is left with it when all others have ended."""
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    if item.get_closest_marker("long") is not None:
        return 0
    [folder, *_] = item.path.relative_to(_TESTS).parts
    return 1 if folder in _END_TO_END else 2


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
