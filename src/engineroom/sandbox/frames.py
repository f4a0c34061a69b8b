"""Messages on a stream: the length in four bytes, then so many bytes."""

import asyncio
import socket
import struct

_LENGTH = struct.Struct("!I")


class FrameError(Exception):
    """The other side does not keep to the protocol."""


def framed(message: bytes) -> bytes:
    """Return a message as it goes over the stream."""
    return _LENGTH.pack(len(message)) + message


class Frames:
    """The side of a task: it waits for each message."""

    def __init__(self, connected: socket.socket) -> None:
        self.socket = connected

    def send(self, message: bytes) -> None:
        """Send a message."""
        self.socket.sendall(framed(message))

    def receive(self) -> bytes | None:
        """Return the next message; None when there are no more."""
        length = self._exactly(_LENGTH.size)
        return None if length is None else self._exactly(_LENGTH.unpack(length)[0])

    def _exactly(self, count: int) -> bytes | None:
        found = bytearray()
        while len(found) < count:
            some = self.socket.recv(min(count - len(found), 1 << 20))
            if not some:
                return None
            found += some
        return bytes(found)


async def receive(reader: asyncio.StreamReader, longest_bytes: int) -> bytes | None:
    """Return the next message; None when there are no more. Raises FrameError for a longer one."""
    try:
        (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
        if length > longest_bytes:
            raise FrameError(f"its answer has {length} bytes, and {longest_bytes} are the most")
        return await reader.readexactly(length)
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
