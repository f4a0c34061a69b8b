"""A tenant, and what he has no business with."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.redis_server import RedisServer
from tests.support.tenants import home_of


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A Redis that answers as it should, with two jobs in its queue."""
    with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        server.client.rpush("queues:default", "{}", "{}")
        yield server


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that belongs to `www-data`."""
    with home_of("www-data") as made:
        yield made


@pytest.fixture
def roots() -> Iterator[Path]:
    """A folder of root's that everybody may look into."""
    with home_of("root") as made:
        made.chmod(0o755)
        yield made
