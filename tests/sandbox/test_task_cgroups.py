"""A task and all that it starts have no more together than they may, and end together."""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from engineroom.sandbox import RanOutError, Sandbox, SandboxError, TaskLimits, TenantCommand
from engineroom.sandbox.cgroup_base import PREFIX, unlimited
from tests.keeper.worlds import WITHOUT_CGROUPS, WORLDS
from tests.runtime.asynchronous import asynchronous, eventually
from tests.sandbox.asking import of
from tests.support import proc
from tests.support.waiting import patient, wait_until

pytestmark = pytest.mark.needs("root")

PROCESSES = 10
MIB = 1024 * 1024
LIMITS = TaskLimits(seconds=60, cpu_seconds=20, memory_bytes=192 * MIB, processes=PROCESSES)

# Of any bomb there are no more than this, so that this host survives whatever is wrong.
AT_MOST = 100
SWELLING_PROCESSES = 8

WITH_CGROUPS = {name: world for name, world in WORLDS.items() if world != WITHOUT_CGROUPS}

ASKING = """
import asyncio, json, sys, msgspec
from engineroom.sandbox import TenantCommand, TaskLimits, Sandbox, SandboxError, Tenant

async def main(os_user, limits, argv):
    sandbox = Sandbox()
    command = TenantCommand(argv=tuple(argv))
    try:
        ran = await sandbox.run(command, Tenant(folder="/", os_user=os_user), msgspec.json.decode(limits, type=TaskLimits))
        print(json.dumps(["ran", ran.output.decode()]))
    except SandboxError as error:
        print(json.dumps(["refused", str(error)]))
    await sandbox.close()

asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
"""

COUNTING = f"""
import os, time
count = 0
for _ in range({AT_MOST}):
    try:
        pid = os.fork()
    except OSError:
        break
    if pid == 0:
        time.sleep(600)
        os._exit(0)
    count += 1
print(count)
"""

SWELLING = f"""
import os, select, time
reading, writing = os.pipe()
for _ in range({SWELLING_PROCESSES}):
    if os.fork() == 0:
        much = bytearray({100 * MIB})
        for page in range(0, len(much), 4096):
            much[page] = 1
        os.write(writing, b"x")
        time.sleep(600)
        os._exit(0)
have = ended = 0
while have + ended < {SWELLING_PROCESSES}:
    if select.select([reading], [], [], 0.05)[0]:
        have += len(os.read(reading, 100))
    elif os.waitpid(-1, os.WNOHANG)[0]:
        ended += 1
print(have)
"""

EXPLODING = f"""
import os, resource
_, hard = resource.getrlimit(resource.RLIMIT_NPROC)
most = {AT_MOST}
resource.setrlimit(resource.RLIMIT_NPROC, (most if hard < 0 else min(most, hard),) * 2)
while True:
    try:
        if os.fork() == 0:
            os.setsid()
    except OSError:
        pass
"""


@pytest.fixture
def loner() -> str:
    """A user of whom nothing runs yet, whatever other tests do meanwhile."""
    return str(random.randrange(100_000, 1_000_000))


