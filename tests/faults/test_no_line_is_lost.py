"""Keeper, reader and processes are killed at random under load; every line is read once, and in order.

What nobody reads for long is dropped beyond a bound, and that is told. So that a busy machine does not come to that, who
prints waits for the reader: then whatever is missing, told or not, is a fault.

`make soak` runs this for longer, and with other seeds. A failure names its seed: ENGINEROOM_FAULT_SEED repeats it.
"""

import asyncio
import contextlib
import os
import random
import signal
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from engineroom.model.ids import BackgroundProcessId
from engineroom.model.logs.output import Line, StreamId, lines
from engineroom.model.processes.workload import Workload
from engineroom.runtime.base import RuntimeUnavailableError
from engineroom.runtime.local import LocalRuntime, planner
from tests.faults.length import SEED, turns
from tests.runtime.asynchronous import asynchronous, eventually
from tests.runtime.conformance import some_workload
from tests.runtime.test_local import LocalHost
from tests.support import proc

FEWEST_TURNS = 80
_MAX_PAUSE_SECONDS = 0.05
_MAX_WORKLOADS = 3

COUNTING = """
import itertools, os, sys, time
turns, seen = os.open(sys.argv[1], os.O_RDONLY), 0
for number in itertools.count():
    stream = 1 + number % 2
    line = b"%d %d\\n" % (os.getpid(), number // 2)
    half = len(line) // 2
    os.write(stream, line[:half])
    os.write(stream, line[half:])
    while number % 50 == 0 and (turn := os.fstat(turns).st_size) == seen:
        time.sleep(0.02)
    seen = turn
"""
"""Counts on both streams, each line in two writes; fifty lines a turn, which the file of its argument counts."""


class Checker:
    """What one stream must say next: each life counts from 0, and only its last line may be cut off, by a kill.

    The newest line waits for the one behind it, which tells whether it was the last of its life.
    """

    def __init__(self) -> None:
        self._pid, self._expected = b"", 0
        self._newest: Line | None = None

    def take(self, line: Line) -> None:
        if self._newest is not None:
            assert self._newest.at_nanoseconds <= line.at_nanoseconds
            self._check(self._newest, ends=line.text.endswith(b" 0"))
        self._newest = line

    def end(self) -> None:
        if self._newest is not None:
            self._check(self._newest, ends=True)
        self._newest = None

    def _check(self, line: Line, *, ends: bool) -> None:
        whole = f"{self._pid.decode()} {self._expected}".encode()
        if line.text == whole:
            self._expected += 1
            return
        if ends and (whole + b"\n").startswith(line.text) and len(line.text) == (len(whole) + 1) // 2:
            return
        begun, _, number = line.text.partition(b" ")
        assert number == b"0" or not number, (line, whole)
        assert begun != self._pid, line
        self._pid, self._expected = begun, 1


class Reader:
    """A log store in small: it keeps what it checked and positions together, and forgets all else when it is killed."""

    def __init__(self) -> None:
        self.after: dict[StreamId, int] = {}
        self.streams: defaultdict[StreamId, Checker] = defaultdict(Checker)

    async def read(self, runtime: LocalRuntime) -> int:
        chunks = await runtime.read_output(self.after, limit_bytes=1 << 20)
        for chunk in chunks:
            assert not chunk.dropped_bytes
            checker = self.streams[chunk.id]
            for line in lines(chunk):
                checker.take(line)
            self.after[chunk.id] = chunk.end
        return len(chunks)

    async def acknowledge(self, runtime: LocalRuntime) -> None:
        await runtime.acknowledge_output(self.after)

    def end(self) -> None:
        assert self.streams
        for checker in self.streams.values():
            checker.end()


@contextlib.contextmanager
def a_host(folder: Path) -> Iterator[LocalHost]:
    host = LocalHost(folder)
    try:
        yield host
    finally:
        host.clean_up()


async def _opened(host: LocalHost) -> LocalRuntime:
    runtime = host.runtime()
    await runtime.open(lambda report: None, None)  # noqa: ARG005
    return runtime


