"""Queue workers that are not Laravel's: copies of their examples, run with what the documentation says."""

import json
import os
import re
import shutil
import subprocess
import sys
from abc import ABC, abstractmethod
from collections import Counter
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tests.support.redis_server import RedisServer
from tests.support.waiting import patient

_ROOT = Path(__file__).parents[2]
_PAGE = _ROOT / "docs" / "workers.md"


class Framework(ABC):
    """An example in a folder of its own, whose jobs each append a line `number pid` to a file."""

    name: ClassVar[str]
    title: ClassVar[str]
    needs: ClassVar[tuple[str, ...]] = ("redis-server",)
    """What the machine must have, by the names in `needs.py`."""
    variable: ClassVar[str] = "REDIS_URL"
    push_command: ClassVar[tuple[str, ...]] = (".venv/bin/python", "push.py")

    def __init__(self, folder: Path, redis_server: RedisServer) -> None:
        self.folder = folder / self.name
        self.redis = redis_server.client
        self._port = redis_server.port
        self.variables = {self.variable: f"redis://127.0.0.1:{self._port}/0"}
        self._done = folder / "done.txt"
        ignored = shutil.ignore_patterns("node_modules", ".venv", "__pycache__", "done.txt")
        shutil.copytree(_ROOT / "examples" / self.name, self.folder, ignore=ignored)
        self._install()

    def fields(self) -> dict[str, Any]:
        """Return the body that the documentation shows for it."""
        [shown] = re.findall(rf"<!-- {self.name} -->\n```json\n(.*?)```", _PAGE.read_text(), re.DOTALL)
        fields: dict[str, Any] = json.loads(shown)
        return fields

    def scaling(self) -> tuple[dict[str, str], dict[str, str]]:
        """Return the variable that the documentation has for its queue, and the fields of its scaling."""
        row = rf"^\| {self.title} \| `(\S+)` \| `(\S+)` \| `(\S+)` \|$"
        [(address, connection, queue)] = re.findall(row, _PAGE.read_text(), re.MULTILINE)
        address = address.replace("127.0.0.1:6379", f"127.0.0.1:{self._port}")
        return {"ENGINEROOM_QUEUE_JOBS": address}, {"connection": connection, "queue": queue}

    def push(self, count: int, *, seconds: float) -> None:
        """Push jobs numbered from 1, each of which takes so long."""
        words = [*self.push_command, str(count), "--seconds", str(seconds), "--file", str(self._done)]
        ran = subprocess.run(
            words,
            cwd=self.folder,
            env={**os.environ, **self.variables},
            capture_output=True,
            text=True,
            check=False,
            timeout=patient(60),
        )
        assert ran.returncode == 0, f"{words} exited {ran.returncode}: {ran.stdout}{ran.stderr}"

    def times_done(self) -> Counter[int]:
        """Return how often each job was done so far."""
        if not self._done.exists():
            return Counter()
        return Counter(int(line.split()[0]) for line in self._done.read_text().splitlines())

    @abstractmethod
    def left(self) -> dict[str, int]:
        """Return how many jobs wait, and how many are in somebody's hands, by the keys of the framework."""

    def _install(self) -> None:
        (self.folder / ".venv").symlink_to(sys.prefix)


class Celery(Framework):
    """Celery with its prefork pool, and Redis as its broker."""

    name = "celery"
    title = "Celery"

    def left(self) -> dict[str, int]:
        return {"celery": self.redis.llen("celery"), "unacked": self.redis.hlen("unacked")}


class Rq(Framework):
    """RQ, which forks for every job."""

    name = "rq"
    title = "RQ"
    variable = "RQ_REDIS_URL"

    def left(self) -> dict[str, int]:
        queue = "rq:queue:default"
        lists = {key: self.redis.llen(key) for key in (queue, f"{queue}:intermediate")}
        return {**lists, "rq:wip:default": self.redis.zcard("rq:wip:default")}


class BullMq(Framework):
    """BullMQ, on Node."""

    name = "bullmq"
    title = "BullMQ"
    needs = ("redis-server", "bullmq")
    push_command = ("node", "push.js")

    def left(self) -> dict[str, int]:
        return {key: self.redis.llen(key) for key in ("bull:lines:wait", "bull:lines:active")}

    def _install(self) -> None:
        (self.folder / "node_modules").symlink_to(_ROOT / "examples" / self.name / "node_modules")


def frameworks() -> list[pytest.ParameterSet]:
    """Return each of them as a parameter of a test, with what it needs of the machine."""
    return [
        pytest.param(each, marks=pytest.mark.needs(*each.needs), id=each.name)
        for each in (Celery, Rq, BullMq)
    ]
