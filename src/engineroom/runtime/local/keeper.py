"""The keeper of this host, as its client sees it: found or started, asked, and listened to."""

import asyncio
import errno
import fcntl
import itertools
import json
import os
import socket
import struct
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import structlog

from engineroom.runtime.base import RuntimeUnavailableError
from engineroom.runtime.local.heartbeat import why_silent
from engineroom.runtime.local.messages import (
    Happened,
    Hello,
    HungUp,
    KeeperAnswer,
    Message,
    OutputTold,
    ProtocolError,
    RefusedError,
    convert,
    parse,
)
from engineroom.runtime.local.reconnecting import pause_seconds

PROTOCOL = 3
"""What this client speaks; it gets along with keepers from `OLDEST_PROTOCOL` on, and with one version newer."""

OLDEST_PROTOCOL = 1

JOURNAL = "journal"
"""The file that is in the folder of a keeper for as long as there has ever been one."""

SOCKET = "socket"
_SECRET = "secret"  # noqa: S105 - a file
_LOCK = "lock"
_LOG = "log"
_ROOT = 0
_READ_BYTES = 1 << 20
_MAX_LINE_BYTES = 256 * 1024 * 1024
_CONNECT_TRIES = 200
_CONNECT_PAUSE_SECONDS = 0.025
_KEPT_VARIABLES = ("PATH", "HOME", "LANG", "TZ", "USER", "LOGNAME", "XDG_RUNTIME_DIR")

JsonObject = dict[str, Any]
Event = Happened | OutputTold
_log = structlog.get_logger()
_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[JsonObject] = msgspec.json.Decoder(dict)


class KeeperError(Exception):
    """The keeper refused a request, and why."""


