"""From what is stored to what runs, and back: the loops of the control plane on a runtime that is scripted."""

import asyncio
import errno
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from engineroom.control.changes import background_processes as changing
from engineroom.control.loops import targets
from engineroom.model.applications.environment import EnvironmentStatus
from engineroom.model.operation import OperationAction, OperationStatus
from engineroom.model.processes.background_process import BackgroundProcess, BackgroundProcessType
from engineroom.model.processes.process import ProcessState
from engineroom.model.processes.worker_config import WorkerConfig
from engineroom.runtime.base import RuntimeUnavailableError
from engineroom.runtime.fake import FakeRuntime
from tests.control.running_control import (
    FAST,
    Running,
    draining,
    eventually_a_moment,
    running_control,
    settle,
)
from tests.runtime.asynchronous import asynchronous, eventually
from tests.runtime.conformance import lives

SELDOM = replace(FAST, full_pass=600.0)
STARTED, STOPPED = ["process.started"], ["process.draining", "process.stopped"]


def with_processes(number: int) -> Callable[[BackgroundProcess], BackgroundProcess]:
    return lambda background_process: replace(background_process, processes=number)


@asynchronous
async def test_what_is_created_runs_and_its_operation_succeeds(tmp_path: Path) -> None:
    async with running_control(tmp_path) as running:
        created, operation = await running.create(processes=3)
        found = await running.running(created, 3)
        await running.finished(operation)
        assert [process.index for process in running.control.processes(created.id)] == [0, 1, 2]
        assert lives(running.control.processes(created.id)) == lives(found)
        progress = running.control.progress(created.id)
        assert progress
        assert progress.complete
        assert progress.sentence() == "3 of 3 running"


@asynchronous
async def test_an_operation_succeeds_when_its_aim_is_reached_and_not_before(tmp_path: Path) -> None:
    async with running_control(tmp_path) as running:
        created, operation = await running.create(processes=1)
        await running.finished(operation)
        script = running.fake.script(created.id)

        script.holds_starts = True
        more = await running.update(created, with_processes(3))
        await eventually("they start", lambda: len(running.fake.processes(created.id)) == 3)
        await settle(running)
        assert await running.status(more) is OperationStatus.RUNNING
        progress = running.control.progress(created.id)
        assert progress
        assert progress.sentence() == "1 of 3 running, 2 starting"
        running.fake.start_now(created.id)
        await running.finished(more)

        script.holds_drains = True
        fewer = await running.update(created, with_processes(1))
        await eventually("they drain", lambda: draining(running, created) == 2)
        await settle(running)
        assert await running.status(fewer) is OperationStatus.RUNNING
        running.fake.end_drains(created.id)
        await running.finished(fewer)


@asynchronous
async def test_an_operation_waits_for_a_start_that_fails_until_it_is_healed(tmp_path: Path) -> None:
    async with running_control(tmp_path) as running:
        created, first = await running.create(processes=1)
        await running.finished(first)
        script = running.fake.script(created.id)
        script.start_failure = (errno.ENOENT, "/srv/worker")
        changed = await running.update(created, lambda one: replace(one, custom_command="/srv/worker"))
        await eventually("it backs off", lambda: backing_off(running, created))
        await settle(running)
        assert await running.status(changed) is OperationStatus.RUNNING
        script.start_failure = None
        running.fake.start_now(created.id)
        await running.finished(changed)
        assert (await running.events(created))[3].message == (
            "Process 0 of replica 1 could not be started: /srv/worker was not found."
        )


def backing_off(running: Running, of: BackgroundProcess) -> bool:
    states = {process.state for process in running.fake.processes(of.id)}
    return ProcessState.BACKING_OFF in states


@asynchronous
async def test_a_change_that_needs_no_work_is_complete_at_once(tmp_path: Path) -> None:
    async with running_control(tmp_path) as running:
        created, first = await running.create()
        before = lives(await running.running(created, 2))
        await running.finished(first)
        same = await running.update(created, lambda one: one)
        await running.finished(same)
        assert lives(running.fake.processes(created.id)) == before


@asynchronous
async def test_a_later_change_takes_over(tmp_path: Path) -> None:
    async with running_control(tmp_path) as running:
        created, first = await running.create(processes=1)
        await running.finished(first)
        running.fake.script(created.id).holds_starts = True
        second = await running.update(created, with_processes(3))
        await eventually("they start", lambda: len(running.fake.processes(created.id)) == 3)
        third = await running.update(created, with_processes(1))
        await running.finished(third)
        assert await running.status(second) is OperationStatus.SUPERSEDED


