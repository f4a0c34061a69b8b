"""`engineroom down`."""

import asyncio
import contextlib
import fcntl
import os
import select
import signal
import time
from pathlib import Path

from engineroom.cli.errors import CommandError
from engineroom.cli.host.claim import holder
from engineroom.cli.options import settings
from engineroom.cli.terminal.messages import say
from engineroom.runtime.base import RuntimeUnavailableError
from engineroom.runtime.local import survivors
from engineroom.runtime.local.heartbeat import SilenceError, beat, why_hanging, why_silent
from engineroom.runtime.local.keeper import JOURNAL, SOCKET, Keeper, KeeperError, KeeperLauncher
from engineroom.runtime.local.messages import Happened, ProtocolError

_ROOT = 0
_SERVER_SECONDS = 30.0
_HANGING_SECONDS = 5.0
"""One that hangs after this is waited for no longer."""

_KEEPER_SECONDS = 10.0
_PAUSE_SECONDS = 0.1


def down(*, data: Path | None = None, timeout: float = 60.0) -> None:
    """Stop the server, drain every process on this host, and stop the keeper.

    Parameters
    ----------
    data
        The server's data folder (ENGINEROOM_DATA; ~/.local/share/engineroom).
    timeout
        Seconds that processes may take to finish what they do; then they are killed.
    """
    if timeout < 0:
        raise CommandError(f"cannot wait for {timeout} s; give --timeout as seconds, 0 or more")
    found = settings(data)
    _stop_server(found.server_lock)
    _wait_until_mended(found.keeper)
    asyncio.run(_drain(found.keeper, timeout))
    _say_what_is_left(found.keeper)
    say("Everything is stopped.")


def _wait_until_mended(folder: Path) -> None:
    """Give a keeper whose folder was removed the time to make it again, so that it can be asked to drain what it keeps."""
    deadline = time.monotonic() + _KEEPER_SECONDS
    while (living := survivors.keepers(folder)) and not _can_be_asked(folder):
        if time.monotonic() > deadline:
            raise CommandError(
                f"nothing is stopped yet: the keeper (pid {living[0].pid}) cannot make {folder} again; make that folder, or "
                "room for it, and look at its log; then run this again"
            )
        time.sleep(_PAUSE_SECONDS)


def _can_be_asked(folder: Path) -> bool:
    return all((folder / name).exists() for name in (JOURNAL, SOCKET))


def _say_what_is_left(folder: Path) -> None:
    """Raise CommandError when the kernel knows of something that has not ended."""
    deadline = time.monotonic() + _KEEPER_SECONDS
    while (left := survivors.of_keeper(folder)) and time.monotonic() < deadline:
        time.sleep(_PAUSE_SECONDS)
    if left:
        named = "; ".join(f"pid {each.pid} ({each.command})" for each in left)
        raise CommandError(f"not everything is stopped: {named} of it is left; end that with kill -9")


def _stop_server(lock: Path) -> None:
    """Ask the server that holds the lock to end, and wait until it has."""
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        pid = holder(lock)
        return None if pid is None else _end(pid)
    except OSError as error:
        raise CommandError(f"cannot look for the server: {error}; run this as the user who runs it") from None
    try:
        if not _is_free(descriptor):
            _end(holder(lock) or _written(descriptor))
    finally:
        os.close(descriptor)


def _is_free(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _written(descriptor: int) -> int:
    """Return the pid of the server that holds the lock and whose files we may not see: another user's."""
    if os.geteuid() == _ROOT:
        raise CommandError("a server is at work, but where this runs it cannot be seen; stop its container")
    written = os.pread(descriptor, 32, 0).strip()
    if not written.isdigit():
        raise CommandError("the server is only just starting; try again in a moment")
    return int(written)


def _end(pid: int) -> None:
    """Ask a process to end and wait until it has, by a descriptor that cannot come to mean another one."""
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        signal.pidfd_send_signal(pidfd, signal.SIGTERM)
        ended, _, _ = select.select([pidfd], [], [], _HANGING_SECONDS)
        if not ended and why_hanging(pid) is None:
            ended, _, _ = select.select([pidfd], [], [], _SERVER_SECONDS - _HANGING_SECONDS)
    except ProcessLookupError:
        return
    except PermissionError:
        raise CommandError(
            f"cannot stop the server (pid {pid}): it runs as another user; run this as that user"
        ) from None
    finally:
        os.close(pidfd)
    if not ended:
        raise CommandError(
            f"the server (pid {pid}) does not end: {why_hanging(pid) or 'look at its log'}; then run this again"
        )


async def _drain(folder: Path, timeout_seconds: float) -> None:
    """Have the keeper drain everything, and wait until it is gone. One that was killed left what it kept to the next."""
    while (folder / JOURNAL).exists() or survivors.of_keeper(folder):
        try:
            keeper = await KeeperLauncher(folder).connect()
        except (RuntimeUnavailableError, OSError) as error:
            raise CommandError(f"cannot have the keeper drain what runs: {error}") from None
        asking = asyncio.create_task(_ask(keeper, timeout_seconds))
        beating = asyncio.create_task(_hang_up_when_silent(keeper, folder))
        try:
            stopped = await _stopped(keeper)
            kept, pidfd = await asking
            await beating
        except (KeeperError, ProtocolError) as error:
            raise CommandError(
                f"cannot have the keeper drain what runs: {error}; look at {folder / 'log'}"
            ) from None
        if pidfd is not None:  # it closes its connections a moment before it ends
            select.select([pidfd], [], [], _KEEPER_SECONDS)
            os.close(pidfd)
        if kept is not None and kept <= stopped:
            return


async def _hang_up_when_silent(keeper: Keeper, folder: Path) -> None:
    """Raise CommandError when the keeper does not answer any more; return when it is gone."""
    try:
        await beat(keeper.greet, lambda hello: None)  # noqa: ARG005
    except (ConnectionError, KeeperError):
        return
    except SilenceError:
        reason = why_silent(folder / "lock")
        keeper.close()
        raise CommandError(f"nothing is stopped yet: {reason}; then run this again") from None


async def _stopped(keeper: Keeper) -> set[str]:
    """Return what the keeper tells of as stopped until it is gone."""
    stopped: set[str] = set()
    async for entries in keeper.events():
        stopped |= {one.process.id for one in entries if isinstance(one, Happened) and one.process.is_over}
    return stopped


async def _ask(keeper: Keeper, timeout_seconds: float) -> tuple[set[str] | None, int | None]:
    """Ask the keeper to end when everything has; return what it keeps, and a pidfd of it. None: it is gone already."""
    kept = pidfd = None
    with contextlib.suppress(ConnectionError, ProcessLookupError):
        hello = await keeper.greet()
        pidfd = os.pidfd_open(hello.pid)
        known = await keeper.call("watch", epoch=hello.epoch, after=hello.sequence)
        kept = {one["id"] for one in known["processes"]}
        await keeper.call("shutdown", timeout_seconds=timeout_seconds)
    return kept, pidfd
