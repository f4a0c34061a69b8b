"""Measures queues: connections are shared, every question has a time limit, and a dead server is left alone for a while."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from engineroom.model.queue import Measurement, Unknown
from engineroom.queues.base import (
    Driver,
    QueueConnection,
    UnmeasurableError,
    UnmeasurableQueueError,
)
from engineroom.queues.registry import driver as local_driver
from engineroom.queues.tracking import Tracker
from engineroom.sandbox import in_a_line

ANSWER_SECONDS = 3.0
_FIRST_REST_SECONDS = 1.0
_MAX_REST_SECONDS = 5.0
_LOG_EVERY_SECONDS = 60.0
_FRESH_SECONDS = 0.5
"""Who asks for a queue that was measured within this time is given the same: what went through it must not be shared out."""

_log = structlog.get_logger()


@dataclass(slots=True)
class _Complaints:
    """Lets one line through a minute, and the word that it is over when there was one."""

    last_at: float = float("-inf")
    open: bool = False

    def complain(self, now: float, server: str, reason: str) -> None:
        """Log what is wrong, unless that was done lately."""
        if now - self.last_at < _LOG_EVERY_SECONDS:
            return
        self.last_at, self.open = now, True
        _log.warning(
            "Cannot measure queues; what they scale stays as it is.",
            action="queue.unmeasurable",
            server=server,
            reason=reason,
        )

    def settle(self, server: str) -> None:
        """Log that it is over, if anybody was told that it began."""
        if self.open:
            self.open = False
            _log.info("Queues can be measured again.", action="queue.measurable", server=server)


@dataclass(slots=True)
class _Queue:
    """One queue of a server."""

    tracker: Tracker = field(default_factory=Tracker)
    measured: Measurement | None = None
    measured_at: float = 0.0
    complaints: _Complaints = field(default_factory=_Complaints)
    doubt: str = ""

    def tell_doubt(self, queue: str, server: str, doubt: str) -> None:
        """Log once what could not be made sure of."""
        if doubt and doubt != self.doubt:
            _log.warning(
                "A queue is empty, and whether it is under another prefix cannot be looked for.",
                action="queue.prefix_unchecked",
                queue=queue,
                server=server,
                reason=doubt,
            )
        self.doubt = doubt


@dataclass(slots=True)
class _Server:
    """One connection, and how it goes. It is asked one thing at a time, and nothing before `rests_until`."""

    driver: Driver | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    queues: defaultdict[str, _Queue] = field(default_factory=lambda: defaultdict(_Queue))
    failures: int = 0
    rests_until: float = 0.0
    reason: str = ""
    complaints: _Complaints = field(default_factory=_Complaints)
    used_at: float = 0.0


class Meter:
    """Measures queues of any kind. What goes wrong is an Unknown with its reason, never an exception and never zero."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        driver: Callable[[QueueConnection], Driver] = local_driver,
        *,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self._clock = clock
        self._driver = driver
        self._answer_seconds = answer_seconds
        self._servers: defaultdict[QueueConnection, _Server] = defaultdict(_Server)

    @property
    def idle(self) -> bool:
        """Whether nothing was asked for lately."""
        return not self._servers

    async def measure(self, connection: QueueConnection, queue: str) -> Measurement | Unknown:
        """Return one queue as it is now."""
        server = self._servers[connection]
        async with server.lock:
            now = self._clock()
            server.used_at = now
            if now < server.rests_until:
                return Unknown(server.reason)
            asked = server.queues[queue]
            if asked.measured is not None and now - asked.measured_at < _FRESH_SECONDS:
                return asked.measured
            return await self._ask(server, connection, queue)

    async def forget_unused(self, unused_seconds: float) -> None:
        """Disconnect from what was not asked for so long."""
        limit = self._clock() - unused_seconds
        for connection, server in list(self._servers.items()):
            if server.used_at < limit and not server.lock.locked():
                await self._disconnect(connection)

    async def close(self) -> None:
        """Disconnect from everything."""
        for connection in list(self._servers):
            await self._disconnect(connection)

    async def _ask(self, server: _Server, connection: QueueConnection, queue: str) -> Measurement | Unknown:
        asked, name = server.queues[queue], in_a_line(connection.server)
        try:
            if server.driver is None:
                server.driver = self._driver(connection)
            async with asyncio.timeout(self._answer_seconds):
                snapshot = await server.driver.snapshot(queue)
        except UnmeasurableQueueError as error:
            self._answers(server, name)
            asked.tracker, asked.measured = Tracker(), None
            asked.complaints.complain(self._clock(), name, str(error))
            return Unknown(f"cannot measure {name}: {error}")
        except Exception as error:  # noqa: BLE001 - each client library has its own, and all mean the same here
            return self._failed(server, name, error)
        self._answers(server, name)
        asked.complaints.settle(name)
        asked.tell_doubt(queue, name, snapshot.doubt)
        asked.measured_at = self._clock()
        asked.measured = asked.tracker.take(snapshot, asked.measured_at)
        return asked.measured

    def _answers(self, server: _Server, name: str) -> None:
        server.failures, server.reason = 0, ""
        server.complaints.settle(name)

    def _failed(self, server: _Server, name: str, error: Exception) -> Unknown:
        now = self._clock()
        for asked in server.queues.values():
            asked.tracker, asked.measured = Tracker(), None
        server.failures += 1
        rest = min(_MAX_REST_SECONDS, _FIRST_REST_SECONDS * 2 ** (server.failures - 1))
        server.rests_until = now + rest
        reason = words(error, self._answer_seconds)
        server.reason = f"cannot measure {name}: {reason}"
        server.complaints.complain(now, name, reason)
        return Unknown(server.reason)

    async def _disconnect(self, connection: QueueConnection) -> None:
        server = self._servers.pop(connection)
        if server.driver is not None:
            await server.driver.close()


def words(error: Exception, answer_seconds: float) -> str:
    """Return what went wrong with a question that may take so long."""
    if isinstance(error, TimeoutError) and not str(error):
        return f"no answer within {answer_seconds:g} s"
    if isinstance(error, UnmeasurableError | OSError):
        return in_a_line(str(error))
    return in_a_line(str(error).rstrip(".")) or type(error).__name__