def asked(world: Sequence[str], user: str, limits: TaskLimits, *argv: str) -> tuple[str, str]:
    """Return how it went and what was said to this user, where a host is as this world."""
    words = [*world, sys.executable, "-c", ASKING, user, json.dumps(as_json(limits)), *argv]
    ran = subprocess.run(words, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    how, said = json.loads(ran.stdout)
    return how, said


def as_json(limits: TaskLimits) -> dict[str, object]:
    return {field: getattr(limits, field) for field in limits.__struct_fields__}


def python(code: str, *arguments: str) -> tuple[str, ...]:
    return ("/usr/bin/env", "python3", "-Ic", code, *arguments)


def bases() -> set[str]:
    """Return the cgroups for tasks that this host has, in all trees."""
    return {
        f"{folder}/{name}"
        for folder, inner, _ in os.walk("/sys/fs/cgroup")
        for name in inner
        if name.startswith(PREFIX)
    }


@pytest.mark.parametrize("world", WORLDS.values(), ids=WORLDS)
def test_a_task_starts_no_more_processes_than_it_may(loner: str, world: Sequence[str]) -> None:
    how, said = asked(world, loner, LIMITS, *python(COUNTING))
    assert how == "ran", said
    assert int(said) in range(1, PROCESSES + 1)


@pytest.mark.parametrize("world", WITH_CGROUPS.values(), ids=WITH_CGROUPS)
def test_all_that_it_starts_takes_no_more_memory_together_than_it_may(
    loner: str, world: Sequence[str]
) -> None:
    how, said = asked(world, loner, LIMITS, *python(SWELLING))
    assert how == "refused" or int(said) < SWELLING_PROCESSES / 2, said


@pytest.mark.parametrize("world", WORLDS.values(), ids=WORLDS)
def test_of_a_bomb_nothing_is_left(loner: str, world: Sequence[str]) -> None:
    limits = TaskLimits(seconds=2, cpu_seconds=20, processes=PROCESSES)

    how, said = asked(world, loner, limits, *python(EXPLODING, loner))

    assert (how, said) == ("refused", "it took longer than 2 s")
    wait_until(
        "nothing is left of it", lambda: not [pid for pid in proc.everyone() if loner in proc.argv(pid)]
    )


async def answers(sandbox: Sandbox, folder: Path) -> bool:
    try:
        await sandbox.run(TenantCommand(argv=("true",)), of(folder), LIMITS)
    except SandboxError:
        return False
    return True


async def settle(sandbox: Sandbox, folder: Path) -> None:
    """Have the sandbox do something again, which takes a second after its fork server was lost."""
    async with asyncio.timeout(patient(60)):
        while not await answers(sandbox, folder):  # noqa: ASYNC110
            await asyncio.sleep(0.05)


def a_time() -> str:
    """Return how long something sleeps that nothing else on this host does, such as this very test beside this one."""
    return str(random.randrange(1_000_000, 1_000_000_000))


def sleeping(seconds: str) -> list[int]:
    return [pid for pid in proc.everyone() if proc.argv(pid) == ["sleep", seconds]]


def fork_server() -> int:
    [found] = [
        pid
        for pid in proc.everyone()
        if proc.parent(pid) == os.getpid() and "engineroom.sandbox" in proc.argv(pid)
    ]
    return found


@asynchronous
async def test_what_a_killed_fork_server_leaves_is_killed_by_the_next(home: Path) -> None:
    sandbox = Sandbox()
    first, second = a_time(), a_time()
    script = f"setsid setsid sleep {second} >&2 & exec sleep {first}"
    running = asyncio.create_task(sandbox.run(TenantCommand(argv=("sh", "-c", script)), of(home), LIMITS))
    await eventually("both sleep", lambda: sleeping(first) and sleeping(second), timeout_seconds=60)
    [left] = sleeping(second)

    os.kill(fork_server(), signal.SIGKILL)
    with pytest.raises(RanOutError):
        await running
    await settle(sandbox, home)

    await eventually("what was left is killed", lambda: not proc.is_alive(left))
    await sandbox.close()


@asynchronous
async def test_what_another_one_uses_is_left_alone(home: Path) -> None:
    one, another = Sandbox(), Sandbox()
    seconds = a_time()
    try:
        running = asyncio.create_task(one.run(TenantCommand(argv=("sleep", seconds)), of(home), LIMITS))
        await eventually("it sleeps", lambda: sleeping(seconds), timeout_seconds=60)
        [task] = sleeping(seconds)
        await settle(another, home)
        assert proc.is_alive(task)
        assert not running.done()
    finally:
        await one.close()
        await another.close()
    with pytest.raises(SandboxError):
        await running


def test_no_cgroup_stays(loner: str) -> None:
    listing = "cat /proc/self/cgroup"
    how, said = asked((), loner, LIMITS, "sh", "-c", listing)
    assert how == "ran"
    places = {part for part in said.replace("/", "\n").split() if part.startswith(PREFIX)}
    [place] = places
    assert not [folder for folder in bases() if folder.endswith(place)]


def test_a_host_where_they_can_be_limited_says_so() -> None:
    assert unlimited() == {}