@asynchronous
async def test_a_worker_is_replaced_by_starting_first_and_a_command_by_draining_first(tmp_path: Path) -> None:
    async with running_control(tmp_path) as running:
        worker, _ = await running.create(
            type=BackgroundProcessType.WORKER,
            processes=1,
            custom_command=None,
            config=WorkerConfig(connection="redis"),
        )
        command, _ = await running.create(processes=1)
        await running.running(worker, 1)
        await running.running(command, 1)
        changed = await running.update(worker, lambda one: replace(one, config=WorkerConfig(queue="mail")))
        await running.finished(changed)
        changed = await running.update(command, lambda one: replace(one, custom_command="sleep 61"))
        await running.finished(changed)
        await running.recorded(worker, STARTED * 2 + STOPPED)
        await running.recorded(command, STARTED + STOPPED + STARTED)


@asynchronous
async def test_a_restart_replaces_every_process_and_is_complete_when_the_new_ones_run(tmp_path: Path) -> None:
    async with running_control(tmp_path) as running:
        created, _ = await running.create(processes=3)
        before = lives(await running.running(created, 3))
        script = running.fake.script(created.id)
        script.holds_starts = True
        restart = await changing.restart(running.control, running.actor, created.id)
        await eventually("one is replaced", lambda: not_running(running, created) == 1)
        await settle(running)
        assert await running.status(restart) is OperationStatus.RUNNING
        assert len(before.keys() & lives(running.fake.processes(created.id)).keys()) == 2
        script.holds_starts = False
        running.fake.start_now(created.id)
        await running.finished(restart)
        assert not before.keys() & lives(await running.running(created, 3)).keys()
        assert (restart.action, restart.changes) == (OperationAction.RESTART, {"generation": (0, 1)})


def not_running(running: Running, of: BackgroundProcess) -> int:
    return sum(process.state is not ProcessState.RUNNING for process in running.fake.processes(of.id))


@asynchronous
async def test_in_a_stopped_environment_nothing_runs(tmp_path: Path) -> None:
    async with running_control(tmp_path) as running:
        created, _ = await running.create(processes=3)
        await running.running(created, 3)
        for status in (EnvironmentStatus.STOPPED, EnvironmentStatus.HIBERNATING):
            await running.set_environment(status)
            await running.running(created, 0)
            await running.set_environment(EnvironmentStatus.RUNNING)
            await running.running(created, 3)


@asynchronous
async def test_what_changed_without_a_wake_up_is_seen_all_the_same(tmp_path: Path) -> None:
    async with running_control(tmp_path) as running:
        running.control.wake = lambda ids: None  # type: ignore[method-assign]  # noqa: ARG005
        created, operation = await running.create(processes=2)
        await running.running(created, 2)
        await running.finished(operation)


@asynchronous
async def test_events_are_recorded_once_and_in_order_and_a_restart_goes_on_behind_them(
    tmp_path: Path,
) -> None:
    fake = FakeRuntime()
    async with running_control(tmp_path, fake) as running:
        created, operation = await running.create(processes=1)
        await running.finished(operation)
        (process,) = fake.processes(created.id)
        fake.exit(process.id, code=1)
        await running.recorded(created, [*STARTED, "process.exited", *STARTED])
        assert await running.cursor() == "3"

    before = lives(fake.processes(created.id))
    fake.exit(process.id, signal=9)
    fake.start_now(created.id)
    async with running_control(tmp_path, fake) as again:
        await again.recorded(created, [*STARTED, "process.exited", *STARTED, "process.exited", *STARTED])
        assert await again.cursor() == "5"
        assert lives(again.control.processes(created.id)).keys() == before.keys()
        await settle(again)
        assert len(await again.events(created)) == 5


@asynchronous
async def test_a_restart_goes_on_with_what_was_asked_for(tmp_path: Path) -> None:
    fake = FakeRuntime()
    async with running_control(tmp_path, fake) as running:
        fake.available = False
        created, operation = await running.create(processes=2)
        leaving, _ = await running.create(processes=0)
        deleted = await running.delete(leaving)
        assert fake.processes(created.id) == []
    fake.available = True
    async with running_control(tmp_path, fake) as again:
        await again.running(created, 2)
        await again.finished(operation)
        await again.finished(deleted)
        assert await again.tombstones() == []


@asynchronous
async def test_a_runtime_that_is_away_for_a_while_is_asked_again(tmp_path: Path) -> None:
    async with running_control(tmp_path) as running:
        created, _ = await running.create(processes=1)
        await running.running(created, 1)
        running.fake.available = False
        changed = await running.update(created, with_processes(3))
        await settle(running)
        assert len(running.fake.processes(created.id)) == 1
        assert await running.status(changed) is OperationStatus.RUNNING
        running.fake.available = True
        await running.finished(changed)

        running.fake.available = False
        deleted = await running.delete(created)
        await settle(running)
        running.fake.available = True
        await running.finished(deleted)


