"""The greeting: nobody is heard who does not begin with the secret of the keeper's folder.

Somebody else's program may be made to connect to our socket and to send bytes of an attacker's choice, as the clients of
servers whose address a tenant chooses. It may even run as our own user. What it cannot do is read a file of ours.
"""

import hmac
import json
import os
import secrets
import socket
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from engineroom.keeper.processes.process import JsonObject

SECRET_NAME = "secret"  # noqa: S105 - a file
CALL = "hello"
MAX_BYTES = 4096
"""Of the first line; before it is complete nothing longer is kept."""

SECONDS = 5.0
"""So long a client has for it."""

_SECRET_BYTES = 32
_ROOT = 0


class GreetingError(Exception):
    """A client is not heard, and why. `answer` is what it is told, when it speaks the protocol at all."""

    def __init__(self, reason: str, answer: JsonObject | None = None) -> None:
        super().__init__(reason)
        self.answer = answer


class Secret:
    """What is in the folder's file `secret`, read anew for each greeting: it may have been removed, and is made again."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / SECRET_NAME

    def read(self) -> str:
        """Return the secret, made where there is none that only we can read. Raises OSError."""
        found = self._found()
        if found is None:
            found = secrets.token_hex(_SECRET_BYTES)
            self._write(found)
        return found

    def _found(self) -> str | None:
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return None
        with os.fdopen(descriptor, "rb") as file:
            facts = os.fstat(file.fileno())
            if facts.st_uid not in (_ROOT, os.geteuid()) or facts.st_mode & 0o077:
                return None
            text = file.read(MAX_BYTES).decode("ascii", errors="replace").strip()
        return text if len(text) == 2 * _SECRET_BYTES else None

    def _write(self, secret: str) -> None:
        """Put the secret in place at once: who reads the file finds all of it, or nothing."""
        beside = self._path.with_suffix(".new")
        beside.unlink(missing_ok=True)
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(f"{secret}\n")
        beside.replace(self._path)


def check(line: bytes | bytearray, secret: str) -> JsonObject:
    """Return the request of a first line that is a proper greeting. Raises GreetingError for any other."""
    if len(line) > MAX_BYTES:
        raise GreetingError("its first line is too long")
    try:
        request = json.loads(line)
    except (ValueError, RecursionError):
        raise GreetingError("its first line is no request") from None
    if not isinstance(request, dict) or request.get("call") != CALL:
        raise GreetingError("its first line is no greeting")
    shown = request.get("secret")
    if not isinstance(shown, str) or not hmac.compare_digest(shown.encode(errors="replace"), secret.encode()):
        error = (
            f"a greeting must show what the file {SECRET_NAME} in the keeper's folder has; use an engineroom of the "
            "version that the keeper is of"
        )
        raise GreetingError("it does not know the secret", {"id": _id(request), "error": error})
    return request


def peer(stream: socket.socket) -> int:
    """Return the user who connected (SO_PEERCRED in unix(7)): that of the process which called connect."""
    credentials = stream.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    uid: int = struct.unpack("3i", credentials)[1]
    return uid


def may_connect(uid: int) -> bool:
    """Return whether a user is one whom the keeper listens to at all: its own, or root."""
    return uid in (_ROOT, os.geteuid())


def _id(request: JsonObject) -> int | None:
    number = request.get("id")
    return number if isinstance(number, int) else None


class _Stranger(NamedTuple):
    deadline: float
    turn_away: Callable[[], None]


class Strangers:
    """Those who are connected and have not greeted yet; who takes too long is turned away."""

    def __init__(self) -> None:
        self._waiting: dict[int, _Stranger] = {}

    def came(self, descriptor: int, turn_away: Callable[[], None]) -> None:
        """Take in that somebody has connected."""
        self._waiting[descriptor] = _Stranger(time.monotonic() + SECONDS, turn_away)

    def known(self, descriptor: int) -> None:
        """Take in that somebody has greeted, or has gone."""
        self._waiting.pop(descriptor, None)

    def turn(self) -> float | None:
        """Turn away who is late; return in how many seconds the next one will be, None when there is nobody."""
        now = time.monotonic()
        for stranger in [each for each in self._waiting.values() if each.deadline <= now]:
            stranger.turn_away()
        first = next(iter(self._waiting.values()), None)
        return None if first is None else max(0.0, first.deadline - now)

    def turn_away_the_first(self) -> bool:
        """Make room for somebody; return whether there was anybody who had not greeted."""
        for stranger in self._waiting.values():
            stranger.turn_away()
            return True
        return False
