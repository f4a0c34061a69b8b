"""A real Redis server of a test's own."""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import redis

from tests.support.ports import free_port
from tests.support.waiting import patient, wait_until

_ATTEMPTS = 5
_PREFIX = "laravel_database_"


class RedisServer:
    """A `redis-server` on a free port that keeps nothing on disk; use it in a `with` statement."""

    port: int
    client: "redis.Redis"

    def __init__(self, folder: Path, *, port: int | None = None, options: Sequence[str] = ()) -> None:
        self._folder = folder
        self._wanted_port = port
        self._options = options
        self._output = folder / "redis.log"

    def __enter__(self) -> Self:
        # Between finding a free port and binding it, another test may take it.
        for _ in range(_ATTEMPTS):
            if self._start():
                return self
        raise AssertionError(f"cannot start redis-server; it wrote:\n{self._output.read_text()}")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.client.close()
        self._process.terminate()
        self._process.wait(timeout=patient(10))

    def waiting(self, queue: str = "default") -> int:
        """Return how many jobs of a Laravel queue wait for a worker."""
        return int(self.client.llen(self.key(queue)))

    def reserved(self, queue: str = "default") -> int:
        """Return how many jobs of a Laravel queue are in the hands of a worker."""
        return int(self.client.zcard(self.key(queue, "reserved")))

    def key(self, queue: str, *kind: str) -> str:
        """Return the key of a queue of the Laravel example, as its framework names it."""
        return ":".join([f"{_PREFIX}queues", queue, *kind])

    def _start(self) -> bool:
        self.port = self._wanted_port or free_port()
        with self._output.open("a") as output:
            words = ["redis-server", "--port", str(self.port), "--save", "", "--dir", str(self._folder)]
            self._process = subprocess.Popen(
                [*words, "--bind", "127.0.0.1", *self._options],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        self.client = redis.Redis(port=self.port)
        return wait_until("redis-server answers or has ended", self._answers_or_ended) == "answers"

    def _answers_or_ended(self) -> str:
        if self._process.poll() is not None:
            self.client.close()
            return "ended"
        try:
            self.client.ping()
        except redis.ConnectionError:
            return ""
        return "answers"
