"""A meter whose clock goes by hand, and servers to measure."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import servers
from tests.support.databases import PostgresqlServer


@pytest.fixture(scope="session")
def postgresql_port(postgresql_server: PostgresqlServer) -> int:
    return postgresql_server.port


@pytest.fixture(scope="session")
def mariadb_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with servers.mariadb(tmp_path_factory.mktemp("mariadb")) as port:
        yield port


@pytest.fixture
def beanstalkd_port(tmp_path: Path) -> Iterator[int]:
    with servers.beanstalkd(tmp_path) as port:
        yield port


@pytest.fixture
def sqs_port(tmp_path: Path) -> Iterator[int]:
    with servers.sqs(tmp_path) as port:
        yield port
