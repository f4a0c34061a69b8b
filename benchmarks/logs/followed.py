"""Following the log of a real server: how soon a line is seen, and what many followers cost."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from benchmarks.contenders.base import ContenderError
from benchmarks.percentiles import percentile
from benchmarks.result import Aim
from engineroom.control.observing.metrics import metrics_of
from engineroom.control.observing.observer import ObservedBackgroundProcess
from engineroom.model.ids import BackgroundProcessId, EnvironmentId, InstanceId
from engineroom.telemetry.metrics.sample import Sample
from engineroom.telemetry.prometheus import exposition

AIMS = {
    "a line seen by a follower, p99": Aim(limit=500),
    "200 followers, of a processor": Aim(limit=20),
    "a scrape with 1,000 background processes": Aim(limit=50),
}
UNITS = {
    "a line seen by a follower, p50": "ms",
    "a line seen by a follower, p99": "ms",
    "200 followers, of a processor": "%",
    "nobody following, of a processor": "%",
    "a scrape with 1,000 background processes": "ms",
}

_COMMAND = str(Path(sys.executable).with_name("engineroom"))
_FAST, _SLOW = 5000, 100
"""Lines a second."""
_FOLLOWERS = 200
_SECONDS = 10.0
_SETTLE_SECONDS = 3.0
_CLOCK_TICKS = os.sysconf("SC_CLK_TCK")

_PRINTER = """
import sys, time
rate, number, began = int(sys.argv[1]), 0, time.time()
while True:
    due = int((time.time() - began) * rate)
    while number < due:
        number += 1
        text = f"INFO: line {number} {time.time_ns()}"
        sys.stdout.write(text.ljust(199, ".") + "\\n")
    sys.stdout.flush()
    time.sleep(0.002)
"""


@dataclass(frozen=True, slots=True)
class _Server:
    address: str
    token: str
    instance: str
    pid: int
    folder: Path

    def created(self, rate: int) -> str:
        """Have a process print so many lines a second; return the id of its background process."""
        command = f"{sys.executable} printer.py {rate}"
        return str(
            self._ask(
                "POST",
                f"/api/instances/{self.instance}/background-processes",
                {"type": "custom", "processes": 1, "command": command},
            )["data"]["id"]
        )

    def deleted(self, id: str) -> None:
        """Stop it."""
        self._ask("DELETE", f"/api/background-processes/{id}?force=true", None)

    def processor_seconds(self) -> float:
        """Return how long the server has computed."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _CLOCK_TICKS

    def _ask(self, method: str, path: str, body: object) -> dict[str, dict[str, str]]:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        with urlopen(Request(self.address + path, data, headers, method=method)) as answer:
            content = answer.read()
        found: dict[str, dict[str, str]] = json.loads(content) if content else {}
        return found


def measured(folder: Path) -> dict[str, float]:
    """Return everything that is measured here."""
    with _served(folder) as server:
        delays = asyncio.run(_delays(server))
        alone = asyncio.run(_cost(server, 0))
        followed = asyncio.run(_cost(server, _FOLLOWERS))
    return {
        "a line seen by a follower, p50": percentile(delays, 50),
        "a line seen by a follower, p99": percentile(delays, 99),
        "200 followers, of a processor": followed,
        "nobody following, of a processor": alone,
        "a scrape with 1,000 background processes": _scrape(),
    }


async def _delays(server: _Server) -> list[float]:
    """Return after how many milliseconds each line was seen; every line must be, once and in order."""
    made = server.created(_FAST)
    delays: list[float] = []
    before = 0
    until = time.monotonic() + _SETTLE_SECONDS + _SECONDS
    async for message in messages(server.address, server.token, made):
        _, _, number, at = message.rstrip(".").split(" ")
        if before and int(number) != before + 1:
            raise ContenderError(f"after line {before} a follower got line {number}")
        before = int(number)
        if time.monotonic() > until:
            break
        if time.monotonic() > until - _SECONDS:
            delays.append((time.time_ns() - int(at)) / 1e6)
    server.deleted(made)
    return delays


async def _cost(server: _Server, followers: int) -> float:
    """Return how much of a processor the server took, in percent, while so many followed 100 lines a second."""
    made = server.created(_SLOW)
    seen = [0] * followers

    async def follow(place: int) -> None:
        async for _ in messages(server.address, server.token, made):
            seen[place] += 1

    tasks = [asyncio.create_task(follow(place)) for place in range(followers)]
    await asyncio.sleep(_SETTLE_SECONDS)
    before, began = server.processor_seconds(), time.monotonic()
    await asyncio.sleep(_SECONDS)
    taken = server.processor_seconds() - before
    seconds = time.monotonic() - began
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    server.deleted(made)
    if followers and min(seen) < _SLOW * _SECONDS * 0.9:
        raise ContenderError(f"a follower got {min(seen)} lines only")
    return 100 * taken / seconds


async def messages(address: str, token: str, of: str) -> AsyncIterator[str]:
    """Yield the messages that a follower of a background process gets."""
    parts = urlsplit(address)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port, limit=1 << 24)
    path = f"/api/background-processes/{of}/logs?follow=true"
    request = f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: Bearer {token}\r\n\r\n"
    writer.write(request.encode())
    try:
        async for line in reader:
            if line.startswith(b"data: "):
                yield json.loads(line[6:])["message"]
    finally:
        writer.close()


def _scrape() -> float:
    """Return the milliseconds of a scrape with a thousand background processes, the median of twenty."""
    observed = [
        ObservedBackgroundProcess(
            background_process=BackgroundProcessId(f"process-{number:036d}"),
            instance=InstanceId(f"inst-{number % 50:036d}"),
            environment=EnvironmentId(f"env-{number % 5:036d}"),
            name="php artisan queue:work",
            sample=Sample(
                cpu=0.1,
                memory_bytes=5e7,
                running=3,
                draining=0,
                backing_off=0,
                queue_length=number,
                oldest_age_seconds=1.5,
                throughput=60.0,
                failed_jobs=2,
            ),
            missing=0,
            crash_looping=0,
            restarts_total=number,
        )
        for number in range(1000)
    ]
    times: list[float] = []
    for _ in range(20):
        began = time.perf_counter()
        exposition(metrics_of(observed, firing=0, followers=0))
        times.append((time.perf_counter() - began) * 1000)
    return percentile(times, 50)


@contextmanager
def _served(folder: Path) -> Iterator[_Server]:
    """Run a server with a linked folder; bring everything down at the end."""
    (folder / "printer.py").write_text(_PRINTER)
    data = folder / "data"
    environment = {**os.environ, "ENGINEROOM_RATE_LIMIT": "0", "ENGINEROOM_DATA": str(data)}

    def run(*words: str) -> str:
        done = subprocess.run(
            [_COMMAND, *words], check=True, env=environment, stdout=subprocess.PIPE, text=True
        )
        return done.stdout.strip()

    words = [_COMMAND, "serve", "--bind", "127.0.0.1:0"]
    with (
        (folder / "engineroom.log").open("wb") as log,
        subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=log, text=True) as serving,
    ):
        assert serving.stdout is not None
        address = serving.stdout.readline().removeprefix("engineroom listens on ").strip()
        try:
            token = run("token", "create", "benchmark")
            linked = json.loads(run("link", str(folder), "--name", "benchmark", "--json"))
            yield _Server(address, token, linked["instance"], serving.pid, folder)
        finally:
            with suppress(subprocess.CalledProcessError):
                run("down")
            serving.send_signal(signal.SIGTERM)
