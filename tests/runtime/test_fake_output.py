"""What the fake runtime's processes print, by its script."""

import pytest

from engineroom.model.logs.output import Chunk, StreamId, lines
from engineroom.runtime.base import Report
from engineroom.runtime.fake import FakeRuntime
from tests.runtime.asynchronous import asynchronous
from tests.runtime.conformance import some_workload

EVERYTHING = 1 << 30


async def one_process(runtime: FakeRuntime) -> str:
    workload = some_workload(processes=1, replicas=1)
    reports: list[Report] = []
    await runtime.open(reports.append, None)
    await runtime.apply([workload])
    (process,) = runtime.processes(workload.background_process)
    return process.id


def texts(chunks: list[Chunk]) -> list[bytes]:
    return [line.text for chunk in chunks for line in lines(chunk)]


async def read(runtime: FakeRuntime, after: dict[StreamId, int]) -> list[Chunk]:
    return list(await runtime.read_output(after, limit_bytes=EVERYTHING))


@asynchronous
async def test_whole_lines_are_read_from_the_position_on() -> None:
    runtime = FakeRuntime()
    id = await one_process(runtime)
    runtime.print(id, b"one\ntwo\nthr")
    runtime.print(id, b"oops\n", "stderr")
    first = await read(runtime, {})
    assert texts(first) == [b"one", b"two", b"oops"]
    after = {chunk.id: chunk.end for chunk in first}
    (ahead,) = await read(runtime, after)
    assert (ahead.unfinished, ahead.data, ahead.end) == (b"thr", b"", 8)
    assert not await read(runtime, after)
    runtime.print(id, b"ee\n")
    assert texts(await read(runtime, after)) == [b"three"]


@asynchronous
async def test_a_death_ends_the_line_and_the_next_life_begins_another() -> None:
    runtime = FakeRuntime()
    id = await one_process(runtime)
    runtime.print(id, b"hal")
    runtime.exit(id, code=1)
    runtime.print(id, b"lo\n")
    made = [line for chunk in await read(runtime, {}) for line in lines(chunk)]
    assert [line.text for line in made] == [b"hal", b"lo"]
    assert made[0].pid != made[1].pid


@asynchronous
async def test_what_is_gone_is_read_until_it_is_acknowledged() -> None:
    runtime = FakeRuntime()
    id = await one_process(runtime)
    runtime.print(id, b"last words")
    await runtime.remove(tuple(runtime.background_processes()), stop_timeout_seconds=1.0)
    chunks = await read(runtime, {})
    assert texts(chunks) == [b"last words"]
    await runtime.acknowledge_output({chunk.id: chunk.end for chunk in chunks})
    assert not await read(runtime, {})


@pytest.mark.parametrize("acknowledged", [False, True])
@asynchronous
async def test_what_is_lost_unread_is_counted(acknowledged: bool) -> None:
    runtime = FakeRuntime()
    id = await one_process(runtime)
    runtime.print(id, b"one\ntwo\n")
    if acknowledged:
        await runtime.acknowledge_output({StreamId(id, "stdout"): 4})
    else:
        runtime.lose(id, 4)
    (chunk,) = await read(runtime, {})
    assert (chunk.begin, chunk.data, chunk.dropped_bytes) == (4, b"two\n", 0 if acknowledged else 4)