@asynchronous
async def test_a_runtime_that_is_not_there_at_the_start_is_said_so(tmp_path: Path) -> None:
    fake = FakeRuntime()
    fake.available = False
    with pytest.raises(RuntimeUnavailableError):
        async with running_control(tmp_path, fake):
            pass


class Failing:
    """Stands before a method of the store, and fails so many times before it lets calls through."""

    def __init__(self, method: Callable[[Callable[[Connection], Any]], Any], times: int) -> None:
        self._method = method
        self.left = times

    async def __call__(self, function: Callable[[Connection], Any]) -> Any:
        if self.left:
            self.left -= 1
            raise OSError(errno.EIO, "the disk does not answer")
        return await self._method(function)


@asynchronous
async def test_a_store_that_cannot_be_written_loses_no_event_and_no_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running_control(tmp_path) as running:
        created, operation = await running.create(processes=1)
        await running.finished(operation)
        await running.recorded(created, STARTED)
        failing = Failing(running.store.write, times=3)
        monkeypatch.setattr(running.store, "write", failing)
        (process,) = running.fake.processes(created.id)
        for code in (1, 2, 3):
            running.fake.exit(process.id, code=code)
            await eventually_a_moment()
        await eventually("it has failed three times", lambda: failing.left == 0)
        await running.recorded(created, STARTED + ["process.exited", "process.started"] * 3)
        ends = [event.message for event in await running.events(created) if event.kind == "process.exited"]
        assert [message.partition("(")[2] for message in ends] == ["exit 1).", "exit 2).", "exit 3)."]
        assert await running.cursor() == "7"


@asynchronous
async def test_a_store_that_cannot_be_read_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running_control(tmp_path, timings=SELDOM) as running:
        created, operation = await running.create(processes=1)
        await running.finished(operation)
        failing = Failing(running.store.read, times=2)
        monkeypatch.setattr(running.store, "read", failing)
        changed = await running.update(created, with_processes(2))
        await eventually("it has failed twice", lambda: failing.left == 0)
        await running.running(created, 2)
        await running.finished(changed)


@asynchronous
async def test_the_first_look_at_everything_is_made_again_when_it_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeRuntime()
    async with running_control(tmp_path, fake) as running:
        fake.available = False
        created, _ = await running.create(processes=2)
    fake.available = True
    looks = 0
    read = targets.read

    def fails_once(connection: Connection, ids: Any, host: str | None) -> Any:
        nonlocal looks
        looks += 1
        if looks == 1:
            raise OSError(errno.EIO, "the disk does not answer")
        return read(connection, ids, host)

    monkeypatch.setattr(targets, "read", fails_once)
    async with running_control(tmp_path, fake, SELDOM) as again:
        await again.running(created, 2)
        assert looks >= 2


@asynchronous
async def test_what_still_runs_in_a_stopped_environment_when_the_server_starts_is_drained(
    tmp_path: Path,
) -> None:
    fake = FakeRuntime()
    async with running_control(tmp_path, fake) as running:
        created, _ = await running.create(processes=2)
        await running.running(created, 2)
        fake.available = False
        await running.set_environment(EnvironmentStatus.STOPPED)
    fake.available = True
    async with running_control(tmp_path, fake) as again:
        await again.running(created, 0)


@asynchronous
async def test_what_rests_is_not_looked_at_again_until_it_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running_control(tmp_path) as running:
        await running.set_environment(EnvironmentStatus.STOPPED)
        created, operation = await running.create(processes=2)
        await running.finished(operation)
        looked: list[Any] = []
        read = targets.read

        def noting(connection: Connection, ids: Any, host: str | None) -> Any:
            looked.extend(ids)
            return read(connection, ids, host)

        await asyncio.sleep(FAST.full_pass)
        monkeypatch.setattr(targets, "read", noting)
        await asyncio.sleep(3 * FAST.full_pass)
        assert looked == []

        # Nobody wakes the reconciler: another server has done it.
        await running.set_environment(EnvironmentStatus.RUNNING)
        await running.running(created, 2)
        await running.set_environment(EnvironmentStatus.STOPPED)
        await running.running(created, 0)


@asynchronous
async def test_draining_ends_everything_and_closing_ends_nothing(tmp_path: Path) -> None:
    fake = FakeRuntime()
    async with running_control(tmp_path, fake) as running:
        created, _ = await running.create(processes=2)
        before = lives(await running.running(created, 2))
    assert lives(fake.processes(created.id)) == before
    async with running_control(tmp_path, fake) as again:
        await again.control.drain(stop_timeout_seconds=1.0)
        assert fake.background_processes() == frozenset()
