"""Functions that wait for a connection to run on, and who waits for their results."""

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection


class StuckError(Exception):
    """The database does not answer in time."""


@dataclass(slots=True)
class Pulse:
    """When there was an answer last."""

    at: float = field(default_factory=time.monotonic)

    def beat(self) -> None:
        """Remember that there is an answer now."""
        self.at = time.monotonic()


@dataclass(slots=True)
class Job:
    """One function to run, and the future of the task that waits for what it returns or raises.

    `pulse` is that of the batch that it is in, None before it is begun.
    """

    function: Callable[[Connection], Any]
    future: asyncio.Future[Any]
    asked_at: float = field(default_factory=time.monotonic)
    pulse: Pulse | None = None
    watching: asyncio.TimerHandle | None = None
    result: Any = None
    error: BaseException | None = None

    def run(self, connection: Connection) -> None:
        """Run the function, and keep what it returns or raises."""
        try:
            self.result = self.function(connection)
        except Exception as error:  # noqa: BLE001 - whatever it is belongs to the task that waits
            self.error = error
        if self.pulse is not None:
            self.pulse.beat()


def fail(jobs: Iterable[Job], error: BaseException) -> None:
    """Have all of these raise this error, unless they raise one of their own."""
    for job in jobs:
        job.error = job.error or error


def answer(jobs: list[Job]) -> None:
    """Give those who wait their results, with one wake-up of each event loop."""
    loops = {job.future.get_loop() for job in jobs}
    for loop in loops:
        of_loop = [job for job in jobs if job.future.get_loop() is loop]
        try:
            loop.call_soon_threadsafe(_resolve, of_loop)
        except RuntimeError:
            # The loop is closed: nobody waits for these any more.
            continue


def _resolve(jobs: list[Job]) -> None:
    for job in jobs:
        if job.future.done():
            continue
        if job.error is not None:
            job.future.set_exception(job.error)
        else:
            job.future.set_result(job.result)
