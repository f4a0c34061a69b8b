"""Tubes of beanstalkd, in its own protocol of lines (doc/protocol.txt of its source)."""

import asyncio
import contextlib

from engineroom.queues.base import BeanstalkdQueues, Snapshot, UnmeasurableError, UnmeasurableQueueError

_NOT_FOUND = b"NOT_FOUND"
_MAX_BODY_BYTES = 64 * 1024 * 1024
"""Of a job, which may be larger than the 64 KiB that are usual (its option -z)."""


class BeanstalkdDriver:
    """See `engineroom.queues.base.Driver`."""

    def __init__(self, connection: BeanstalkdQueues) -> None:
        self._connection = connection
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def snapshot(self, queue: str) -> Snapshot:
        """See Driver.snapshot. A tube is there as long as somebody uses it; one that is not there is empty."""
        if not queue or any(character.isspace() for character in queue):
            raise UnmeasurableQueueError(f"beanstalkd has no tube named {queue!r}: a name has no blanks")
        try:
            return await self._read(queue)
        except BaseException:
            await self.close()  # half of an answer may be on its way
            raise

    def remember(self, queue: str) -> None:
        """See Driver.remember. Nothing is told from it here."""

    async def close(self) -> None:
        """See Driver.close."""
        if self._streams is not None:
            self._streams[1].close()
            with contextlib.suppress(OSError):
                await self._streams[1].wait_closed()
            self._streams = None

    async def _read(self, queue: str) -> Snapshot:
        found = await self._ask(f"stats-tube {queue}")
        if found is None:
            return Snapshot(waiting=0)
        return Snapshot(
            waiting=int(found["current-jobs-ready"]),
            delayed=int(found["current-jobs-delayed"]),
            reserved=int(found["current-jobs-reserved"]),
            failed=int(found["current-jobs-buried"]),
            oldest_age_seconds=await self._age(queue) if int(found["current-jobs-ready"]) else None,
            arrived=int(found["total-jobs"]),
            finished=int(found["cmd-delete"]),
        )

    async def _age(self, queue: str) -> float | None:
        """Return how long the job at the head has been there; None when it was taken meanwhile.

        That counts from when it was put, so that for one that was delayed the delay is taken off.
        """
        await self._line(f"use {queue}")
        first, _, rest = (await self._line("peek-ready")).partition(b" ")
        if first == _NOT_FOUND:
            return None
        number, length = rest.split()
        await self._body(int(length))
        found = await self._ask(f"stats-job {number.decode()}")
        return None if found is None else max(0.0, float(found["age"]) - float(found["delay"]))

    async def _ask(self, command: str) -> dict[str, str] | None:
        """Return the answer's `name: value` lines; None when there is no such thing."""
        first, _, length = (await self._line(command)).partition(b" ")
        if first == _NOT_FOUND:
            return None
        if first != b"OK":
            raise UnmeasurableQueueError(
                f"beanstalkd answers {first.decode(errors='replace')} to {command!r}"
            )
        lines = (await self._body(int(length))).decode().splitlines()
        return dict(line.split(": ", 1) for line in lines if ": " in line)

    async def _line(self, command: str) -> bytes:
        reader, writer = await self._connected()
        writer.write(command.encode() + b"\r\n")
        line = await reader.readline()
        if not line.endswith(b"\r\n"):
            raise UnmeasurableError("beanstalkd hung up")
        return line.rstrip()

    async def _body(self, length: int) -> bytes:
        reader, _ = await self._connected()
        if not 0 <= length <= _MAX_BODY_BYTES:
            raise UnmeasurableError(f"beanstalkd answers with {length} bytes")
        return (await reader.readexactly(length + 2))[:-2]

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._connection.host, self._connection.port)
        return self._streams
