"""What is written again, as the answer was lost, is there once; and what was not written, is written in the end."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from engineroom.control.changes import background_processes as changing
from engineroom.control.loops.deployer import does_not_run
from engineroom.model.applications.command import CommandStatus
from engineroom.model.applications.deployment import DeploymentStatus
from engineroom.model.ids import RunId
from engineroom.model.instances.schedule import RunStatus
from engineroom.model.scaling.settings import ScalingSettings
from engineroom.store import Store
from engineroom.store.queries.scaling import scales
from engineroom.store.schema.tables import events as events_table
from tests.control.changes.test_resources import deploy, deployed, told_of
from tests.control.loops.test_command_runner import ran, run
from tests.control.loops.test_limits_notice import OF_HOST, OF_SIZE, give_a_size, told
from tests.control.loops.test_scheduler import NOON, scheduling
from tests.control.loops.test_unreadable import held_events, spoil
from tests.control.running_control import Running, running_control, settle
from tests.control.scaled_worker import scaling
from tests.control.scaling.test_replica_autoscaler import scaled
from tests.control.scaling.test_stall_detector import Watched
from tests.runtime.asynchronous import asynchronous, eventually
from tests.store.rows import a_background_process
from tests.support.lost_answers import LosingStore, Lost

pytestmark = pytest.mark.parametrize("lost", Lost)


def losing(running: Running, lost: Lost, monkeypatch: pytest.MonkeyPatch) -> LosingStore:
    """Lose writes of the loops, and none of the test's own."""
    return LosingStore(running.store, lost, monkeypatch, spared=asyncio.current_task())


async def messages(store: Store) -> Sequence[str]:
    wanted = select(events_table.c.message).order_by(events_table.c.number)
    return await store.read(lambda connection: list(connection.execute(wanted).scalars()))


@asynchronous
async def test_what_the_runtime_reports_is_recorded_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: Lost
) -> None:
    async with running_control(tmp_path) as running:
        store = losing(running, lost, monkeypatch)
        store.lose(3)
        created, operation = await running.create(processes=3)
        await running.running(created, 3)
        await running.finished(operation)
        await eventually("all are lost", lambda: not store.left)
        store.lose(3)
        removed = await running.delete(created)
        await running.finished(removed)
        await eventually("all are lost", lambda: not store.left)
        kinds = [event.kind for event in await running.events(created)]
        assert sorted(kinds) == sorted(["process.started", "process.draining", "process.stopped"] * 3)


@asynchronous
async def test_how_runs_and_commands_ended_is_recorded_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: Lost
) -> None:
    async with running_control(tmp_path) as running:
        store = losing(running, lost, monkeypatch)
        store.lose(1)
        made = await run(running, "true")
        await ran(running, made, CommandStatus.RUNNING)
        await eventually("it is lost", lambda: not store.left)
        assert len(running.fake.runs()) == 1
        store.lose(1)
        running.fake.finish(RunId(made.id), code=0, output="done")
        await eventually("it is lost", lambda: not store.left)
        done = await ran(running, made, CommandStatus.SUCCESS)
        assert done.output == "done"
        await settle(running)
        assert [event.kind for event in await told_of(running, made.id)] == [
            "command.succeeded",
            "command.ran",
        ]


@asynchronous
async def test_what_is_held_is_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: Lost) -> None:
    async with running_control(tmp_path) as running:
        created, _ = await running.create(processes=1)
        await running.running(created, 1)
        await settle(running)
        store = losing(running, lost, monkeypatch)
        store.lose()
        await spoil(running.store)
        await running.update(created, lambda before: replace(before, processes=2))
        await eventually("both are lost", lambda: not store.left)
        assert len(await held_events(running, created.id)) == 1


@asynchronous
async def test_limits_are_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: Lost) -> None:
    async with running_control(tmp_path) as running:
        made, operation = await running.create(processes=1)
        await running.finished(operation)
        assert await told(running, made, 1) == [OF_HOST]
        store = losing(running, lost, monkeypatch)
        store.lose(1)
        await give_a_size(running, made)
        await eventually("it is lost", lambda: not store.left)
        await told(running, made, 2)
        await settle(running)
        assert await told(running, made, 2) == [OF_HOST, OF_SIZE]


@asynchronous
async def test_what_did_not_run_before_a_deployment_is_known_though_its_beginning_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: Lost
) -> None:
    async with running_control(tmp_path) as running:
        created, _ = await running.create(processes=1)
        await running.running(created, 1)
        broken = a_background_process(running.linked.instance, processes=1)
        running.fake.script(broken.id).start_failure = (2, "/no/such/program")
        await changing.create(running.control, running.actor, broken)
        await eventually("it does not run", lambda: does_not_run(running.fake.processes(broken.id)))
        before = running.fake.processes(created.id)[0].id
        await settle(running)

        store = losing(running, lost, monkeypatch)
        store.lose(1)
        made = await deploy(running)
        await eventually("it is lost", lambda: not store.left)
        await deployed(running, made, DeploymentStatus.DEPLOYMENT_SUCCEEDED)

        assert running.fake.processes(created.id)[0].id != before
        assert [event.kind for event in await told_of(running, made.id)] == [
            "deployment.succeeded",
            "deployment.deployed",
        ]


