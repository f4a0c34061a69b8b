"""What is asked of environments, applications and instances is brought about in all that is in them."""

from dataclasses import replace
from pathlib import Path

import pytest

from engineroom.control.changes import applications, commands, deployments, environments, instances
from engineroom.control.changes import background_processes as changing
from engineroom.control.changes.changing import GoneError
from engineroom.control.loops.deployer import does_not_run
from engineroom.model.applications.deployment import Commit, Deployment, DeploymentStatus
from engineroom.model.applications.environment import EnvironmentStatus
from engineroom.model.applications.variables import EnvironmentVariable, Variables
from engineroom.model.event import Event
from engineroom.model.operation import Operation, OperationStatus
from engineroom.runtime.fake import FakeRuntime
from engineroom.store.queries import deployments as stored_deployments
from engineroom.store.queries import events, operations
from engineroom.store.queries import wanted as wanted_rows
from tests.control.running_control import Running, draining, eventually_a_moment, running_control, settle
from tests.runtime.asynchronous import asynchronous, eventually
from tests.store.rows import a_background_process


async def deployment(running: Running, of: Deployment) -> Deployment:
    found = await running.store.read(
        lambda connection: stored_deployments.find(connection, running.actor.organization_id, of.id)
    )
    assert found is not None
    return found


async def deployed(running: Running, of: Deployment, status: DeploymentStatus) -> Deployment:
    for _ in range(2000):
        found = await deployment(running, of)
        if found.status is status:
            return found
        await eventually_a_moment()
    raise AssertionError(f"it is {found.status}, not {status}: {found.failure_reason}")


async def deploy(running: Running) -> Deployment:
    made, _ = await deployments.deploy(running.control, running.actor, running.linked.environment, Commit())
    return made


async def delete(running: Running, what: str) -> Operation:
    if what == "environment":
        return await environments.delete(running.control, running.actor, running.linked.environment)
    return await applications.delete(running.control, running.actor, running.linked.application)


def with_replicas(count: int) -> instances.Change:
    return lambda instance, environment: (
        replace(instance, min_replicas=count, max_replicas=3),
        environment,
    )


def with_new(variables: Variables) -> Variables:
    return (*variables, EnvironmentVariable(key="NEW", value="1"))


async def told_of(running: Running, subject: str) -> list[Event]:
    """Return the events about something in the environment, newest first."""
    scope = events.Scope("environment", running.linked.environment)
    page = await running.store.read(lambda connection: events.page(connection, scope, 1))
    return [event for event in page.items if event.subject_id == subject]


@asynchronous
async def test_more_replicas_are_started_and_fewer_drained(tmp_path: Path) -> None:
    """Contract sheet, section 3.4."""
    async with running_control(tmp_path) as running:
        created, _ = await running.create(processes=2)
        await running.running(created, 2)
        for count in (3, 1):
            _, operation = await instances.update(
                running.control, running.actor, running.linked.instance, with_replicas(count)
            )
            await running.running(created, 2 * count)
            await running.finished(operation)


@asynchronous
async def test_a_stopped_environment_runs_nothing_until_it_is_deployed(tmp_path: Path) -> None:
    """Contract sheet, section 4.6."""
    async with running_control(tmp_path) as running:
        created, _ = await running.create(processes=2)
        await running.running(created, 2)

        after, operation = await environments.stop(running.control, running.actor, running.linked.environment)
        assert after.status is EnvironmentStatus.STOPPED
        await running.running(created, 0)
        await running.finished(operation)

        made = await deploy(running)
        await deployed(running, made, DeploymentStatus.DEPLOYMENT_SUCCEEDED)
        await running.running(created, 2)
        told = await told_of(running, made.id)
        assert [event.kind for event in told] == ["deployment.succeeded", "deployment.deployed"]


@asynchronous
@pytest.mark.parametrize("at_once", [True, False])
async def test_changed_variables_replace_processes_at_once_or_with_the_next_deployment(
    tmp_path: Path, at_once: bool
) -> None:
    async with running_control(tmp_path) as running:
        created, _ = await running.create(processes=1)
        [before] = await running.running(created, 1)
        _, operation = await environments.change_variables(
            running.control, running.actor, running.linked.environment, with_new, at_once=at_once
        )
        await running.finished(operation)
        await settle(running)
        [after] = await running.running(created, 1)
        assert (after.fingerprint != before.fingerprint) is at_once

        await deployed(running, await deploy(running), DeploymentStatus.DEPLOYMENT_SUCCEEDED)
        [row] = await running.store.read(wanted_rows.wanted)
        assert [variable.key for variable in row.variables] == ["GREETING", "NEW"]


