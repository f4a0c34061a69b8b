"""What a tenant names as the address of a queue reaches what he may reach himself, and nothing else."""

import contextlib
import os
import pwd
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from engineroom.model.queue import Measurement, Unknown
from engineroom.queues.base import DatabaseQueues, QueueConnection, RedisQueues, SqsQueues
from engineroom.queues.finding import FIND, Sought
from engineroom.queues.networks import Networks
from engineroom.sandbox import Sandbox
from tests.queues.isolated.connections import KINDS
from tests.queues.isolated.pools import measured
from tests.sandbox.asking import in_sandbox, of
from tests.support.hostile_server import Answer, HostileServer, hostile_server, said
from tests.support.redis_server import RedisServer

pytestmark = pytest.mark.needs("root", "redis-server")


@contextlib.contextmanager
def a_socket(path: Path, mode: int) -> Iterator[list[int]]:
    """Listen on a socket; yield the users who connect to it."""
    users: list[int] = []

    def take() -> None:
        with contextlib.suppress(OSError):
            while True:
                connected, _ = listening.accept()
                with connected:
                    peer = connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
                    users.append(struct.unpack("3i", peer)[1])

    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        path.chmod(mode)
        listening.listen()
        threading.Thread(target=take, daemon=True).start()
        yield users
        listening.shutdown(socket.SHUT_RDWR)


def at_socket(kind: str, path: Path) -> QueueConnection:
    match kind:
        case "redis":
            return RedisQueues(host="", socket=str(path), password='{"id": 1, "method": "start"}')
        case "mysql":
            return DatabaseQueues(dialect="mysql", database="shop", username="root", socket=str(path))
        case _:
            return DatabaseQueues(
                dialect="postgresql", database="shop", username="root", host=str(path.parent), port=5432
            )


KINDS_WITH_SOCKETS = ["redis", "mysql", "postgresql"]


@pytest.mark.parametrize("kind", KINDS_WITH_SOCKETS)
def test_a_socket_of_roots_is_not_connected_to(home: Path, roots: Path, kind: str) -> None:
    path = roots / ".s.PGSQL.5432"
    with a_socket(path, 0o600) as users:
        found = measured(home, at_socket(kind, path))

    assert isinstance(found, Unknown)
    assert "Permission denied" in found.reason
    assert users == []


@pytest.mark.parametrize("kind", KINDS_WITH_SOCKETS)
def test_who_connects_to_a_socket_is_the_tenant_and_not_root(home: Path, roots: Path, kind: str) -> None:
    path = roots / ".s.PGSQL.5432"
    with a_socket(path, 0o666) as users:
        assert isinstance(measured(home, at_socket(kind, path)), Unknown)

    assert set(users) == {pwd.getpwnam("www-data").pw_uid}


@pytest.mark.parametrize(
    "variables",
    [
        {"REDIS_HOST": "{path}"},
        {"REDIS_HOST": "unix://{path}"},
        {"REDIS_URL": "unix://{path}"},
        {"ENGINEROOM_QUEUE_REDIS": "unix://{path}"},
        {"ENGINEROOM_QUEUE_REDIS": "mysql://root@localhost/shop?unix_socket={path}"},
        {"ENGINEROOM_QUEUE_REDIS": "pgsql://root@%2Ftmp/shop?host={path}"},
    ],
    ids=["host", "host with scheme", "url", "address", "mysql address", "postgresql address"],
)
def test_no_variable_leads_to_a_socket_of_roots(home: Path, roots: Path, variables: dict[str, str]) -> None:
    (home / "composer.lock").write_text('{"packages": [{"name": "laravel/framework", "version": "v12.1.0"}]}')
    (home / "composer.lock").chmod(0o644)
    path = roots / "keeper.sock"
    given = {name: value.format(path=path) for name, value in variables.items()}

    async def find(sandbox: Sandbox) -> QueueConnection | None:
        sought = Sought(folder=str(home), variables=given, connection="redis", queues=None)
        _, found = await sandbox.ask(FIND, sought, of(home))
        return found.location().connection if found.connection is not None else None

    connection = in_sandbox(find)
    with a_socket(path, 0o600) as users:
        if connection is not None:
            assert isinstance(measured(home, connection), Unknown)
    assert users == []


