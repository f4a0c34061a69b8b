"""A PostgreSQL that accepts and does not answer: clients are told, the server can be stopped, and all comes back."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.support import proc
from tests.support.black_hole import black_hole
from tests.support.databases import PostgresqlServer
from tests.support.engineroom_server import EngineroomServer
from tests.support.servers import postgresql
from tests.support.waiting import patient, wait_until

pytestmark = pytest.mark.needs("postgresql")


@contextmanager
def stopped(port: int) -> Iterator[None]:
    """Have a PostgreSQL hang for as long as the block lasts: its processes are alive, and do nothing."""
    alike = {pid for pid in proc.everyone() if {"-D", str(port)} <= set(proc.argv(pid))}
    # A child looks like it until it has a title of its own.
    [server] = [pid for pid in alike if proc.parent(pid) not in alike]
    everyone = [server, *(pid for pid in proc.everyone() if proc.parent(pid) == server)]
    for pid in everyone:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in everyone:
            os.kill(pid, signal.SIGCONT)


def port_of(address: str) -> int:
    return int(address.rpartition(":")[2].partition("/")[0])


def test_a_server_that_hangs_is_told_of_and_found_again(tmp_path: Path, code: Path) -> None:
    with postgresql(tmp_path) as port:
        address = PostgresqlServer(port, tmp_path).emptied()
        with EngineroomServer(tmp_path, ENGINEROOM_DATABASE=address) as server:
            server.start()
            instance = server.link(code).instance
            sleepers = server.api.create(instance, type="custom", command="sleep 1000", processes=1)
            before = sleepers.wait_until_running(1)
            path = f"/api/instances/{instance}/background-processes"

            with stopped(port):
                check_unavailable(server, path)

            wait_until("it is ready again", lambda: get(server, "/readyz").status_code == 200)
            wait_until("it answers again", lambda: get(server, path).status_code == 200)
            assert sleepers.wait_until_running(1) == before
            server.api.create(instance, type="custom", command="sleep 1000", processes=1).wait_until_running(
                1
            )
            said = server.output()
    assert "Traceback" not in said
    # However many parts look at the store each second.
    assert said.count('"level": "error"') + said.count('"level": "warning"') <= 2, said


def check_unavailable(server: EngineroomServer, path: str) -> None:
    began = time.monotonic()
    ready = get(server, "/readyz")
    assert (ready.status_code, ready.headers["retry-after"]) == (503, "5")
    assert "has not answered" in ready.json()["message"]
    # Not the two seconds that it should take: the machine may be busy.
    assert time.monotonic() - began < patient(20)
    assert get(server, "/healthz").status_code == 200
    refused = get(server, path)
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
    written = server.api.ask("POST", path, type="custom", command="true", processes=1)
    assert written.status_code == 503


def get(server: EngineroomServer, path: str) -> httpx.Response:
    headers = {"authorization": f"Bearer {server.token}"}
    return httpx.get(server.address + path, headers=headers, timeout=patient(60), trust_env=False)


def test_a_server_whose_database_is_swallowed_by_the_network_ends_when_it_is_asked_to(
    tmp_path: Path, postgresql_server: PostgresqlServer
) -> None:
    address = postgresql_server.emptied()
    port = port_of(address)
    with black_hole(port) as proxy:
        through = address.replace(f":{port}/", f":{proxy.port}/")
        with EngineroomServer(tmp_path, ENGINEROOM_DATABASE=through) as server:
            server.start()
            proxy.passes.clear()
            wait_until("it is not ready", lambda: get(server, "/readyz").status_code == 503)
            began = time.monotonic()
            assert server.stop() == 0
            assert time.monotonic() - began < patient(60)
            proxy.passes.set()
            assert "Traceback" not in server.output()
