"""A step of 2,000 jobs on a real Laravel with a real Redis: when more workers are there, when all is done, when they go."""

import contextlib
import http.client
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.contenders.base import ContenderError, end
from benchmarks.contenders.base import run as run_command
from benchmarks.ports import free_port
from benchmarks.result import ENGINEROOM, Aim, Measure, Result
from benchmarks.setup import MissingError
from benchmarks.stage import Stage

NAME = "step"

JOBS = 2_000
_JOB_MILLISECONDS = 20
_CEILING = 8
_TARGET_SECONDS = 5
_KEY = "laravel_database_queues:default"
_MAX_SECONDS = 300.0
_PAUSE_SECONDS = 0.01
_COMMAND = str(Path(sys.executable).with_name("engineroom"))
_EXAMPLE = Path(__file__).parents[2] / "examples" / "laravel"


def run(stage: Stage) -> Result:
    """Measure the step, once."""
    folder = stage.folder()
    with _redis(folder) as port:
        variables = {"REDIS_HOST": "127.0.0.1", "REDIS_PORT": str(port)}
        code = folder / "laravel"
        shutil.copytree(
            _EXAMPLE, code, ignore=shutil.ignore_patterns("*.sqlite*", ".env", "services.php", "packages.php")
        )
        with _server(folder, code, variables) as server:
            return _result(_step(server, port, code, variables))


def _step(server: "_Server", port: int, code: Path, variables: Mapping[str, str]) -> Mapping[str, float]:
    import redis  # noqa: PLC0415 - only this benchmark needs it

    client = redis.Redis(port=port)
    server.create()
    _wait("one worker runs, and its queue is measured", lambda: server.running() == 1 and server.measured())
    pushing = subprocess.Popen(
        ["php", "artisan", "demo:push", str(JOBS), f"--sleep-ms={_JOB_MILLISECONDS}", "--connection=redis"],
        cwd=code,
        env={**os.environ, **variables},
        stdout=subprocess.DEVNULL,
    )
    _wait("the first job is there", lambda: int(client.llen(_KEY)))
    begun = time.monotonic()
    found = {}
    _wait("a second worker runs", lambda: server.running() > 1)
    found["first extra process"] = time.monotonic() - begun
    pushing.wait()
    found["all pushed"] = time.monotonic() - begun
    most = 0

    def drained() -> bool:
        nonlocal most
        most = max(most, server.running())
        return not client.llen(_KEY) and not client.zcard(f"{_KEY}:reserved")

    _wait("all is done", drained)
    done = time.monotonic()
    found["all worked"] = done - begun
    found["most processes"] = float(most)
    _wait("one worker is left", lambda: server.running() == 1)
    found["back to one, after all was worked"] = time.monotonic() - done
    client.close()
    return found


def _result(found: Mapping[str, float]) -> Result:
    aims = {"first extra process": Aim(limit=2.0)}
    return Result(
        name=NAME,
        title=f"A step of {JOBS:,} jobs of {_JOB_MILLISECONDS} ms, 1 to {_CEILING} workers",
        contenders=[ENGINEROOM],
        measures=[
            Measure(
                name=name,
                unit="" if name == "most processes" else "s",
                figures={ENGINEROOM: figure},
                aim=aims.get(name),
            )
            for name, figure in found.items()
        ],
        notes=[
            f"Strategy latency, target {_TARGET_SECONDS} s; times from the moment when the first job is in Redis.",
            "PHP pushes one job after the other, so that the queue fills while it is worked.",
        ],
    )


class _Server:
    """A server with one linked application, and its worker."""

    def __init__(self, address: str, token: str, instance: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=30)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._instance = instance
        self._worker = ""

    def create(self) -> None:
        """Make the worker."""
        fields = {
            "type": "worker",
            "processes": _CEILING,
            "config": {"connection": "redis", "sleep": 1},
            "strategy_type": "latency",
            "strategy_threshold": _TARGET_SECONDS,
        }
        path = f"/api/instances/{self._instance}/background-processes"
        self._worker = f"/api/background-processes/{self._call('POST', path, fields)['data']['id']}"

    def running(self) -> int:
        """Return how many workers run and are not asked to stop."""
        listed = self._call("GET", f"{self._worker}/processes")["data"]
        return sum(each["attributes"]["state"] == "running" for each in listed)

    def measured(self) -> bool:
        """Return whether its queue was measured."""
        return bool(self._call("GET", f"{self._worker}/scaling")["data"]["attributes"]["measured"])

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _call(self, method: str, path: str, fields: object = None) -> Any:
        body = None if fields is None else json.dumps(fields)
        self._connection.request(method, path, body, self._headers)
        response = self._connection.getresponse()
        content = response.read()
        if response.status >= 300:
            raise ContenderError(f"{method} {path} answered {response.status}: {content.decode()}")
        return json.loads(content)


@contextlib.contextmanager
def _server(folder: Path, code: Path, variables: Mapping[str, str]) -> Iterator[_Server]:
    others = {key: value for key, value in os.environ.items() if not key.startswith("ENGINEROOM_")}
    environment = {**others, "ENGINEROOM_RATE_LIMIT": "0", "ENGINEROOM_HOST_RESERVE": "0"}
    data = ["--data", str(folder / "data")]
    with (folder / "engineroom.log").open("ab") as log:
        process = subprocess.Popen(
            [_COMMAND, "serve", *data, "--bind", "127.0.0.1:0"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
        )
    assert process.stdout is not None
    try:
        address = process.stdout.readline().decode().split()[-1]
        token = run_command([_COMMAND, "token", "create", "benchmark", *data], environment).strip()
        options = [word for name in variables for word in ("--variable", name)]
        words = [_COMMAND, "link", str(code), "--name", "benchmark", "--json", *options, *data]
        linked = json.loads(run_command(words, {**environment, **variables}))
        server = _Server(address, token, linked["instance"])
        try:
            yield server
        finally:
            server.close()
            run_command([_COMMAND, "down", *data], environment)
    finally:
        end(process)


@contextlib.contextmanager
def _redis(folder: Path) -> Iterator[int]:
    for program, package in (
        ("redis-server", "redis-server"),
        ("php", "php-cli php-redis php-laravel-framework"),
    ):
        if shutil.which(program) is None:
            raise MissingError(f"{program} was not found; install it with: apt-get install {package}")
    port = free_port()
    with (folder / "redis.log").open("ab") as log:
        words = [
            "redis-server",
            "--port",
            str(port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--dir",
            str(folder),
        ]
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        yield port
    finally:
        end(process)


def _wait(what: str, holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + _MAX_SECONDS
    while not holds():
        if time.monotonic() > deadline:
            raise ContenderError(f"after {_MAX_SECONDS:.0f} s still not so: {what}")
        time.sleep(_PAUSE_SECONDS)
