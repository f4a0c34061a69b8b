"""A hundred clients at once: what is stored and what runs agree in the end, on both databases."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from tests.support import proc
from tests.support.databases import PostgresqlServer
from tests.support.engineroom_server import EngineroomServer
from tests.support.waiting import patient, wait_until

CLIENTS = 100
CHANGES = 4
SEED = 20261125


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.needs("postgresql"))])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[EngineroomServer]:
    """A running engineroom on a database of each kind."""
    settings = {}
    if request.param == "postgresql":
        shared: PostgresqlServer = request.getfixturevalue("postgresql_server")
        settings["ENGINEROOM_DATABASE"] = shared.emptied()
    with EngineroomServer(tmp_path, **settings) as running:
        running.start()
        yield running


def test_a_hundred_clients_leave_store_and_processes_consistent(server: EngineroomServer, code: Path) -> None:
    linked = server.link(code)

    expected = dict(asyncio.run(everyone(server, linked.instance)))

    listed = server.api.get(f"/api/instances/{linked.instance}/background-processes")
    assert listed["meta"]["total"] == len(expected)
    shown = {each["id"]: each["attributes"] for each in listed["data"]}
    assert {id_: attributes["processes"] for id_, attributes in shown.items()} == expected
    wanted = sorted(f"sleep {1000 + n}" for n in expected.values() for _ in range(n))
    wait_until("exactly what was asked for runs", lambda: running(server) == wanted, timeout_seconds=60)
    wait_until("every operation is over", lambda: unfinished(server) == 0)


def running(server: EngineroomServer) -> list[str]:
    """Return the command line of everything that runs, as the kernel says."""
    return sorted(" ".join(proc.argv(pid)) for pid in server.user_pids())


def unfinished(server: EngineroomServer) -> int:
    operations = server.api.get("/api/operations")["data"]
    return sum(each["attributes"]["status"] == "running" for each in operations)


async def everyone(server: EngineroomServer, instance: str) -> list[tuple[str, int]]:
    """Have all clients work at once; return what each left behind, where it left anything."""
    async with client(server) as http:
        left = await asyncio.gather(*(one(http, instance, number) for number in range(CLIENTS)))
    return [each for each in left if each is not None]


async def one(http: httpx.AsyncClient, instance: str, number: int) -> tuple[str, int] | None:
    """Create a background process, change it a few times, and delete it in three of four cases."""
    chance = random.Random(SEED + number)
    body = {"type": "custom", "processes": 1, "command": "sleep 1001"}
    made = await http.post(f"/api/instances/{instance}/background-processes", json=body)
    assert made.status_code == 201, made.text
    path = f"/api/background-processes/{made.json()['data']['id']}"
    processes = 1
    for _ in range(CHANGES):
        processes = chance.randint(1, 3)
        fields = {"processes": processes, "command": f"sleep {1000 + processes}"}
        changed = await http.patch(path, json=fields)
        assert changed.status_code == 200, changed.text
    if number % 4:
        gone = await http.delete(path)
        assert gone.status_code == 204, gone.text
        return None
    return path.rpartition("/")[2], processes


@asynccontextmanager
async def client(server: EngineroomServer) -> AsyncIterator[httpx.AsyncClient]:
    limits = httpx.Limits(max_connections=CLIENTS)
    headers = {"authorization": f"Bearer {server.token}"}
    async with httpx.AsyncClient(
        base_url=server.address, headers=headers, limits=limits, timeout=patient(60), trust_env=False
    ) as http:
        yield http
