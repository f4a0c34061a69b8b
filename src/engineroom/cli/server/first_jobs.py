"""The first jobs of the demo: workers are started through the API, given something to do, and watched doing it."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engineroom.cli.client.api import Client
from engineroom.cli.errors import CommandError

_WAIT_SECONDS = 30.0
_LOOK_SECONDS = 0.1
_SECONDS_A_JOB = 0.25
_WORKERS: Mapping[str, object] = {"type": "custom", "command": "python3 worker.py", "processes": 2}


@dataclass(frozen=True, slots=True)
class Workers:
    """A background process that runs, and where it is asked about."""

    url: str
    token: str
    id: str
    pids: tuple[int, ...]


def start_workers(url: str, token: str, instance: str) -> Workers:
    """Start the example's workers, and wait until they run. Raises CommandError."""
    request = urllib.request.Request(  # noqa: S310 - it is our own address
        f"{url}/api/instances/{instance}/background-processes",
        data=json.dumps(_WORKERS).encode(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        method="POST",
    )
    try:
        with urllib.request.urlopen(request, timeout=_WAIT_SECONDS) as answer:  # noqa: S310
            id = json.load(answer)["data"]["id"]
    except OSError as error:
        raise CommandError(f"cannot start the workers of the demo: {error}") from None
    return Workers(url, token, id, _pids(Client(url, token), id))


def push(folder: Path, variables: Mapping[str, str], jobs: int) -> None:
    """Push so many jobs, as anybody would. Raises CommandError."""
    words = [sys.executable, "push.py", str(jobs), "--seconds", str(_SECONDS_A_JOB)]
    pushed = subprocess.run(
        words, cwd=folder, env={**os.environ, **variables}, capture_output=True, text=True, check=False
    )
    if pushed.returncode:
        raise CommandError(f"cannot push jobs: {pushed.stderr.strip()}")


def watch_jobs(workers: Workers, jobs: int, show: Callable[[str], None]) -> int:
    """Show each job as it is done, until all are or it takes too long; return how many were."""
    api, seen, done = Client(workers.url, workers.token), 0, 0
    deadline = time.monotonic() + _WAIT_SECONDS
    while done < jobs and time.monotonic() < deadline:
        for line in _lines(api, workers.id):
            if line["id"] is not None and line["id"] > seen:
                seen = line["id"]
                done += " done: " in line["message"]
                show(f"  {line['message']}")
        time.sleep(_LOOK_SECONDS)
    return done


def _lines(api: Client, id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.get(f"/api/background-processes/{id}/logs", {"limit": 1000})["data"]
    return found


def _pids(api: Client, id: str) -> tuple[int, ...]:
    """Wait until all of them run, and return their pids."""
    deadline = time.monotonic() + _WAIT_SECONDS
    while time.monotonic() < deadline:
        listed = api.get(f"/api/background-processes/{id}/processes")["data"]
        pids = tuple(process["attributes"]["pid"] for process in listed)
        if len(pids) == _WORKERS["processes"] and all(pids):
            return pids
        time.sleep(_LOOK_SECONDS)
    raise CommandError("the workers of the demo do not start; `engineroom doctor` may say why")
