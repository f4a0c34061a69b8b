"""The keeper of this host, as its client sees it: found or started, asked, and listened to."""

import asyncio
import contextlib
import fcntl
import itertools
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import structlog

from engineroom.runtime.base import RuntimeUnavailableError

PROTOCOL = 2
"""What this client speaks; it gets along with keepers one version older or newer."""

JOURNAL = "journal"
"""The file that is in the folder of a keeper for as long as there has ever been one."""

_SOCKET = "socket"
_LOCK = "lock"
_LOG = "log"
_LONGEST_LINE_BYTES = 256 * 1024 * 1024
_CONNECT_TRIES = 200
_CONNECT_PAUSE_SECONDS = 0.025
_KEPT_VARIABLES = ("PATH", "HOME", "LANG", "TZ", "USER", "LOGNAME", "XDG_RUNTIME_DIR")

JsonObject = dict[str, Any]
_log = structlog.get_logger()
_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[JsonObject] = msgspec.json.Decoder(dict)


class KeeperError(Exception):
    """The keeper refused a request, and why."""


class Keeper:
    """A connection to the keeper. It ends when the keeper does; then `connect` makes another."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[JsonObject]] = {}

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

    async def events(self) -> AsyncIterator[list[JsonObject]]:
        """Yield the events that arrived together, until the keeper is gone."""
        rest = b""
        try:
            while data := await self._reader.read(1 << 20):
                *lines, rest = (rest + data).split(b"\n")
                events = [entry for entry in map(_decoded, lines) if not self._take_answer(entry)]
                if events:
                    yield events
        except ConnectionError:
            pass
        finally:
            self.close()

    def close(self) -> None:
        """Disconnect; whoever still waits for an answer gets a ConnectionError."""
        self._writer.close()
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(ConnectionError("the keeper is gone"))
                answer.exception()
        self._waiting.clear()

    def _take_answer(self, entry: JsonObject) -> bool:
        if "id" not in entry:
            return False
        answer = self._waiting.pop(entry["id"], None)
        if answer is not None and not answer.done():
            if "error" in entry:
                answer.set_exception(KeeperError(entry["error"]))
            else:
                answer.set_result(entry["result"])
        return True


def _decoded(line: bytes) -> JsonObject:
    """Return what a line says. A name of a file may be no Unicode: what is not is a question mark from here on."""
    try:
        return _decoder.decode(line)
    except msgspec.DecodeError:
        readable = json.dumps(json.loads(line), ensure_ascii=False).encode(errors="replace")
        return _decoder.decode(readable)


async def connect(folder: Path) -> Keeper:
    """Return a connection to the keeper that runs on `folder`. Raises OSError when there is none."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        path = f"/proc/self/fd/{descriptor}/{_SOCKET}"
        reader, writer = await asyncio.open_unix_connection(path, limit=_LONGEST_LINE_BYTES)
    finally:
        os.close(descriptor)
    return Keeper(reader, writer)


class Launcher:
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
            with contextlib.suppress(FileNotFoundError, ConnectionRefusedError):
                return await connect(self._folder)
            self._launch_unless_running()
            await asyncio.sleep(_CONNECT_PAUSE_SECONDS)
        raise RuntimeUnavailableError(f"the keeper does not answer on {self._folder}: {self._last_words()}")

    async def connect_at_last(self, pause_seconds: float) -> Keeper:
        """Return a connection to the keeper, however often that has to be tried."""
        while True:
            try:
                return await self.connect()
            except (RuntimeUnavailableError, OSError) as error:
                _log.exception("Cannot reach the keeper.", action="keeper.unavailable", reason=str(error))
                await asyncio.sleep(pause_seconds)

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
        return lines[-1] if lines else "it said nothing"


async def answered(calls: list[asyncio.Future[JsonObject]]) -> None:
    """Wait for the answers. When the keeper is gone meanwhile, what it has is looked at afresh on the next connection."""
    for answer in await asyncio.gather(*calls, return_exceptions=True):
        if isinstance(answer, BaseException) and not isinstance(answer, ConnectionError):
            raise answer


def report_failure(task: asyncio.Future[None]) -> None:
    """Log what the keeper refused, of answers that nobody waits for."""
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.error("The keeper refused a request.", action="keeper.refused", reason=str(error))
