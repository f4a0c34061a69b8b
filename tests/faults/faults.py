"""What goes wrong: some of it in a moment, some for as long as nobody ends it, so that other things go wrong meanwhile."""

import contextlib
import os
import shutil
import signal
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Protocol

import psycopg

from tests.support import proc
from tests.support.black_hole import BlackHole
from tests.support.engineroom_server import EngineroomServer
from tests.support.small_disk import fill
from tests.support.waiting import wait_until
from tests.support.wall_clock import WallClock

_MAX_PAUSE_SECONDS = 7.0
"""Longer than a server waits for its keeper."""

_MINUTE, _HOUR, _YEAR = 60, 3600, 365 * 86400
_JUMPS = (_YEAR, -_YEAR, 26 * _HOUR, 5 * _MINUTE, -5 * _MINUTE, -2 * _HOUR)

_KEEPERS_FILES = ("journal", "socket", "lock", "secret", "identity", "cgroups.json", "boot", "variables-at")
_SERVERS_FILES = ("server.lock", "telemetry/clock.json", "telemetry/logs.db-reserve")


class Lasting(Protocol):
    """What is out of order from when it begins until it is ended. Each may be called at any time."""

    def begin(self) -> None:
        """Have it be out of order."""

    def end(self) -> None:
        """Have it be in order again."""


class HungKeeper:
    """The keeper is stopped by a signal."""

    def __init__(self, server: EngineroomServer) -> None:
        self._server = server
        self._stopped: set[int] = set()

    def begin(self) -> None:
        for pid in self._server.keepers():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
                self._stopped.add(pid)

    def end(self) -> None:
        for pid in self._stopped:
            with contextlib.suppress(ProcessLookupError):  # it may have been killed as it was
                os.kill(pid, signal.SIGCONT)
        self._stopped.clear()


class FullDisk:
    """The disk is full to the last byte."""

    def __init__(self, folder: Path) -> None:
        self._hog = folder / "hog"

    def begin(self) -> None:
        fill(self._hog)

    def end(self) -> None:
        self._hog.unlink(missing_ok=True)


class LockedDatabase:
    """Another program holds the lock of an SQLite file."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._holder: sqlite3.Connection | None = None

    def begin(self) -> None:
        if self._holder is None:
            self._holder = sqlite3.connect(self._file, isolation_level=None)
            with contextlib.suppress(sqlite3.OperationalError):  # the disk is full
                self._holder.execute("BEGIN IMMEDIATE")

    def end(self) -> None:
        if self._holder is not None:
            self._holder.close()
            self._holder = None


class HungDatabase:
    """A PostgreSQL accepts and does not answer."""

    def __init__(self, way: BlackHole) -> None:
        self._way = way

    def begin(self) -> None:
        self._way.passes.clear()

    def end(self) -> None:
        self._way.passes.set()


def kill_a_process(server: EngineroomServer, dice: Random) -> None:
    living = sorted(server.user_pids())
    if living:
        # One that was draining may be gone by now.
        with contextlib.suppress(ProcessLookupError):
            proc.kill(dice.choice(living))


def kill_the_keeper(server: EngineroomServer) -> None:
    for pid in server.keepers():
        with contextlib.suppress(ProcessLookupError):
            proc.kill(pid)


def kill_the_server(server: EngineroomServer, lasting: Sequence[Lasting]) -> None:
    """Kill it and start it again: at once, or when that is refused, as it says why, once all is in order."""
    server.kill()
    _start(server, lasting)


def restart_the_server(server: EngineroomServer, lasting: Sequence[Lasting]) -> None:
    """Ask it to end, which it does whatever is out of order, and start it again; see `kill_the_server`."""
    assert server.stop() == 0
    _start(server, lasting)


def _start(server: EngineroomServer, lasting: Sequence[Lasting]) -> None:
    try:
        server.start()
    except AssertionError:
        for each in lasting:
            each.end()
        server.kill()  # it may not have been told in time
        server.start()


def hang_the_server(server: EngineroomServer, dice: Random) -> None:
    os.kill(server.pid, signal.SIGSTOP)
    time.sleep(_MAX_PAUSE_SECONDS * dice.random() ** 4)
    os.kill(server.pid, signal.SIGCONT)


def lose_a_file(server: EngineroomServer, dice: Random) -> None:
    """Remove what server or keeper make again, at once or the next ones."""
    files = [f"keeper/{name}" for name in _KEEPERS_FILES] + list(_SERVERS_FILES)
    (server.data / dice.choice(files)).unlink(missing_ok=True)


def lose_the_keepers_folder(server: EngineroomServer) -> None:
    """Remove all that the keeper has, with the output that nobody has read yet."""
    shutil.rmtree(server.data / "keeper", ignore_errors=True)


def lose_the_variables(server: EngineroomServer) -> None:
    """Remove what the keeper has in memory of the variables of processes."""
    with contextlib.suppress(OSError):
        Path((server.data / "keeper" / "variables-at").read_text().strip()).unlink()


def lose_the_database(server: EngineroomServer) -> None:
    """Remove an SQLite file, which the server puts back as soon as it looks."""
    file = server.data / "engineroom.db"
    file.unlink()
    wait_until("the database is put back", file.exists, timeout_seconds=60)


def end_the_connections(address: str) -> None:
    """End all connections to a PostgreSQL, in whatever is done in them."""
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )


class OlderJournal:
    """The keeper is killed, and the next one finds the journal as it was some time ago."""

    def __init__(self, server: EngineroomServer, kept: Path) -> None:
        self._server = server
        self._kept = kept

    def happen(self) -> None:
        """Keep it as it is; or when it was kept before, put that back."""
        journal = self._server.data / "keeper" / "journal"
        if not self._kept.exists():
            with contextlib.suppress(OSError):  # it was removed just now
                shutil.copyfile(journal, self._kept)
            return
        keepers = self._server.keepers()
        for pid in keepers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
        with contextlib.suppress(OSError):  # the disk is full
            shutil.copyfile(self._kept, journal)
        self._kept.unlink()
        for pid in keepers:
            with contextlib.suppress(ProcessLookupError):
                proc.kill(pid)


def jump(clock: WallClock, dice: Random) -> None:
    """Set the clock of everything to another time, or right."""
    seconds = dice.choice((0, *_JUMPS))
    if seconds == 0 or abs(clock.ahead_seconds + seconds) > 2 * _YEAR:
        clock.set(0)
    else:
        clock.jump(seconds)
