"""What runs without a row in the database is removed when it was deleted, and left when the database never knew of it."""

from dataclasses import replace
from pathlib import Path

import pytest

from engineroom.model.applications.command import CommandStatus
from engineroom.model.ids import RunId, new_command_id
from tests.control.loops.test_command_runner import ran, run
from tests.control.running_control import eventually_a_moment, running_control, settle
from tests.runtime.asynchronous import asynchronous
from tests.runtime.conformance import some_workload


@asynchronous
async def test_what_was_deleted_and_comes_back_is_removed_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with running_control(tmp_path) as running:
        stays, _ = await running.create(processes=1)
        goes, operation = await running.create(processes=2)
        await running.finished(operation)
        before = running.control.parts.reconciler.targets[goes.id].workload
        assert before is not None
        await running.finished(await running.delete(goes))
        assert await running.tombstones() == []

        await running.fake.apply([before])

        await running.running(goes, 0)
        await running.running(stays, 1)
        assert capsys.readouterr().out.count("background_process.removed_again") == 1


@asynchronous
async def test_what_the_database_never_knew_is_left_and_told_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with running_control(tmp_path) as running:
        stranger = some_workload(processes=2, replicas=1)
        await running.fake.apply([stranger])
        told = ""
        while f"the database does not know of: {stranger.background_process}" not in told:
            await eventually_a_moment()
            told += capsys.readouterr().out
        await settle(running)
        assert len(running.fake.processes(stranger.background_process)) == 2
        assert "background_process.unknown" not in capsys.readouterr().out


@asynchronous
async def test_a_command_that_the_database_never_knew_goes_on(tmp_path: Path) -> None:
    async with running_control(tmp_path) as running:
        made = await run(running, "sleep 1000")
        await ran(running, made, CommandStatus.RUNNING)
        stranger = RunId(new_command_id())
        await running.fake.run([replace(running.fake.run_of(RunId(made.id)), id=stranger)])
        await settle(running)
        assert stranger in running.fake.runs()