class Storm:
    """What runs on a host, and what happens to it."""

    def __init__(self, host: LocalHost, runtime: LocalRuntime) -> None:
        self.host, self.runtime, self.reader = host, runtime, Reader()
        self.workloads: dict[BackgroundProcessId, Workload] = {}
        self.turns = host.folder.with_name("turns")
        self.turns.touch()

    async def turn(self, number: int, dice: random.Random) -> None:
        """Have something happen, and read mostly."""
        if number % 20 == 0:
            await self._make_room()
            await self._add()
        (action,) = dice.choices(
            [self.kill_a_process, self.kill_the_keeper, self.kill_the_reader, self.remove, self.acknowledge],
            [8, 4, 2, 1, 4],
        )
        await action(dice)
        if dice.random() < 0.7:
            await self.reader.read(self.runtime)
        with self.turns.open("ab") as turns:
            turns.write(b".")
        await asyncio.sleep(dice.random() * _MAX_PAUSE_SECONDS)

    async def kill_a_process(self, dice: random.Random) -> None:
        pids = [
            process.pid
            for workload in self.workloads
            for process in self.runtime.processes(workload)
            if process.pid
        ]
        for pid in pids and [dice.choice(pids)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    async def kill_the_keeper(self, dice: random.Random) -> None:  # noqa: ARG002
        with contextlib.suppress(OSError, EOFError):
            proc.kill(self.host.keeper_pid())

    async def kill_the_reader(self, dice: random.Random) -> None:  # noqa: ARG002
        await self.runtime.close()
        for each in self.host._runtimes:
            if each._launcher._started is not None:
                each._launcher._started.poll()  # a keeper that was killed is a zombie until then
        self.runtime = await _opened(self.host)
        await self.runtime.apply(list(self.workloads.values()))

    async def remove(self, dice: random.Random) -> None:
        if len(self.workloads) > 1:
            chosen = dice.choice(sorted(self.workloads))
            del self.workloads[chosen]
            await self.runtime.remove([chosen], stop_timeout_seconds=5.0)

    async def acknowledge(self, dice: random.Random) -> None:  # noqa: ARG002
        await self.reader.acknowledge(self.runtime)

    async def _add(self) -> None:
        argv = (sys.executable, "-c", COUNTING, str(self.turns))
        made = some_workload(argv=argv, processes=2, replicas=1)
        self.workloads[made.background_process] = made
        await self.runtime.apply([made])

    async def _make_room(self) -> None:
        """Have no more at once than a few, and nothing that was removed by a reader who did not live to see it done."""
        for each in sorted(self.workloads)[: max(0, len(self.workloads) - _MAX_WORKLOADS + 1)]:
            del self.workloads[each]
        leaving = self.runtime.background_processes() - self.workloads.keys()
        await self.runtime.remove(sorted(leaving), stop_timeout_seconds=5.0)


@asynchronous
async def _storm(host: LocalHost, seed: int) -> None:
    storm = Storm(host, await _opened(host))
    for number, dice in turns(seed, at_least=FEWEST_TURNS):
        await storm.turn(number, dice)
    await _end(host, storm.runtime, storm.reader)


async def _end(host: LocalHost, runtime: LocalRuntime, reader: Reader) -> None:
    """Stop all, read to the end, and find that nothing more is there."""
    await eventually("the keeper is there", lambda: runtime._keeper is not None)
    # Those too that were removed by a reader which did not live to see it done.
    await runtime.remove(sorted(runtime.background_processes()), stop_timeout_seconds=0.0, force=True)
    await eventually("nothing runs", lambda: not runtime.background_processes(), timeout_seconds=60.0)
    await runtime.close()
    runtime = await _opened(host)
    while await reader.read(runtime):
        pass
    reader.end()
    await reader.acknowledge(runtime)
    left = [path.name for folder in ("spool", "marks") for path in (host.folder / folder).iterdir()]
    assert not left, "it was all read"
    await runtime.close()


@pytest.mark.long
@pytest.mark.parametrize("seed", [SEED])
def test_after_any_kills_every_line_was_read_once_and_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(planner, "SETTLED_SECONDS", 0.05)
    with a_host(tmp_path / "keeper") as host:
        try:
            _storm(host, seed)
        except (AssertionError, RuntimeUnavailableError) as error:
            error.add_note(f"ENGINEROOM_FAULT_SEED={seed}")
            raise