def test_a_socket_without_a_file_is_not_connected_to(home: Path) -> None:
    name = f"@engineroom-{os.getpid()}"
    found = measured(home, DatabaseQueues(dialect="postgresql", database="shop", host=name, port=5432))
    assert isinstance(found, Unknown)
    assert "abstract socket" in found.reason


@pytest.mark.parametrize("given", ["environment", "home", "home of the tenant"])
def test_no_credentials_of_the_hosts_are_sent_to_an_address_of_a_tenants(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    if given == "environment":
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAROOT")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        monkeypatch.setenv("AWS_SESSION_TOKEN", "secret")
    else:
        monkeypatch.setenv("HOME", str(tmp_path if given == "home" else home))
        folder = (tmp_path if given == "home" else home) / ".aws"
        folder.mkdir()
        (folder / "credentials").write_text(
            "[default]\naws_access_key_id=AKIAROOT\naws_secret_access_key=secret\n"
        )
    with hostile_server(said(b"")) as server:
        found = measured(home, SqsQueues(prefix=f"http://127.0.0.1:{server.port}/1"))

    assert isinstance(found, Unknown)
    assert "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not both set" in found.reason
    assert server.heard == []


@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
def test_no_password_of_the_hosts_is_sent(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PGPASSWORD", "topsecret")
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / ".pgpass"))
    monkeypatch.setenv("MYSQL_PWD", "topsecret")
    (tmp_path / ".pgpass").write_text("*:*:*:*:topsecret\n")
    (tmp_path / ".pgpass").chmod(0o600)
    # It asks for the password as it is: AuthenticationCleartextPassword.
    with hostile_server(said(b"N" if kind == "mysql" else b"R\0\0\0\x08\0\0\0\x03")) as server:
        connection = DatabaseQueues(
            dialect=kind,
            database="shop",
            host="127.0.0.1",
            port=server.port,
            username="shop",
            ssl_mode="disable",
        )
        assert isinstance(measured(home, connection), Unknown)

    assert not any(b"topsecret" in heard for heard in server.heard)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "0.0.0.0", "::ffff:127.0.0.1", "127.1", "2130706433"]
)
@pytest.mark.parametrize("kind", list(KINDS))
def test_a_network_that_the_settings_deny_is_not_connected_to(home: Path, kind: str, host: str) -> None:
    networks = Networks.of((), ("127.0.0.0/8", "::1/128"))
    with hostile_server(said(b"")) as server:
        named = f"[{host}]" if ":" in host and kind == "sqs" else host
        found = measured(home, KINDS[kind](server.port, named), networks)

    assert isinstance(found, Unknown)
    assert server.heard == []
    assert server.connections == 0


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_network_that_the_settings_do_not_name_is_not_connected_to(home: Path, kind: str) -> None:
    with hostile_server(said(b"")) as server:
        found = measured(home, KINDS[kind](server.port), Networks.of(("10.0.0.0/8",), ()))

    assert isinstance(found, Unknown)
    assert "queue_networks_allowed" in found.reason
    assert server.connections == 0


def test_a_network_that_the_settings_name_is_connected_to(home: Path, good: RedisServer) -> None:
    networks = Networks.of(("127.0.0.0/8",), ("127.0.0.2/32",))
    found = measured(home, RedisQueues(host="localhost", port=good.port), networks)
    assert isinstance(found, Measurement), found


def test_a_node_that_a_cluster_names_is_not_connected_to_where_networks_are_denied(home: Path) -> None:
    with (
        hostile_server(said(b""), host="127.0.0.2") as inner,
        hostile_server(_cluster_with(inner), hears=False) as outer,
    ):
        connection = RedisQueues(host="127.0.0.1", port=outer.port, cluster=True)
        found = measured(home, connection, Networks.of((), ("127.0.0.2/32",)), answer_seconds=30)

    assert isinstance(found, Unknown)
    assert "no connection may be made to 127.0.0.2" in found.reason
    assert inner.connections == 0


def _cluster_with(node: HostileServer) -> Answer:
    slots = f"*1\r\n*3\r\n:0\r\n:16383\r\n*3\r\n$9\r\n127.0.0.2\r\n:{node.port}\r\n$1\r\na\r\n".encode()

    def answer(connected: socket.socket) -> None:
        with connected.makefile("rb") as asked:
            while count := asked.readline():
                words = [asked.read(int(asked.readline()[1:]) + 2) for _ in range(int(count[1:]))]
                connected.sendall(slots if words[0].upper().startswith(b"CLUSTER") else b"+OK\r\n")

    return answer
