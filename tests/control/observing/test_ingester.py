"""From a runtime's output to the log."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engineroom.control.observing import ingester as ingesters
from engineroom.control.observing.ingester import READ_BYTES, Ingester
from engineroom.model.event import Event
from engineroom.model.ids import BackgroundProcessId, EnvironmentId, new_event_id
from engineroom.model.logs.log import LogLevel, LogType
from engineroom.model.logs.output import Chunk, StreamId
from engineroom.model.processes.process import Process
from engineroom.runtime.base import RuntimeUnavailableError
from engineroom.telemetry.logs import LogStore
from engineroom.telemetry.logs.blocks.retention import Removed, Retention
from engineroom.telemetry.logs.blocks.writer import Batch
from tests.control.running_control import Running, running_control
from tests.runtime.asynchronous import asynchronous, eventually
from tests.telemetry.logs.made import NOON, SECOND, chunk, everything


@dataclass
class ScriptedOutput:
    """A runtime of which only the output matters: streams that grow, and what was acknowledged of them."""

    written: dict[StreamId, bytes] = field(default_factory=dict)
    owners: dict[StreamId, BackgroundProcessId] = field(default_factory=dict)
    at: dict[StreamId, int] = field(default_factory=dict)
    acknowledged: dict[StreamId, int] = field(default_factory=dict)
    failing: bool = False
    noted: list[Event] = field(default_factory=list)
    present: frozenset[BackgroundProcessId] = frozenset()
    looked: int = 0
    looked_at: set[str] = field(default_factory=set)

    def write(
        self, background_process: BackgroundProcessId, data: bytes, index: int = 0, at: int = NOON
    ) -> None:
        stream = StreamId(f"{background_process}-{index}", "stdout")
        self.at[stream] = at
        self.owners[stream] = background_process
        self.written[stream] = self.written.get(stream, b"") + data

    async def read_output(self, after: Mapping[StreamId, int], *, limit_bytes: int) -> Sequence[Chunk]:
        self.looked += 1
        if self.failing:
            raise RuntimeUnavailableError("the script says so")
        chunks = []
        for stream, data in self.written.items():
            begin = after.get(stream, 0)
            end = data.rfind(b"\n", begin, begin + limit_bytes) + 1
            if end > begin:
                made = chunk(
                    data[begin:end],
                    begin=begin,
                    background_process=self.owners[stream],
                    at=self.at[stream],
                    index=int(stream.process[-1]),
                )
                chunks.append(made)
        return chunks

    def look_at_output(self, processes: Iterable[str]) -> None:
        self.looked_at |= set(processes)

    async def acknowledge_output(self, upto: Mapping[StreamId, int]) -> None:
        self.acknowledged.update(upto)

    def processes(self, background_process: BackgroundProcessId) -> Sequence[Process]:  # noqa: ARG002
        return []

    def background_processes(self) -> frozenset[BackgroundProcessId]:
        return self.present


@contextlib.asynccontextmanager
async def ingesting(running: Running, output: ScriptedOutput, logs: LogStore) -> AsyncIterator[Ingester]:
    ingester = Ingester(running.store, output, logs, output.noted.append)
    task = asyncio.create_task(ingester.run())
    try:
        yield ingester
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@contextlib.asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[LogStore]:
    logs = LogStore.open(folder / "logs.db", Retention(days=36500))
    try:
        yield logs
    finally:
        logs.close()


@asynchronous
async def test_what_is_written_is_stored_with_its_environment_and_then_acknowledged(tmp_path: Path) -> None:
    output = ScriptedOutput()
    async with running_control(tmp_path) as running, opened(tmp_path) as logs:
        made, _ = await running.create()
        output.write(made.id, b"one\ntwo\nunfinished")
        async with ingesting(running, output, logs):
            await eventually("it is acknowledged", lambda: output.acknowledged)

            assert output.acknowledged == {StreamId(f"{made.id}-0", "stdout"): len(b"one\ntwo\n")}
            assert [entry.text for entry in await everything(logs, made.id)] == [b"one", b"two"]
            assert await logs.of_environment(running.linked.environment) == [made.id]


def ended(background_process: BackgroundProcessId, at: int, code: int = 1) -> Event:
    return Event(
        id=new_event_id(),
        background_process_id=background_process,
        kind="process.exited",
        message=f"Process 0 of replica 1 ended: failed (exit {code}).",
        data={
            "process": f"{background_process}-0",
            "replica": 1,
            "index": 0,
            "pid": 100,
            "last_exit": {"code": code},
        },
        at=datetime.fromtimestamp(at / SECOND, UTC),
    )


@asynchronous
async def test_the_end_of_a_process_stands_between_the_lines_of_its_lives(tmp_path: Path) -> None:
    output = ScriptedOutput()
    async with running_control(tmp_path) as running, opened(tmp_path) as logs:
        made, _ = await running.create()
        output.write(made.id, b"one\n")
        output.write(made.id, b"three\n", index=1, at=NOON + 2 * SECOND)
        async with ingesting(running, output, logs) as ingester:
            ingester.note_events([ended(made.id, NOON), ended(made.id, NOON + 3 * SECOND, code=0)])
            await eventually("it is acknowledged", lambda: output.acknowledged)
            found = await everything(logs, made.id)
        assert [entry.message.partition(" ended")[0] for entry in found] == [
            "one",
            "Process 0 of replica 1",
            "three",
            "Process 0 of replica 1",
        ]
        assert [(entry.stream, entry.code.type, entry.code.level) for entry in found[1::2]] == [
            ("system", LogType.SYSTEM, LogLevel.ERROR),
            ("system", LogType.SYSTEM, LogLevel.INFO),
        ]
        assert output.looked_at == {f"{made.id}-0"}


@asynchronous
async def test_what_is_reported_again_after_a_crash_stands_in_the_log_once(tmp_path: Path) -> None:
    output = ScriptedOutput()
    async with running_control(tmp_path) as running, opened(tmp_path) as logs:
        made, _ = await running.create()
        for expected in (1, 1, 2):
            async with ingesting(running, output, logs) as ingester:
                ingester.note_events([ended(made.id, NOON + expected * SECOND)])
                output.looked = 0
                await eventually("it has looked", lambda: output.looked > 2)
                assert len(await everything(logs, made.id)) == expected


@asynchronous
async def test_a_server_that_starts_again_goes_on_where_it_was(tmp_path: Path) -> None:
    output = ScriptedOutput()
    async with running_control(tmp_path) as running:
        made, _ = await running.create()
        for number in range(5):
            output.write(made.id, b"".join(b"line %d %d\n" % (number, each) for each in range(100)))
            async with opened(tmp_path) as logs, ingesting(running, output, logs):
                end = len(next(iter(output.written.values())))
                await eventually("all of it is read", lambda end=end: end in output.acknowledged.values())  # type: ignore[misc]
        async with opened(tmp_path) as logs:
            stored = [entry.text for entry in await everything(logs, made.id)]
    assert stored == [b"line %d %d" % (number, each) for number in range(5) for each in range(100)]


@asynchronous
async def test_a_runtime_that_is_away_and_a_store_that_fails_lose_nothing(tmp_path: Path) -> None:
    output = ScriptedOutput(failing=True)
    async with running_control(tmp_path) as running, opened(tmp_path) as logs:
        made, _ = await running.create()
        output.write(made.id, b"one\n")
        async with ingesting(running, output, logs):
            await asyncio.sleep(0.05)
            output.failing = False
            await eventually("it is acknowledged", lambda: output.acknowledged)
        assert [entry.text for entry in await everything(logs, made.id)] == [b"one"]


@asynchronous
async def test_what_is_read_again_as_it_could_not_be_stored_is_counted_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def cannot(batch: Batch) -> Removed:  # noqa: ARG001
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(ingesters, "_RETRY_SECONDS", 0.01)
    output = ScriptedOutput()
    async with running_control(tmp_path) as running, opened(tmp_path) as logs:
        made, _ = await running.create()
        output.write(made.id, b"one\n")
        with monkeypatch.context() as full:
            full.setattr(logs, "append", cannot)
            async with ingesting(running, output, logs) as ingester:
                await eventually("it was tried again and again", lambda: output.looked > 3)
                assert ingester.printed_bytes(made.id) == 0
                full.undo()
                await eventually("it is acknowledged", lambda: output.acknowledged)
                assert ingester.printed_bytes(made.id) == len(b"one\n")


@asynchronous
async def test_the_last_words_of_what_nobody_knows_any_more_are_kept(tmp_path: Path) -> None:
    output = ScriptedOutput()
    unknown = BackgroundProcessId("process-gone")
    output.write(unknown, b"goodbye\n")
    async with running_control(tmp_path) as running, opened(tmp_path) as logs:
        async with ingesting(running, output, logs):
            await eventually("it is acknowledged", lambda: output.acknowledged)
        assert await logs.of_environment(EnvironmentId("")) == [unknown]


@asynchronous
async def test_the_first_words_of_a_deleted_one_are_stored_where_it_belonged(tmp_path: Path) -> None:
    output = ScriptedOutput()
    async with running_control(tmp_path) as running, opened(tmp_path) as logs:
        made, _ = await running.create()
        output.present = frozenset({made.id})
        async with ingesting(running, output, logs):
            await eventually("it is looked for output", lambda: output.looked)
            await running.finished(await running.delete(made))
            output.present = frozenset()
            output.write(made.id, b"goodbye\n")
            await eventually("it is acknowledged", lambda: output.acknowledged)
        assert await logs.of_environment(running.linked.environment) == [made.id]


@asynchronous
async def test_more_than_is_read_at_once_is_read_without_a_pause(tmp_path: Path) -> None:
    output = ScriptedOutput()
    data = b"x" * 99 + b"\n"
    async with running_control(tmp_path) as running, opened(tmp_path) as logs:
        made, _ = await running.create()
        output.write(made.id, data * (3 * READ_BYTES // len(data)))
        async with ingesting(running, output, logs):
            end = len(next(iter(output.written.values())))
            await eventually("all of it is read", lambda: end in output.acknowledged.values())
        assert await logs.last_number(made.id) == end // len(data)


@asynchronous
async def test_what_was_known_of_a_deleted_background_process_is_forgotten_with_its_streams(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = ScriptedOutput()
    async with running_control(tmp_path) as running, opened(tmp_path) as logs:
        made, _ = await running.create()
        output.write(made.id, b"one\n")
        async with ingesting(running, output, logs) as ingester:
            await eventually("it is acknowledged", lambda: output.acknowledged)
            assert ingester.printed_bytes(made.id) == 4

            output.written.clear()
            monkeypatch.setattr(ingesters, "_FORGET_SECONDS", 0.0)
            monkeypatch.setattr(ingester, "_prune_at", 0.0)
            await eventually("it is forgotten", lambda: ingester.printed_bytes(made.id) == 0)
        assert await logs.positions() == {}
        assert [entry.text for entry in await everything(logs, made.id)] == [b"one"]
