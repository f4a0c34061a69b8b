"""Commands are carried out once, whatever is restarted, and how they ended is kept."""

from dataclasses import replace
from pathlib import Path

import pytest

from engineroom.control.changes import commands, environments
from engineroom.control.folders import links
from engineroom.model.applications.command import Command, CommandStatus
from engineroom.model.ids import RunId
from engineroom.model.instances.limits import limits_of
from engineroom.runtime.fake import FakeRuntime
from engineroom.store.queries import commands as stored_commands
from tests.control.changes.test_resources import told_of
from tests.control.running_control import FAST, Running, eventually_a_moment, running_control
from tests.runtime.asynchronous import asynchronous, eventually


async def run(running: Running, text: str) -> Command:
    made, _ = await commands.run(running.control, running.actor, running.linked.environment, text)
    return made


async def command(running: Running, of: Command) -> Command:
    found = await running.store.read(
        lambda connection: stored_commands.find(connection, running.actor.organization_id, of.id)
    )
    assert found is not None
    return found


async def ran(running: Running, of: Command, status: CommandStatus) -> Command:
    for _ in range(2000):
        found = await command(running, of)
        if found.status is status:
            return found
        await eventually_a_moment()
    raise AssertionError(f"it is {found.status}, not {status}")


@asynchronous
@pytest.mark.parametrize(
    ("code", "status", "reason"),
    [
        (0, CommandStatus.SUCCESS, None),
        (3, CommandStatus.FAILURE, "The command exited with code 3."),
        (-9, CommandStatus.FAILURE, "The command was killed by signal 9 (SIGKILL)."),
        (-40, CommandStatus.FAILURE, "The command was killed by signal 40."),
    ],
)
async def test_a_command_is_run_and_how_it_ended_is_kept(
    tmp_path: Path, code: int, status: CommandStatus, reason: str | None
) -> None:
    """Contract sheet, section 7."""
    async with running_control(tmp_path) as running:
        made = await run(running, "php artisan inspire")
        assert made.status is CommandStatus.PENDING
        await ran(running, made, CommandStatus.RUNNING)
        end = {"code": code} if code >= 0 else {"signal": -code}
        running.fake.finish(RunId(made.id), **end, output="Be\0 brave.\n")

        done = await ran(running, made, status)
        assert (done.output, done.failure_reason) == ("Be\ufffd brave.\n", reason)
        assert done.finished_at is not None
        outcome = "succeeded" if status is CommandStatus.SUCCESS else "failed"
        told = await told_of(running, made.id)
        assert [event.kind for event in told] == [f"command.{outcome}", "command.ran"]


@asynchronous
async def test_a_stopped_environment_refuses_commands(tmp_path: Path) -> None:
    """Contract sheet, section 7."""
    async with running_control(tmp_path) as running:
        await environments.stop(running.control, running.actor, running.linked.environment)
        with pytest.raises(commands.NotRunnableError, match="Start it"):
            await run(running, "true")


@asynchronous
async def test_a_command_goes_on_when_the_server_is_restarted_and_is_not_begun_again(tmp_path: Path) -> None:
    fake = FakeRuntime()
    async with running_control(tmp_path, fake) as running:
        made = await run(running, "php artisan inspire")
        await ran(running, made, CommandStatus.RUNNING)
    fake.finish(RunId(made.id), code=0, output="done")
    async with running_control(tmp_path, fake) as running:
        done = await ran(running, made, CommandStatus.SUCCESS)
        assert done.output == "done"
        assert fake.runs() == frozenset()


@asynchronous
async def test_a_command_waits_for_a_runtime_that_is_away(tmp_path: Path) -> None:
    async with running_control(tmp_path) as running:
        running.fake.available = False
        made = await run(running, "true")
        for _ in range(5):
            await eventually_a_moment()
        assert (await command(running, made)).status is CommandStatus.PENDING
        running.fake.available = True
        await ran(running, made, CommandStatus.RUNNING)


@asynchronous
async def test_a_command_of_which_nobody_knows_any_more_is_lost(tmp_path: Path) -> None:
    async with running_control(tmp_path, timings=replace(FAST, command_lost=0.1)) as running:
        made = await run(running, "true")
        await ran(running, made, CommandStatus.RUNNING)
        running.fake.lose_run(RunId(made.id))
        lost = await ran(running, made, CommandStatus.FAILURE)
        assert lost.failure_reason == (
            "The command was lost: the host went down, or its keeper was ended, while it ran."
        )


@asynchronous
async def test_a_command_is_ended_with_its_environment(tmp_path: Path) -> None:
    async with running_control(tmp_path) as running:
        made = await run(running, "sleep 1000")
        await ran(running, made, CommandStatus.RUNNING)
        await environments.delete(running.control, running.actor, running.linked.environment)
        await eventually("it is ended", lambda: not running.fake.runs())


@asynchronous
async def test_a_command_has_the_limits_of_the_apps_instance(tmp_path: Path) -> None:
    async with running_control(tmp_path) as running:
        await links.resize(running.store, running.linked.instance, "pro.g-1vcpu-2gb")
        made = await run(running, "A=1 php artisan x")
        await ran(running, made, CommandStatus.RUNNING)
        carried_out = running.fake.run_of(RunId(made.id))
        assert carried_out.instance == running.linked.instance
        assert (carried_out.size, carried_out.limits) == ("pro.g-1vcpu-2gb", limits_of("pro.g-1vcpu-2gb"))
        assert carried_out.time_limit_seconds == 1800.0
