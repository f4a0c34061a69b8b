"""How fast the API reads and creates, with few and with many background processes in the store."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, update

from benchmarks.contenders.base import ContenderError, end
from benchmarks.contenders.base import run as run_command
from benchmarks.load import Measured, Plan
from benchmarks.percentiles import percentile
from benchmarks.result import ENGINEROOM, Aim, Measure, Result
from benchmarks.stage import Stage
from engineroom.control.folders.links import Linked, link
from engineroom.model.applications.environment import EnvironmentStatus
from engineroom.model.ids import InstanceId, new_background_process_id
from engineroom.model.processes.background_process import (
    BackgroundProcess,
    BackgroundProcessType,
    StrategyType,
)
from engineroom.store import Store
from engineroom.store.queries import background_processes
from engineroom.store.schema.tables import environments

NAME = "api"

MANY, FEW = 10_000, 100
_OF_APPLICATION = 100
_CONNECTIONS = 32
_SECONDS = 4.0
_COMMAND = str(Path(sys.executable).with_name("engineroom"))
_LISTENS = "engineroom listens on "
_BODY = '{"type":"custom","processes":1,"command":"sleep 60"}'
_FEWER = f"with {FEW}"


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured with so many background processes in the store; times are in milliseconds."""

    start_seconds: float
    memory_megabytes: float
    reads: float
    read_times: list[float]
    creates: float
    create_times: list[float]
    list_times: list[float]


def run(stage: Stage) -> Result:
    """Measure with many and with few background processes in the store."""
    found = {}
    for column, count in ((ENGINEROOM, MANY), (_FEWER, FEW)):
        print(f"  {count} background processes …", file=sys.stderr, flush=True)
        found[column] = _measure(stage.folder(), count)
    return Result(
        name=NAME,
        title=f"The API on one core, with {MANY:,} background processes in the store (none running)",
        contenders=list(found),
        measures=_measures(found),
        notes=_notes(),
    )


def _measures(found: Mapping[str, Figures]) -> list[Measure]:
    def row(name: str, unit: str, of: Callable[[Figures], float], aim: Aim | None = None) -> Measure:
        return Measure(
            name=name, unit=unit, figures={column: of(each) for column, each in found.items()}, aim=aim
        )

    slowest = Aim(limit=10)
    return [
        row("reads", "/s", lambda each: each.reads, Aim(limit=3000, at_least=True)),
        row("one read at half of that, p50", "ms", lambda each: percentile(each.read_times, 50)),
        row("one read at half of that, p99", "ms", lambda each: percentile(each.read_times, 99), slowest),
        row("durable creates", "/s", lambda each: each.creates, Aim(limit=1000, at_least=True)),
        row("one create at half of that, p50", "ms", lambda each: percentile(each.create_times, 50)),
        row("one create at half of that, p99", "ms", lambda each: percentile(each.create_times, 99), slowest),
        row("a page of 100 with include, p50", "ms", lambda each: percentile(each.list_times, 50), slowest),
        row("a page of 100 with include, p99", "ms", lambda each: percentile(each.list_times, 99)),
        row("from the start to the first answer", "s", lambda each: each.start_seconds, Aim(limit=0.5)),
        row("memory before the load, RSS", "MB", lambda each: each.memory_megabytes, Aim(limit=50)),
    ]


def _notes() -> list[str]:
    cores = len(os.sched_getaffinity(0))
    own = "another core" if cores > 1 else "the same core: there is only one"
    held = f"engineroom serve is held on one core; the load comes from a process on {own}"
    return [
        f"{held}, over {_CONNECTIONS} connections, for {_SECONDS:g} s a figure.",
        "At half load requests are due at even intervals, and a time counts from when the request was due.",
    ]


def _measure(folder: Path, count: int) -> Figures:
    data = folder / "data"
    data.mkdir(parents=True)
    linked, ids = _fill(data, count)
    with _serving(folder, data) as server:
        answered = server.start_seconds
        memory = server.memory_megabytes()
        of_process = [server.request("GET", f"/api/background-processes/{each}") for each in ids[:1000]]
        collection = f"/api/instances/{linked[0].instance}/background-processes"
        create = [
            server.request("POST", f"/api/instances/{each.instance}/background-processes", _BODY)
            for each in linked
        ]
        reads = _rate(server.load(of_process, 200))
        read_times = server.load(of_process, 200, rate=reads / 2).milliseconds
        page = [server.request("GET", f"{collection}?include=instance")]
        list_times = server.load(page, 200, connections=1).milliseconds
        creates = _rate(server.load(create, 201))
        create_times = server.load(create, 201, rate=creates / 2).milliseconds
    return Figures(answered, memory, reads, read_times, creates, create_times, list_times)


