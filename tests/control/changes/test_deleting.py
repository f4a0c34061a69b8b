"""What is deleted goes for good, and nothing else ever does."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from engineroom.control.changes.changing import GoneError
from engineroom.model.applications.environment import EnvironmentStatus
from engineroom.model.ids import BackgroundProcessId
from engineroom.model.operation import OperationStatus
from engineroom.runtime.fake import FakeRuntime
from tests.control.running_control import draining, running_control, settle
from tests.runtime.asynchronous import asynchronous, eventually
from tests.runtime.conformance import lives, some_workload


@asynchronous
async def test_a_tombstone_stays_until_nothing_is_left_of_its_processes(tmp_path: Path) -> None:
    async with running_control(tmp_path) as running:
        created, _ = await running.create(processes=2)
        await running.running(created, 2)
        running.fake.script(created.id).holds_drains = True
        deleted = await running.delete(created)
        await eventually("they drain", lambda: draining(running, created) == 2)
        await settle(running)
        assert await running.tombstones() == [created.id]
        assert await running.status(deleted) is OperationStatus.RUNNING

        running.fake.exit(running.fake.processes(created.id)[0].id, code=0)
        await settle(running)
        assert await running.tombstones() == [created.id]

        running.fake.end_drains(created.id)
        await running.finished(deleted)
        assert await running.tombstones() == []
        await eventually("it is forgotten", lambda: running.control.progress(created.id) is None)


@pytest.mark.parametrize("deleted_before", [False, True])
@asynchronous
async def test_a_forced_delete_waits_for_nothing_and_neither_does_a_second_one(
    tmp_path: Path, deleted_before: bool
) -> None:
    async with running_control(tmp_path) as running:
        created, _ = await running.create(processes=2)
        await running.running(created, 2)
        running.fake.script(created.id).holds_drains = True
        if deleted_before:
            first = await running.delete(created)
            await eventually("they drain", lambda: draining(running, created) == 2)
        forced = await running.delete(created, force=not deleted_before)
        await running.finished(forced)
        assert forced.changes["force"] == (False, True)
        assert running.fake.processes(created.id) == []
        assert await running.tombstones() == []
        if deleted_before:
            assert await running.status(first) is OperationStatus.SUPERSEDED
        with pytest.raises(GoneError):
            await running.delete(created)


@asynchronous
async def test_nothing_but_a_tombstone_is_ever_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake, unknown = FakeRuntime(), some_workload()
    await fake.apply([unknown])
    before = lives(fake.processes(unknown.background_process))
    removed: set[BackgroundProcessId] = set()
    remove = fake.remove

    async def noted(ids: Sequence[BackgroundProcessId], **how: Any) -> None:
        removed.update(ids)
        await remove(ids, **how)

    monkeypatch.setattr(fake, "remove", noted)
    async with running_control(tmp_path, fake) as running:
        staying, _ = await running.create()
        leaving, _ = await running.create()
        await running.finished(await running.delete(leaving))
        await running.set_environment(EnvironmentStatus.STOPPED)
        await running.running(staying, 0)
        await settle(running)
        assert lives(fake.processes(unknown.background_process)) == before
        assert removed == {leaving.id}
