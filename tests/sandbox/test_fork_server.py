"""The fork server may be killed or stopped: what it ran ends with it, and the next question has another one."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from engineroom.sandbox import RanOutError, Sandbox, SandboxError, TaskLimits, Tenant, TenantCommand
from tests.runtime.asynchronous import asynchronous, eventually
from tests.support import proc

LIMITS = TaskLimits(seconds=60, cpu_seconds=20)


def children(pid: int) -> list[int]:
    return [each for each in proc.everyone() if proc.parent(each) == pid]


def fork_servers() -> list[int]:
    return [pid for pid in children(os.getpid()) if "engineroom.sandbox" in proc.argv(pid)]


async def answers(sandbox: Sandbox, folder: Path) -> bool:
    try:
        ran = await sandbox.run(TenantCommand(argv=("echo", "here")), Tenant(folder=str(folder)), LIMITS)
    except SandboxError:
        return False
    return ran.output == b"here\n"


@asynchronous
async def test_what_a_killed_fork_server_ran_ends_with_it_and_another_one_answers(tmp_path: Path) -> None:
    sandbox = Sandbox()
    try:
        sleeping = asyncio.create_task(
            sandbox.run(TenantCommand(argv=("sleep", "600")), Tenant(folder=str(tmp_path)), LIMITS)
        )
        await eventually("it sleeps", lambda: fork_servers() and children(fork_servers()[0]))
        [server] = fork_servers()
        [task] = children(server)
        os.kill(server, signal.SIGKILL)
        with pytest.raises(RanOutError):
            await sleeping
        await eventually("the task has ended, too", lambda: not proc.is_alive(task))
        async with asyncio.timeout(30):
            # It rests for a second before it is started again.
            while not await answers(sandbox, tmp_path):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        assert fork_servers() != [server]
    finally:
        await sandbox.close()
    assert fork_servers() == []


@asynchronous
async def test_closing_ends_what_runs(tmp_path: Path) -> None:
    sandbox = Sandbox()
    sleeping = asyncio.create_task(
        sandbox.run(TenantCommand(argv=("sleep", "600")), Tenant(folder=str(tmp_path)), LIMITS)
    )
    await eventually("it sleeps", lambda: fork_servers() and children(fork_servers()[0]))
    [task] = children(fork_servers()[0])
    await sandbox.close()
    with pytest.raises(SandboxError):
        await sleeping
    assert fork_servers() == []
    await eventually("the task has ended, too", lambda: not proc.is_alive(task))
