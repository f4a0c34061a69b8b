"""Asking a meter from tests that are no coroutines."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

from engineroom.model.queue import Measurement, Unknown
from engineroom.queues.base import QueueConnection
from engineroom.queues.meter import Meter

T = TypeVar("T")


_ANSWER_SECONDS = 60.0
"""A busy machine may answer late."""


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@contextlib.asynccontextmanager
async def a_meter(clock: Callable[[], float] = time.monotonic) -> AsyncIterator[Meter]:
    meter = Meter(clock, answer_seconds=_ANSWER_SECONDS)
    try:
        yield meter
    finally:
        await meter.close()


def measure_once(connection: QueueConnection, queue: str = "default") -> Measurement | Unknown:
    async def measured() -> Measurement | Unknown:
        async with a_meter() as meter:
            return await meter.measure(connection, queue)

    return asyncio.run(measured())


def known(measured: Measurement | Unknown) -> Measurement:
    assert isinstance(measured, Measurement), measured
    return measured


def unknown(measured: Measurement | Unknown) -> str:
    assert isinstance(measured, Unknown), measured
    return measured.reason


async def timed(asked: Awaitable[T]) -> tuple[T, float]:
    """Return an answer, and how many seconds it took."""
    began = time.perf_counter()
    return await asked, time.perf_counter() - began
