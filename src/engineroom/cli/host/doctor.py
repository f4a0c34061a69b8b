"""`engineroom doctor`."""

import asyncio
import json
import os
import resource
import shlex
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from engineroom import __version__
from engineroom.cli.options import settings
from engineroom.cli.terminal.messages import say
from engineroom.runtime.local.forgotten_variables import Forgotten, forgotten, places
from engineroom.runtime.local.heartbeat import why_silent
from engineroom.runtime.local.keeper import Keeper, KeeperError, connect
from engineroom.runtime.local.messages import Hello, ProtocolError
from engineroom.runtime.local.process_ids import ProcessRoom, tightest
from engineroom.sandbox import unlimited
from engineroom.settings import Settings

_LITTLE_SPACE_PERCENT = 5.0
_ENOUGH_OPEN_FILES = 4096
_FEW_PROCESSES = 200
_BORN_IN_CGROUPS = (5, 7)
_TELLS_EXITS = (6, 15)
_ANSWER_SECONDS = 5.0


class Grade(StrEnum):
    """How good or bad a finding is."""

    GOOD = "ok"
    WARNING = "warning"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, what was seen, and for what is not good what to do."""

    grade: Grade
    what: str
    message: str


def doctor(
    *,
    json_: Annotated[bool, Parameter(name="--json", negative="")] = False,
    data: Path | None = None,
) -> None:
    """Look for what is wrong, or could be better, on this host. The exit status is 1 when something does not work.

    Parameters
    ----------
    json_
        Print the findings as JSON, for programs.
    data
        The server's data folder (ENGINEROOM_DATA; ~/.local/share/engineroom).
    """
    found = settings(data)
    findings = [
        *_of_folder(found.data),
        *_of_host(),
        *of_processes(tightest(found.keeper / "lock")),
        *of_tasks(unlimited()),
        *of_forgotten_variables(forgotten(places())),
        *asyncio.run(_of_keeper(found)),
    ]
    if json_:
        say(json.dumps([asdict(finding) for finding in findings]))
    else:
        for finding in findings:
            say(f"{finding.grade:<8} {finding.what:<13} {finding.message}")
    if any(finding.grade is Grade.BAD for finding in findings):
        sys.exit(1)


def _of_folder(folder: Path) -> Iterator[Finding]:
    if not folder.is_dir():
        yield Finding(Grade.WARNING, "data folder", f"{folder} is not there yet; engineroom serve makes it")
        return
    if not os.access(folder, os.W_OK | os.X_OK):
        yield Finding(Grade.BAD, "data folder", f"{folder} is not writable; run this as the user who owns it")
        return
    yield Finding(Grade.GOOD, "data folder", str(folder))
    yield of_space(*shutil.disk_usage(folder)[::2])


def of_space(total_bytes: int, free_bytes: int) -> Finding:
    """Return what is to be said of the disk that the data folder is on."""
    percent = 100.0 * free_bytes / max(1, total_bytes)
    text = f"{free_bytes / 1e9:.1f} GB free ({percent:.0f} %)"
    if percent < _LITTLE_SPACE_PERCENT:
        return Finding(Grade.WARNING, "disk", f"{text}; make room, or output of processes will be dropped")
    return Finding(Grade.GOOD, "disk", text)


def _of_host() -> Iterator[Finding]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < _ENOUGH_OPEN_FILES:
        advice = "raise it (LimitNOFILE= in the unit, or ulimit -Hn) to run thousands of processes"
        yield Finding(Grade.WARNING, "open files", f"limited to {hard}; {advice}")
    else:
        yield Finding(Grade.GOOD, "open files", f"limited to {soft}, and for the keeper to {hard}")
    yield of_kernel(os.uname().release)


def of_processes(room: ProcessRoom | None) -> Iterator[Finding]:
    """Yield what is to be said of how many more processes there may be."""
    if room is None:
        return
    text = f"{room.there} of at most {room.most} processes and threads are there"
    if room.left < max(_FEW_PROCESSES, room.most // 5):
        advice = f"soon none can be started; raise {room.remedy}"
        yield Finding(Grade.WARNING, "process ids", f"{text}; {advice}")
    else:
        yield Finding(Grade.GOOD, "process ids", text)


def of_kernel(release: str) -> Finding:
    """Return what is to be said of this kernel."""
    numbers = tuple(int(part) for part in release.split("-", maxsplit=1)[0].split(".")[:2])
    if numbers < _BORN_IN_CGROUPS:
        return Finding(
            Grade.WARNING, "kernel", f"{release}: starts take some 10 ms longer than with Linux 5.7 and newer"
        )
    if numbers < _TELLS_EXITS:
        known = "exit codes of processes that end while the keeper is away are not told before Linux 6.15"
        return Finding(Grade.GOOD, "kernel", f"{release}; {known}")
    return Finding(Grade.GOOD, "kernel", release)


def of_tasks(reasons: Mapping[str, str]) -> Iterator[Finding]:
    """Yield how far what a task starts is limited, which asks an application or measures queues as their user.

    `reasons` say why memory or processes are not.
    """
    otherwise = {
        "memory": "limited for each process of a task alone, not for all together",
        "processes": "limited by how many their user may have (RLIMIT_NPROC) alone",
    }
    for what, limit in otherwise.items():
        if what in reasons:
            yield Finding(Grade.WARNING, f"task {what}", f"{limit}: {reasons[what]}")
        else:
            yield Finding(Grade.GOOD, f"task {what}", "limited for each task, with all that it starts")


def of_forgotten_variables(found: Iterable[Forgotten]) -> Iterator[Finding]:
    """Yield what is to be said of these folders in memory."""
    for path, keeper in found:
        if keeper is None:
            whose = "of a keeper of an earlier version; if none runs"
        elif keeper.is_dir():
            whose = f"that the keeper of {keeper} does not use any more; if it runs as it should"
        else:
            whose = f"of the keeper of {keeper}, which is gone; if that was not moved, nor is on a disk that is not mounted"
        message = f"{path} has variables {whose}, remove it: rm -r {shlex.quote(str(path))}"
        yield Finding(Grade.WARNING, "variables", message)


async def _of_keeper(found: Settings) -> list[Finding]:
    try:
        keeper = await connect(found.keeper)
    except (FileNotFoundError, ConnectionRefusedError):
        return [Finding(Grade.WARNING, "keeper", "none runs; engineroom serve starts it, then ask again")]
    except PermissionError as error:
        text = f"it belongs to another user ({error}); run this as the one who runs it"
        return [Finding(Grade.BAD, "keeper", text)]
    try:
        return list(of_hello(await _hello(keeper)))
    except (KeeperError, ProtocolError) as error:
        return [
            Finding(Grade.BAD, "keeper", f"it is not understood: {error}; look at {found.keeper / 'log'}")
        ]
    except (TimeoutError, ConnectionError):
        return [Finding(Grade.BAD, "keeper", why_silent(found.keeper / "lock"))]


async def _hello(keeper: Keeper) -> Hello:
    async def listen() -> None:
        async for _ in keeper.events():
            pass

    listening = asyncio.create_task(listen())
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            return await keeper.greet()
    finally:
        keeper.close()
        await listening


def of_hello(hello: Hello) -> Iterator[Finding]:
    """Yield what is to be said of the keeper that greeted so."""
    version = hello.version
    if version != __version__:
        message = (
            f"pid {hello.pid}, version {version}; this is {__version__}; start engineroom serve to upgrade it"
        )
        yield Finding(Grade.WARNING, "keeper", message)
    else:
        yield Finding(Grade.GOOD, "keeper", f"pid {hello.pid}, version {version}")
    if hello.shortage is not None:
        yield Finding(Grade.WARNING, "descriptors", hello.shortage)
    unlimited = hello.unlimited or {}
    for what in ("memory", "cpu", "processes"):
        if what in unlimited:
            yield Finding(Grade.WARNING, f"{what} limit", f"not enforced: {unlimited[what]}")
        elif hello.containers is not None:
            yield Finding(Grade.GOOD, f"{what} limit", f"enforced by {hello.containers}")
