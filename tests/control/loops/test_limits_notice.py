"""What limits a background process is told at its first start, and again only when it is something else."""

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import update

from engineroom.model.processes.background_process import BackgroundProcess
from engineroom.runtime.base import Capabilities
from engineroom.runtime.fake import FakeRuntime
from engineroom.store.queries import events
from engineroom.store.schema.tables import instances
from tests.control.running_control import Running, eventually_a_moment, running_control, settle
from tests.runtime.asynchronous import asynchronous

OF_HOST = "Nothing limits what it uses: the size host of its instance is all that this host has."
OF_SIZE = (
    "The size flex.g-1vcpu-512mb of its instance limits all processes of a replica together to "
    "1 vCPU · 512 MiB RAM and 1024 processes; what takes more memory is killed."
)


async def told(running: Running, of: BackgroundProcess, count: int) -> Sequence[str]:
    """Wait until so many events tell of limits, and return what they say, oldest first."""
    scope = events.Scope("background_process", of.id)
    for _ in range(1000):
        page = await running.store.read(lambda connection: events.page(connection, scope, 1))
        found = [event.message for event in reversed(page.items) if event.kind == "limits.set"]
        if len(found) >= count:
            break
        await eventually_a_moment()
    assert len(found) == count
    return found


async def give_a_size(running: Running, of: BackgroundProcess) -> None:
    change = update(instances).values(size="flex.g-1vcpu-512mb")
    await running.store.write(lambda connection: connection.execute(change).rowcount)
    running.control.wake([of.id])


@asynchronous
async def test_that_nothing_is_limited_is_told_once_also_over_a_restart_of_the_server(tmp_path: Path) -> None:
    fake = FakeRuntime()
    async with running_control(tmp_path, fake) as running:
        made, operation = await running.create(processes=1)
        await running.finished(operation)
        assert await told(running, made, 1) == [OF_HOST]
    async with running_control(tmp_path, fake) as again:
        await again.update(made, lambda one: one)
        await settle(again)
        assert await told(again, made, 1) == [OF_HOST]
        await give_a_size(again, made)
        assert await told(again, made, 2) == [OF_HOST, OF_SIZE]


@asynchronous
async def test_what_this_host_cannot_limit_is_told_with_the_reason(tmp_path: Path) -> None:
    fake = FakeRuntime()
    async with running_control(tmp_path, fake) as running:
        fake.capabilities = Capabilities(
            name="fake", multiple_hosts=False, unlimited={"cpu": "no controller"}
        )
        made, operation = await running.create(processes=1)
        await running.finished(operation)
        assert await told(running, made, 1) == [OF_HOST], "of what is not asked for nothing is missing"
        await give_a_size(running, made)
        [_, of_size] = await told(running, made, 2)
        assert of_size == f"{OF_SIZE} This host does not limit cpu: no controller."


@asynchronous
async def test_what_does_not_run_is_not_told_of(tmp_path: Path) -> None:
    async with running_control(tmp_path) as running:
        made, operation = await running.create(processes=0)
        await running.finished(operation)
        await settle(running)
        assert await told(running, made, 0) == []