@asynchronous
async def test_variables_that_wait_are_none_where_there_were_none_before(tmp_path: Path) -> None:
    async with running_control(tmp_path) as running:
        await running.create(processes=1)
        of = running.linked.environment
        for change, at_once in ((lambda _: (), True), (with_new, False), (with_new, False)):
            await environments.change_variables(running.control, running.actor, of, change, at_once=at_once)

        [row] = await running.store.read(wanted_rows.wanted)
        assert row.variables == ()


@asynchronous
@pytest.mark.parametrize("what", ["environment", "application"])
async def test_deleting_drains_everything_and_then_nothing_of_it_is_left(tmp_path: Path, what: str) -> None:
    """Contract sheet, sections 4.1 and 5."""
    async with running_control(tmp_path) as running:
        created, _ = await running.create(processes=2)
        await running.running(created, 2)
        operation = await delete(running, what)
        await running.running(created, 0)
        await running.finished(operation)

        assert await running.tombstones() == []
        with pytest.raises(GoneError):
            await delete(running, what)


@asynchronous
async def test_an_environment_without_a_folder_runs_nothing_and_says_so(tmp_path: Path) -> None:
    async with running_control(tmp_path) as running:
        await environments.update(
            running.control,
            running.actor,
            running.linked.environment,
            lambda environment: replace(environment, directory=None),
        )
        created, _ = await running.create(processes=2)
        failed = await deployed(running, await deploy(running), DeploymentStatus.DEPLOYMENT_FAILED)

        assert "no folder" in (failed.failure_reason or "")
        assert running.fake.processes(created.id) == []
        with pytest.raises(commands.NotRunnableError, match="no folder"):
            await commands.run(running.control, running.actor, running.linked.environment, "true")


@asynchronous
async def test_what_never_ran_does_not_fail_a_deployment_of_the_others(tmp_path: Path) -> None:
    async with running_control(tmp_path) as running:
        created, _ = await running.create(processes=1)
        await running.running(created, 1)
        broken = a_background_process(running.linked.instance, processes=1)
        running.fake.script(broken.id).start_failure = (2, "/no/such/program")
        await changing.create(running.control, running.actor, broken)
        await eventually("it does not run", lambda: does_not_run(running.fake.processes(broken.id)))
        before = running.fake.processes(created.id)[0].id

        made = await deploy(running)
        await deployed(running, made, DeploymentStatus.DEPLOYMENT_SUCCEEDED)

        assert running.fake.processes(created.id)[0].id != before
        scope = events.Scope("background_process", broken.id)
        told = await running.store.read(lambda connection: events.page(connection, scope, 1))
        words = "did not run before the deployment, and does not run now: "
        assert [words in event.message for event in told.items].count(True) == 1


@asynchronous
async def test_a_deployment_fails_when_what_is_new_dies_young(tmp_path: Path) -> None:
    """Contract sheet, section 6."""
    async with running_control(tmp_path) as running:
        created, _ = await running.create(processes=1)
        await running.running(created, 1)
        running.fake.script(created.id).start_failure = (2, "/no/such/program")

        made = await deploy(running)
        failed = await deployed(running, made, DeploymentStatus.DEPLOYMENT_FAILED)

        assert "/no/such/program was not found" in (failed.failure_reason or "")
        operation = await running.store.read(lambda connection: operations.get(connection, made.operation_id))
        assert operation.status is OperationStatus.FAILED
        told = await told_of(running, made.id)
        assert [event.kind for event in told] == ["deployment.failed", "deployment.deployed"]
        assert "/no/such/program was not found" in told[0].message


@asynchronous
async def test_a_newer_deployment_and_a_stop_cancel_the_one_under_way(tmp_path: Path) -> None:
    async with running_control(tmp_path) as running:
        created, _ = await running.create(processes=1)
        await running.running(created, 1)
        running.fake.script(created.id).holds_drains = True

        first = await deploy(running)
        await deployed(running, first, DeploymentStatus.DEPLOYMENT_RUNNING)
        second = await deploy(running)
        await deployed(running, first, DeploymentStatus.CANCELLED)
        await environments.stop(running.control, running.actor, running.linked.environment)
        await deployed(running, second, DeploymentStatus.CANCELLED)
        told = await told_of(running, first.id)
        assert [event.kind for event in told] == ["deployment.cancelled", "deployment.deployed"]


@asynchronous
async def test_a_restarted_server_goes_on_with_a_deployment(tmp_path: Path) -> None:
    fake = FakeRuntime()
    async with running_control(tmp_path, fake) as running:
        created, _ = await running.create(processes=1)
        await running.running(created, 1)
        fake.script(created.id).holds_drains = True
        made = await deploy(running)
        await deployed(running, made, DeploymentStatus.DEPLOYMENT_RUNNING)
        await eventually("the old one drains", lambda: draining(running, created) == 1)
        await settle(running)

    fake.script(created.id).holds_drains = False
    async with running_control(tmp_path, fake) as running:
        fake.end_drains(created.id)
        await deployed(running, made, DeploymentStatus.DEPLOYMENT_SUCCEEDED)
