"""Keeper, reader and processes are killed at random under load; every line is read once, and in order.

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
from engineroom.model.output import Line, StreamId, lines
from engineroom.model.workload import Workload
from engineroom.runtime.base import RuntimeUnavailableError
from engineroom.runtime.local import LocalRuntime, planner
from tests.runtime.asynchronous import asynchronous, eventually
from tests.runtime.conformance import some_workload
from tests.runtime.test_local import LocalHost
from tests.support import proc

ROUNDS = min(2000, int(os.environ.get("ENGINEROOM_FAULT_ROUNDS", "40")) * 2)
SEED = int(os.environ.get("ENGINEROOM_FAULT_SEED", "1"))

_LONGEST_PAUSE_SECONDS = 0.05
_MOST_WORKLOADS = 3

COUNTING = """
import itertools, os, time
for number in itertools.count():
    stream = 1 + number % 2
    line = b"%d %d\\n" % (os.getpid(), number // 2)
    half = len(line) // 2
    os.write(stream, line[:half])
    os.write(stream, line[half:])
    if number % 50 == 0:
        time.sleep(0.01)
"""
"""Counts on both streams, each line in two writes."""


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
            assert chunk.begin == self.after.get(chunk.id, 0), f"{chunk.dropped_bytes} bytes were dropped"
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


@asynchronous
async def _storm(host: LocalHost, dice: random.Random) -> None:
    reader, runtime = Reader(), await _opened(host)
    workloads: dict[BackgroundProcessId, Workload] = {}
    for turn in range(ROUNDS):
        if turn % 20 == 0:
            await _make_room(runtime, workloads)
            made = some_workload(argv=(sys.executable, "-c", COUNTING), processes=3, replicas=1)
            workloads[made.background_process] = made
            await runtime.apply([made])
        (action,) = dice.choices(["process", "keeper", "reader", "remove", "acknowledge"], [8, 4, 2, 1, 4])
        if action == "process":
            pids = [
                process.pid
                for workload in workloads
                for process in runtime.processes(workload)
                if process.pid
            ]
            for pid in pids and [dice.choice(pids)]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        elif action == "keeper":
            with contextlib.suppress(OSError, EOFError):
                proc.kill(host.keeper_pid())
        elif action == "reader":
            await runtime.close()
            runtime = await _opened(host)
            await runtime.apply(list(workloads.values()))
        elif action == "remove" and len(workloads) > 1:
            chosen = dice.choice(sorted(workloads))
            del workloads[chosen]
            await runtime.remove([chosen], stop_timeout_seconds=5.0)
        elif action == "acknowledge":
            await reader.acknowledge(runtime)
        if dice.random() < 0.7:
            await reader.read(runtime)
        await asyncio.sleep(dice.random() * _LONGEST_PAUSE_SECONDS)
    await _end(host, runtime, reader)


async def _make_room(runtime: LocalRuntime, workloads: dict[BackgroundProcessId, Workload]) -> None:
    """Have no more at once than the reader keeps up with: what nobody reads for long is dropped, and should be."""
    leaving = sorted(workloads)[: max(0, len(workloads) - _MOST_WORKLOADS + 1)]
    for each in leaving:
        del workloads[each]
    await runtime.remove(leaving, stop_timeout_seconds=5.0)


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


@pytest.mark.parametrize("seed", [SEED, SEED + 1])
def test_after_any_kills_every_line_was_read_once_and_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(planner, "SETTLED_SECONDS", 0.05)
    with a_host(tmp_path / "keeper") as host:
        try:
            _storm(host, random.Random(seed))
        except (AssertionError, RuntimeUnavailableError) as error:
            raise AssertionError(f"seed {seed}: {error}") from error