@asynchronous
async def test_a_minute_is_worked_for_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: Lost
) -> None:
    async with scheduling(tmp_path) as scheduled:
        store = LosingStore(scheduled.store, lost, monkeypatch)
        store.lose()
        for second in range(2):
            with pytest.raises(Exception, match="It is not known"):
                await scheduled.at(NOON + timedelta(seconds=second))
        [run] = await scheduled.at(NOON + timedelta(seconds=2))
        assert run.status is RunStatus.RUNNING
        assert scheduled.fake.runs() == {run.id}


@asynchronous
async def test_a_minute_that_went_by_before_it_was_known_to_be_stored_is_not_made_up_for_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: Lost
) -> None:
    async with scheduling(tmp_path) as scheduled:
        await scheduled.at(NOON)
        store = LosingStore(scheduled.store, lost, monkeypatch)
        store.lose(1)
        with pytest.raises(Exception, match="It is not known"):
            await scheduled.at(NOON + timedelta(minutes=1))
        runs = await scheduled.at(NOON + timedelta(minutes=2))
        assert await messages(scheduled.store) == [
            "1 minute was missed by the scheduler, and not made up for."
        ]
        assert scheduled.fake.runs() == {runs[0].id, runs[-1].id}
        for given_up in runs[1:-1]:
            assert (given_up.status, given_up.reason) == (
                RunStatus.FAILED,
                "was not started: engineroom's database did not answer while it was due",
            )
        assert len(runs) == (3 if lost is Lost.ANSWER else 2)


@asynchronous
async def test_how_a_run_ended_that_was_not_started_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: Lost
) -> None:
    async with scheduling(tmp_path) as scheduled:
        scheduled.fake.available = False
        begin = scheduled.scheduler._begin
        store = LosingStore(scheduled.store, lost, monkeypatch)

        async def begin_and_lose(runs: object) -> None:
            await begin(runs)  # type: ignore[arg-type]
            store.lose(1)

        monkeypatch.setattr(scheduled.scheduler, "_begin", begin_and_lose)
        with pytest.raises(Exception, match="It is not known"):
            await scheduled.at(NOON)
        [run] = await scheduled.at(NOON + timedelta(seconds=1))
        assert run.status is RunStatus.FAILED
        assert (run.reason or "").startswith("could not be started: ")


@asynchronous
async def test_a_clock_that_was_set_back_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: Lost
) -> None:
    async with scheduling(tmp_path) as scheduled:
        await scheduled.at(NOON)
        back = NOON - timedelta(hours=1)
        store = LosingStore(scheduled.store, lost, monkeypatch)
        store.lose(1)
        with pytest.raises(Exception, match="It is not known"):
            await scheduled.at(back)
        for second in range(1, 4):
            await scheduled.at(back + timedelta(seconds=second))
        [told] = await scheduled.told()
        assert told.startswith("The clock was set back by 60 minutes")


@asynchronous
@pytest.mark.needs("redis-server")
async def test_a_new_scale_is_told_once_and_brought_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: Lost
) -> None:
    async with scaling(tmp_path) as worker:
        store = LosingStore(worker.store, lost, monkeypatch)
        worker.push(42)
        store.lose(1)
        with pytest.raises(Exception, match="It is not known"):
            await worker.look()
        assert await worker.look() == 5
        assert set(worker.woken) == {worker.of.id}
        assert await worker.messages() == ["Scaled 1 → 5: 42 waiting, at most 10 for each process."]


@asynchronous
@pytest.mark.needs("redis-server")
async def test_a_queue_out_of_sight_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: Lost
) -> None:
    async with scaling(tmp_path) as worker:
        await worker.look()
        store = LosingStore(worker.store, lost, monkeypatch)
        worker.server.client.config_set("requirepass", "secret")
        worker.server.client.client_kill_filter(_type="normal", skipme=True)
        store.lose(1)
        with pytest.raises(Exception, match="It is not known"):
            await worker.look()
        await worker.look()
        [held] = await worker.told()
        assert held.kind == "scaling.held"


@asynchronous
async def test_new_replicas_are_told_once_and_brought_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: Lost
) -> None:
    async with scaled(tmp_path, scaling_cpu_threshold_percentage=50) as replicas:
        store = LosingStore(replicas.store, lost, monkeypatch)
        replicas.cores = 0.9
        store.lose(1)
        with pytest.raises(Exception, match="It is not known"):
            await replicas.after(60)
        assert await replicas.after(15) > 1
        assert replicas.of.id in replicas.woken
        messages = await replicas.messages()
        assert len(messages) == 1, messages


@asynchronous
async def test_a_worker_that_has_stalled_is_told_of_and_restarted_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: Lost
) -> None:
    watched = await asyncio.to_thread(Watched, tmp_path)
    settings = ScalingSettings(restart_when_stalled=True)
    await watched.store.write(lambda connection: scales.put_settings(connection, watched.of.id, settings))
    store = LosingStore(watched.store, lost, monkeypatch)
    store.lose(1)
    with pytest.raises(Exception, match="It is not known"):
        await watched.for_seconds(300)
    await watched.for_seconds(10)
    assert len(await watched.told()) == 1
    assert (await watched.stored()).generation == 1
    assert set(watched.woken) == {watched.of.id}
    watched.store.close()