class Keeper:
    """A connection to the keeper, which hears nobody who has not greeted. It ends when the keeper does."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, secret: str) -> None:
        self._reader = reader
        self._writer = writer
        self._secret = secret
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[JsonObject]] = {}
        self._fault: ProtocolError | None = None
        self.has_hung_up = False
        """Whether it was the keeper who ended the connection."""

    async def greet(self) -> Hello:
        """Say who we are, by what only we can read, and return who the keeper is. See `ask`."""
        try:
            return await self.ask(Hello, "hello", secret=self._secret)
        except KeeperError:
            if self._secret:
                raise
            raise ConnectionError("the file of the keeper's secret was gone; it is made anew") from None

    async def ask(self, what: type[Message], name: str, **arguments: Any) -> Message:
        """Ask, and return what the result says; see `call`. One that makes no sense ends the connection: `events` tells."""
        result = await self.call(name, **arguments)
        try:
            return convert(result, what)
        except ProtocolError as error:
            self._fault = error
            self.close()
            raise ConnectionError("the keeper answers what makes no sense") from error

    async def call(self, name: str, **arguments: Any) -> JsonObject:
        """Ask, and return the result. Raises KeeperError on a refusal, ConnectionError when the keeper is gone.

        Somebody must be iterating over `events`, which takes the answers in.
        """
        return await self.send(name, **arguments)

    def send(self, name: str, **arguments: Any) -> asyncio.Future[JsonObject]:
        """Ask now, before whoever asks next, and return what the result will be; see `call`."""
        answer = asyncio.get_running_loop().create_future()
        if self._writer.is_closing():
            answer.set_exception(ConnectionError("the keeper is gone"))
            return answer
        number = next(self._ids)
        self._waiting[number] = answer
        self._writer.write(_encoder.encode({"id": number, "call": name, **arguments}) + b"\n")
        return answer

    async def events(self) -> AsyncIterator[list[Event]]:
        """Yield the events that arrived together, until the keeper is gone.

        Raises ProtocolError for what is no message of a keeper's, after what came before it, and RefusedError when the
        keeper says that we have sent what is none.
        """
        received = bytearray()
        try:
            while data := await self._reader.read(_READ_BYTES):
                received += data
                if b"\n" not in data:
                    if len(received) > _MAX_LINE_BYTES:
                        raise ProtocolError(f"a line of it is longer than {_MAX_LINE_BYTES} bytes")
                    continue
                *lines, received = received.split(b"\n")
                events, failure = self._understood(lines)
                if events:
                    yield events
                if failure is not None:
                    raise failure
            self.has_hung_up = not self._writer.is_closing()
        except ConnectionError:
            pass
        finally:
            self.close()
        if self._fault is not None:
            raise self._fault

    def _understood(self, lines: Sequence[bytearray]) -> tuple[list[Event], ProtocolError | None]:
        """Take in answers, and return the events, up to the first line that cannot be understood."""
        events: list[Event] = []
        for line in lines:
            try:
                message = parse(_decoded(line))
                if isinstance(message, KeeperAnswer):
                    self._take_answer(message)
                elif isinstance(message, HungUp):
                    return events, RefusedError(message.refused)
                else:
                    events.append(message)
            except ProtocolError as error:
                return events, error
        return events, None

    def close(self) -> None:
        """Disconnect; whoever still waits for an answer gets a ConnectionError."""
        self._writer.close()
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(ConnectionError("the keeper is gone"))
                answer.exception()
        self._waiting.clear()

    def _take_answer(self, message: KeeperAnswer) -> None:
        answer = self._waiting.pop(message.id, None)
        if answer is None:
            raise ProtocolError(f"it answers what nobody has asked: request {message.id}")
        if answer.done():
            return
        if message.result is None:
            answer.set_exception(KeeperError(message.error or ""))
        else:
            answer.set_result(message.result)


def _decoded(line: bytes | bytearray) -> JsonObject:
    """Return what a line says. A name of a file may be no Unicode: what is not is a question mark from here on."""
    try:
        return _decoder.decode(line)
    except msgspec.DecodeError:
        pass
    try:
        readable = json.dumps(json.loads(line), ensure_ascii=False).encode(errors="replace")
        return _decoder.decode(readable)
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"a line of it is no JSON object: {error}") from None


async def connect(folder: Path) -> Keeper:
    """Return a connection to the keeper that runs on `folder`. Raises OSError when there is none, or when it is none."""
    stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    stream.setblocking(False)
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            address = f"/proc/self/fd/{descriptor}/{SOCKET}"
            await asyncio.get_running_loop().sock_connect(stream, address)
            _believe(stream, os.fstat(descriptor).st_uid, folder)
        finally:
            os.close(descriptor)
        reader, writer = await asyncio.open_unix_connection(sock=stream)
    except BaseException:
        stream.close()
        raise
    return Keeper(reader, writer, _secret(folder))


def _believe(stream: socket.socket, owner: int, folder: Path) -> None:
    """Make sure, before it learns the secret, that nobody else listens there. Raises PermissionError."""
    credentials = stream.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    uid: int = struct.unpack("3i", credentials)[1]
    if uid not in (_ROOT, os.geteuid(), owner):
        raise PermissionError(
            errno.EPERM,
            f"user {uid} listens on the keeper's socket, which is not the keeper's user; end that, and remove the socket",
            str(folder / SOCKET),
        )


def _secret(folder: Path) -> str:
    """Return what the keeper wants to be shown; nothing where it is of an older version, or is just making it."""
    try:
        return (folder / _SECRET).read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return ""


class KeeperLauncher:
    """Starts keepers on one folder, detached from this process and from its terminal."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._started: subprocess.Popen[bytes] | None = None

    async def connect(self) -> Keeper:
        """Return a connection to the keeper, started when none runs.

        Raises RuntimeUnavailableError when it does not come up, with its own last words.
        """
        if self._started is not None and self._started.poll() is not None:
            self._started = None  # why an earlier one ended says nothing of the next one's start
        for _ in range(_CONNECT_TRIES):
            try:
                return await connect(self._folder)
            except (FileNotFoundError, ConnectionRefusedError):
                self._launch_unless_running()
            except PermissionError as error:
                raise RuntimeUnavailableError(f"cannot trust the keeper: {error}") from None
            await asyncio.sleep(_CONNECT_PAUSE_SECONDS)
        raise RuntimeUnavailableError(f"the keeper does not answer on {self._folder}: {self._last_words()}")

    async def connect_at_last(self) -> Keeper:
        """Return a connection to the keeper, however often that has to be tried."""
        for failures in itertools.count(1):
            try:
                return await self.connect()
            except (RuntimeUnavailableError, OSError) as error:
                _log.error("Cannot reach the keeper.", action="keeper.unavailable", reason=str(error))
                await asyncio.sleep(pause_seconds(failures))
        raise AssertionError  # there is no end of numbers

    def why_silent(self) -> str:
        """Return why the keeper does not answer, as far as can be told, and what to do."""
        return why_silent(self._folder / _LOCK)

    def _launch_unless_running(self) -> None:
        if (self._started is not None and self._started.poll() is None) or self._is_locked():
            return
        if self._started is not None and self._started.returncode == 1:
            raise RuntimeUnavailableError(self._last_words())
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self._folder / _LOG).open("ab") as log:
            self._started = subprocess.Popen(
                [sys.executable, "-I", "-m", "engineroom.keeper", str(self._folder)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ},
                start_new_session=True,
            )

    def _is_locked(self) -> bool:
        """Return whether a keeper runs on the folder, though it may not listen yet, or not just now."""
        try:
            descriptor = os.open(self._folder / _LOCK, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def _last_words(self) -> str:
        try:
            lines = (self._folder / _LOG).read_text(errors="replace").splitlines()
        except OSError as error:
            return str(error)
        return lines[-1].removeprefix("cannot start the keeper: ") if lines else "it said nothing"


async def answered(calls: list[asyncio.Future[JsonObject]]) -> None:
    """Wait for the answers. When the keeper is gone meanwhile, what it has is looked at afresh on the next connection."""
    for answer in await asyncio.gather(*calls, return_exceptions=True):
        if isinstance(answer, BaseException) and not isinstance(answer, ConnectionError):
            raise answer
