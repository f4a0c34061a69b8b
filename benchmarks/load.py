"""A load on an HTTP server, from a process of its own: `python -m benchmarks.load` reads a plan, and prints the times."""

import asyncio
import itertools
import json
import os
import sys
import time
from dataclasses import asdict, dataclass
from typing import cast
from urllib.parse import urlsplit

import httptools
import uvloop

_GRACE_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to ask, over how many connections, and for how long.

    With a rate, requests are due at even intervals, whether or not the server keeps up, and each is measured from when it
    was due; without, every connection asks again as soon as it has its answer. Requests are sent in turn.
    """

    address: str
    requests: list[str]
    status: int
    connections: int
    seconds: float
    rate: float | None = None
    core: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """How many requests were answered, in how many seconds, and how many milliseconds each took."""

    answered: int
    seconds: float
    milliseconds: list[float]


class _Connection(asyncio.Protocol):
    """One connection: a request at a time."""

    def __init__(self, status: int) -> None:
        self._wanted = status
        self._transport: asyncio.Transport | None = None
        self._waiting: asyncio.Future[None] | None = None
        self._parser = httptools.HttpResponseParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop has classes of its own

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def connection_lost(self, _error: Exception | None) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(ConnectionError("the server closed the connection"))

    def on_message_complete(self) -> None:
        status = self._parser.get_status_code()
        self._parser = httptools.HttpResponseParser(self)
        assert self._waiting is not None
        if status == self._wanted:
            self._waiting.set_result(None)
        else:
            self._waiting.set_exception(RuntimeError(f"answered {status}, not {self._wanted}"))

    async def ask(self, request: bytes) -> None:
        """Send one request and wait for its whole answer."""
        assert self._transport is not None
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        await self._waiting

    def close(self) -> None:
        assert self._transport is not None
        self._transport.close()


async def run(plan: Plan) -> Measured:
    """Put the load on the server, and return what was measured."""
    split = urlsplit(plan.address)
    assert split.hostname is not None
    assert split.port is not None
    loop = asyncio.get_running_loop()
    connections: list[_Connection] = []
    for _ in range(plan.connections):
        _, connection = await loop.create_connection(
            lambda: _Connection(plan.status), split.hostname, split.port
        )
        connections.append(connection)
    requests = itertools.cycle(request.encode() for request in plan.requests)
    milliseconds: list[float] = []
    begun = time.perf_counter()
    due = itertools.count() if plan.rate is None else _times(begun, plan.rate)

    async def work(connection: _Connection) -> None:
        while True:
            at = next(due)
            now = time.perf_counter()
            start = now if plan.rate is None else float(at)
            if start >= begun + plan.seconds or now >= begun + plan.seconds + _GRACE_SECONDS:
                return
            if start > now:
                await asyncio.sleep(start - now)
            await connection.ask(next(requests))
            milliseconds.append((time.perf_counter() - start) * 1000)

    await asyncio.gather(*map(work, connections))
    seconds = time.perf_counter() - begun
    for connection in connections:
        connection.close()
    return Measured(answered=len(milliseconds), seconds=seconds, milliseconds=milliseconds)


def _times(begun: float, rate: float) -> "itertools.count[float]":
    return itertools.count(begun, 1 / rate)


def main() -> None:
    """Read the plan from standard input, and write what was measured to standard output."""
    plan = Plan(**json.load(sys.stdin))
    if plan.core is not None:
        os.sched_setaffinity(0, {plan.core})
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        json.dump(asdict(runner.run(run(plan))), sys.stdout)


if __name__ == "__main__":
    main()
