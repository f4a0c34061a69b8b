"""The local runtime's output with real processes: floods, and what becomes of a keeper that is killed in one."""

import asyncio
import os
import signal
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest

from engineroom.model.ids import BackgroundProcessId
from engineroom.model.logs.output import Chunk, lines
from engineroom.model.processes.workload import Workload
from engineroom.runtime.local import LocalRuntime, planner
from tests.runtime.asynchronous import asynchronous, eventually
from tests.runtime.conformance import Session, some_workload
from tests.runtime.test_local import LocalHost

KEPT = 1024 * 1024
NUMBERS = "seq inf"
JIFFY_NANOSECONDS = 10_000_000  # the kernel takes a file's time from its last tick


class SmallHost(LocalHost):
    """Keeps only a megabyte of each stream."""

    def runtime(self) -> LocalRuntime:
        self._runtimes.append(LocalRuntime(self.folder, output_kept_bytes=KEPT))
        return self._runtimes[-1]

    def used(self) -> int:
        return sum(path.stat().st_blocks * 512 for path in (self.folder / "spool").iterdir())

    def answering(self) -> int:
        """Return the keeper's pid, 0 while there is none that answers."""
        try:
            return self.keeper_pid()
        except (OSError, EOFError):
            return 0

    def has_printed(self, size: int) -> bool:
        return self.printed() > size

    def printed(self) -> int:
        return sum(path.stat().st_size for path in (self.folder / "spool").iterdir())


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallHost]:
    monkeypatch.setattr(planner, "SETTLED_SECONDS", 0.05)
    found = SmallHost(tmp_path / "keeper")
    yield found
    found.clean_up()


async def flooding(session: Session) -> Workload:
    workload = some_workload(argv=("sh", "-c", f"exec {NUMBERS}"), processes=1, replicas=1)
    await session.applied(workload)
    return workload


def told_of_drops(session: Session, id: BackgroundProcessId) -> list[int]:
    events = (event for event in session.events(id) if event.kind == "process.output_dropped")
    return [int(event.data["output_dropped_bytes"]) for event in events]


async def read_on(session: Session) -> Sequence[Chunk]:
    """Wait until more can be read, and return it. A flood may outrun us for a while."""
    deadline = time.monotonic() + 15.0
    while not (chunks := await session.runtime.read_output(session.after, limit_bytes=KEPT)):
        assert time.monotonic() < deadline, "nothing can be read"
        await asyncio.sleep(0.01)
    return chunks


async def bounded(session: Session, host: SmallHost, id: BackgroundProcessId) -> None:
    """Wait until no more lies on the disk than should: that is said of a flood only while it pauses."""
    (process,) = session.runtime.processes(id)
    assert process.pid
    os.kill(process.pid, signal.SIGSTOP)
    await eventually("the bound holds", lambda: host.used() <= 2 * KEPT)
    os.kill(process.pid, signal.SIGCONT)


@asynchronous
async def test_a_flood_fills_no_disk_and_its_loss_is_told_now_and_then(host: SmallHost) -> None:
    session = await Session.opened(host)
    workload = await flooding(session)
    id = workload.background_process
    await eventually("a lot is printed", lambda: host.printed() > 100 * KEPT)
    await eventually("it is told", lambda: told_of_drops(session, id))
    (process,) = session.runtime.processes(id)
    assert process.output_dropped_bytes >= 50 * KEPT
    await bounded(session, host, id)
    assert len(told_of_drops(session, id)) == 1
    await session.runtime.close()


@asynchronous
async def test_a_keeper_killed_in_a_flood_bounds_it_again_and_numbers_stay_in_order(host: SmallHost) -> None:
    session = await Session.opened(host)
    workload = await flooding(session)
    last = 0
    for _ in range(2):
        os.kill(await eventually("the keeper answers", host.answering), signal.SIGKILL)
        enough = host.printed() + 20 * KEPT
        await eventually("it goes on", partial(host.has_printed, enough))
        await bounded(session, host, workload.background_process)
        for chunk in await read_on(session):
            numbers = [int(line.text) for line in lines(chunk)]
            assert numbers[0] > last
            assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
            assert chunk.begin - chunk.dropped_bytes == session.after.get(chunk.id, 0)
            last, session.after[chunk.id] = numbers[-1], chunk.end
    await session.runtime.remove([workload.background_process], stop_timeout_seconds=0.0, force=True)
    await session.gone(workload.background_process)
    await session.runtime.close()


@asynchronous
async def test_what_was_stored_is_given_back_though_the_keeper_was_killed_that_was_told(
    host: SmallHost,
) -> None:
    session = await Session.opened(host)
    workload = some_workload(argv=("sh", "-c", "echo one; exec sleep 600"), processes=1, replicas=1)
    await session.applied(workload)
    await session.printed(1)
    await session.runtime.acknowledge_output(session.after)
    killed = host.keeper_pid()
    os.kill(killed, signal.SIGKILL)
    await eventually("another keeper answers", lambda: host.answering() not in (0, killed))
    await eventually("it is connected", lambda: session.runtime.reachable)
    await session.runtime.remove([workload.background_process], stop_timeout_seconds=5.0)
    await session.gone(workload.background_process)
    await eventually("nothing is left", lambda: not list((host.folder / "spool").iterdir()))
    await session.runtime.close()


@asynchronous
async def test_what_is_stored_with_the_keeper_away_is_given_back_by_the_next(host: SmallHost) -> None:
    session = await Session.opened(host)
    workload = await host.talkative(session)
    await session.runtime.remove([workload.background_process], stop_timeout_seconds=5.0)
    await session.gone(workload.background_process)
    await session.printed(4)
    os.kill(host.keeper_pid(), signal.SIGKILL)
    await eventually("it is noticed", lambda: not session.runtime.reachable)
    await session.runtime.acknowledge_output(session.after)
    assert not await session.runtime.read_output({}, limit_bytes=KEPT)
    await eventually("nothing is left", lambda: not list((host.folder / "spool").iterdir()))
    await session.runtime.close()


@asynchronous
async def test_a_line_has_a_time_between_its_printing_and_its_reading(host: SmallHost) -> None:
    session = await Session.opened(host)
    body = "while :; do date +%s%N; sleep 0.2; done"
    workload = some_workload(argv=("sh", "-c", body), processes=1, replicas=1)
    await session.applied(workload)
    while len(session.lines) < 5:
        seen = len(session.lines)
        await session.printed(seen + 1)
        read_at = time.time_ns()
        for line in session.lines[seen:]:
            assert int(line.text) - JIFFY_NANOSECONDS <= line.at_nanoseconds <= read_at
    await session.runtime.close()
