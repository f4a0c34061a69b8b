"""The process that measures the queues of one user, as that user."""

import asyncio
import contextlib
import os
import socket

import msgspec

from engineroom.queues import meter, registry
from engineroom.queues.base import (
    DatabaseQueues,
    Driver,
    QueueConnection,
    SqsQueues,
    UnmeasurableQueueError,
)
from engineroom.queues.isolated.wire import (
    Beginning,
    Forget,
    Measure,
    MeasuredQueue,
    Reply,
    Unmeasured,
    encoded,
    unwired,
)
from engineroom.queues.networks import Networks
from engineroom.sandbox import OUT_OF_MEMORY, Service, TaskLimits
from engineroom.sandbox.frames import Frames, framed, receive

LIFETIME_SECONDS = 300.0
_MIB = 1024 * 1024
_NOWHERE = "/nonexistent"
_requests = msgspec.json.Decoder(Measure | Forget)


class _Measurer:
    """Answers every question for itself, so that none waits for another one's server."""

    def __init__(self, networks: Networks, answer_seconds: float) -> None:
        self._networks = networks
        self._answer_seconds = answer_seconds
        self._drivers: dict[QueueConnection, Driver] = {}

    async def run(self, connected: socket.socket) -> None:
        """Answer until nobody asks any more."""
        reader, writer = await asyncio.open_unix_connection(sock=connected)
        answering: set[asyncio.Task[None]] = set()
        while message := await receive(reader, SERVICE.limits.answer_bytes):
            task = asyncio.create_task(self._take(message, writer))
            answering.add(task)
            task.add_done_callback(answering.discard)
        # Not waited for: a thread may wait for a server that never answers.
        os._exit(0)

    async def _take(self, message: bytes, writer: asyncio.StreamWriter) -> None:
        match _requests.decode(message):
            case Forget(connection):
                driver = self._drivers.pop(unwired(connection), None)
                if driver is not None:
                    await driver.close()
            case asked:
                try:
                    answer = await self._measured(asked)
                except MemoryError:
                    os._exit(OUT_OF_MEMORY)
                writer.write(framed(msgspec.json.encode(answer)))

    async def _measured(self, asked: Measure) -> Reply:
        connection = unwired(asked.connection)
        try:
            async with asyncio.timeout(self._answer_seconds):
                snapshot = await self._driver(connection, asked).snapshot(asked.queue)
            return MeasuredQueue(number=asked.number, counts=encoded(snapshot))
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - each client library has its own, and all mean the same here
            return Unmeasured(
                number=asked.number,
                why=meter.words(error, self._answer_seconds),
                queue_alone=isinstance(error, UnmeasurableQueueError),
                hung=isinstance(error, TimeoutError) and isinstance(connection, DatabaseQueues | SqsQueues),
            )

    def _driver(self, connection: QueueConnection, asked: Measure) -> Driver:
        if connection not in self._drivers:
            self._drivers[connection] = registry.driver(connection, self._networks)
        driver = self._drivers[connection]
        if asked.seen:
            driver.remember(asked.queue)
        return driver


def _run(frames: Frames) -> None:
    beginning = msgspec.json.decode(frames.receive() or b"", type=Beginning)
    # What lies in a home folder (~/.pgpass, ~/.aws, certificates) is for its owner's own programs: only what an
    # application says itself is used for it.
    os.environ["HOME"] = _NOWHERE
    networks = Networks.of(beginning.allowed, beginning.denied)
    networks.enforce()
    frames.socket.setblocking(False)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_Measurer(networks, beginning.answer_seconds).run(frames.socket))


SERVICE = Service(
    name="engineroom.queues.isolated.service:SERVICE",
    run=_run,
    limits=TaskLimits(
        seconds=LIFETIME_SECONDS + 60,
        cpu_seconds=120,
        memory_bytes=256 * _MIB,
        file_bytes=16 * _MIB,  # what SQLite shares between those who read a database with a write-ahead log
        open_files=512,
        processes=128,  # threads count, too
        answer_bytes=2 * _MIB,
    ),
)