def _rate(measured: Measured) -> float:
    return measured.answered / measured.seconds


def _fill(data: Path, count: int) -> tuple[list[Linked], list[str]]:
    """Store applications with a stopped environment and 100 background processes each; return them, and all ids."""
    store = Store.open(data / "engineroom.db")
    linked = [
        asyncio.run(link(store, data, f"Shop {number}", {"QUEUE": "redis"}))
        for number in range(count // _OF_APPLICATION)
    ]

    def write(connection: Connection) -> list[str]:
        connection.execute(update(environments).values(status=EnvironmentStatus.STOPPED))
        new = [_background_process(each.instance) for each in linked for _ in range(_OF_APPLICATION)]
        for each in new:
            background_processes.add(connection, each)
        return [each.id for each in new]

    try:
        return linked, asyncio.run(store.write(write))
    finally:
        store.close()


def _background_process(instance: InstanceId) -> BackgroundProcess:
    return BackgroundProcess(
        id=new_background_process_id(),
        instance_id=instance,
        type=BackgroundProcessType.CUSTOM,
        processes=1,
        config=None,
        custom_command="sleep 60",
        strategy_type=StrategyType.NONE,
        strategy_threshold=None,
        created_at=datetime.now(UTC),
    )


class _Server:
    """A server that is being measured."""

    def __init__(
        self, process: subprocess.Popen[bytes], address: str, token: str, start_seconds: float
    ) -> None:
        self.start_seconds = start_seconds
        self._process = process
        self._address = address
        self._token = token

    def request(self, method: str, path: str, body: str = "") -> str:
        """Return the text of a request."""
        lines = [
            f"{method} {path} HTTP/1.1",
            f"Host: {self._address.removeprefix('http://')}",
            f"Authorization: Bearer {self._token}",
        ]
        if body:
            lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        return "\r\n".join([*lines, "", body])

    def load(
        self, requests: list[str], status: int, *, rate: float | None = None, connections: int = _CONNECTIONS
    ) -> Measured:
        """Put a load on the server, and return what was measured."""
        plan = Plan(
            address=self._address,
            requests=requests,
            status=status,
            connections=connections,
            seconds=_SECONDS,
            rate=rate,
            core=max(os.sched_getaffinity(0)),
        )
        words = [sys.executable, "-m", "benchmarks.load"]
        ran = subprocess.run(
            words, input=json.dumps(asdict(plan)), capture_output=True, text=True, check=False
        )
        if ran.returncode != 0:
            raise ContenderError(f"the load failed: {ran.stderr.strip().splitlines()[-1]}")
        return Measured(**json.loads(ran.stdout))

    def memory_megabytes(self) -> float:
        """Return the resident memory of the server."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        (line,) = [line for line in status.splitlines() if line.startswith("VmRSS:")]
        return int(line.split()[1]) * 1024 / 1e6


@contextmanager
def _serving(folder: Path, data: Path) -> Iterator[_Server]:
    others = {key: value for key, value in os.environ.items() if not key.startswith("ENGINEROOM_")}
    environment = {**others, "ENGINEROOM_RATE_LIMIT": "0", "ENGINEROOM_DATA": str(data)}
    token = run_command([_COMMAND, "token", "create", "benchmark"], environment).strip()
    log = folder / "engineroom.log"
    core = str(min(os.sched_getaffinity(0)))
    begun = time.perf_counter()
    with log.open("ab") as output:
        process = subprocess.Popen(
            ["taskset", "--cpu-list", core, _COMMAND, "serve", "--bind", "127.0.0.1:0"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=output,
        )
    try:
        assert process.stdout is not None
        line = process.stdout.readline().decode()
        seconds = time.perf_counter() - begun
        if not line.startswith(_LISTENS):
            raise ContenderError(f"engineroom serve did not start: {line}{log.read_text()}")
        yield _Server(process, line.removeprefix(_LISTENS).strip(), token, seconds)
    finally:
        run_command([_COMMAND, "down"], environment)
        end(process)
