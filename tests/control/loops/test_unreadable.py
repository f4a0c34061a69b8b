"""A variable that cannot be read concerns its own environment alone."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select, text

from engineroom.control.changes import commands
from engineroom.control.folders.links import link
from engineroom.model.applications.command import CommandStatus
from engineroom.model.ids import RunId
from engineroom.model.instances.schedule import RunStatus
from engineroom.store import Store
from engineroom.store.queries import commands as stored_commands
from engineroom.store.queries.wanted import started
from engineroom.store.schema.tables import events as events_table
from tests.control.loops.test_scheduler import NOON, scheduling
from tests.control.running_control import Running, eventually_a_moment, running_control, settle
from tests.runtime.asynchronous import asynchronous

_SPOIL = text(
    "UPDATE environment_variables SET value = substr(value, 1, 20) || 'AAAA' || substr(value, 25) WHERE key = 'GREETING'"
)


async def spoil(store: Store) -> None:
    """Change what is stored of the variable behind the back of everybody."""
    await store.write(lambda connection: connection.execute(_SPOIL).rowcount)


@asynchronous
async def test_what_runs_goes_on_others_are_changed_and_it_is_told_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with running_control(tmp_path) as running:
        other = replace(running, linked=await link(running.store, tmp_path, "Other", {"OTHER": "1"}))
        held, _ = await running.create(processes=1)
        going, _ = await other.create(processes=1)
        await running.running(held, 1)
        await spoil(running.store)

        await running.update(held, lambda before: replace(before, processes=2))
        await other.update(going, lambda before: replace(before, processes=3))

        await other.running(going, 3)
        await running.running(held, 1)
        [event] = await held_events(running, held.id)
        assert "GREETING: cannot read what is stored: it was changed after it was encrypted" in event
        assert capsys.readouterr().out.count("background_process.held") == 1


async def held_events(running: Running, of: str) -> list[str]:
    """Wait for the event that says that it is held, and return it with all others of the kind."""
    kind = "background_process.held"
    wanted = select(events_table.c.message).where(
        events_table.c.kind == kind, events_table.c.background_process_id == of
    )
    for _ in range(1000):
        found = await running.store.read(lambda connection: list(connection.execute(wanted).scalars()))
        if found:
            # Passes later there is still one.
            await settle(running)
            return await running.store.read(lambda connection: list(connection.execute(wanted).scalars()))
        await eventually_a_moment()
    raise AssertionError(f"no event {kind}")


@asynchronous
async def test_a_deleted_background_process_goes_all_the_same(tmp_path: Path) -> None:
    async with running_control(tmp_path) as running:
        created, _ = await running.create(processes=1)
        await running.running(created, 1)
        await spoil(running.store)
        await running.finished(await running.delete(created))
        assert await running.tombstones() == []


@asynchronous
async def test_a_command_is_not_started_without_a_variable_and_says_which(tmp_path: Path) -> None:
    async with running_control(tmp_path) as running:
        await spoil(running.store)
        asked, _ = await commands.run(running.control, running.actor, running.linked.environment, "true")
        for _ in range(1000):
            found = await running.store.read(
                lambda connection: stored_commands.find(connection, running.actor.organization_id, asked.id)
            )
            assert found is not None
            if found.status is CommandStatus.FAILURE:
                break
            await eventually_a_moment()
        assert found is not None
        assert found.failure_reason is not None
        assert "GREETING: cannot read" in found.failure_reason


@asynchronous
async def test_what_is_scheduled_is_not_started_without_a_variable_and_says_which(tmp_path: Path) -> None:
    async with scheduling(tmp_path) as scheduled:
        await spoil(scheduled.store)
        [run] = await scheduled.at(NOON)
        assert run.status is RunStatus.FAILED
        assert run.reason is not None
        assert "GREETING: cannot read" in run.reason
        assert scheduled.fake.runs() == frozenset()


@pytest.mark.parametrize(
    "damage",
    [
        "config = '{\"connection\": 7, \"no\": ', type = 'worker'",
        "type = 'nonsense'",
        "created_at = 'yesterday'",
    ],
)
@asynchronous
async def test_a_spoilt_row_concerns_itself_alone(tmp_path: Path, damage: str) -> None:
    async with running_control(tmp_path) as running:
        spoilt, _ = await running.create(processes=1)
        other, _ = await running.create(processes=1)
        await running.running(spoilt, 1)
        await running.running(other, 1)
        spoil_row = text(f"UPDATE background_processes SET {damage} WHERE id = '{spoilt.id}'")
        await running.store.write(lambda connection: connection.execute(spoil_row).rowcount)

        await running.update(other, lambda before: replace(before, processes=3))

        await running.running(other, 3)
        await running.running(spoilt, 1)
        [event] = await held_events(running, spoilt.id)
        assert "what is stored of it" in event
        found = await running.store.read(started)
        assert other.id in {row.background_process.id for row in found}


@asynchronous
async def test_a_spoilt_command_keeps_no_other_from_running(tmp_path: Path) -> None:
    async with running_control(tmp_path) as running:
        running.fake.available = False
        spoilt, _ = await commands.run(running.control, running.actor, running.linked.environment, "true")
        other, _ = await commands.run(running.control, running.actor, running.linked.environment, "true")
        spoil_row = text(f"UPDATE commands SET started_at = 'soon' WHERE id = '{spoilt.id}'")
        await running.store.write(lambda connection: connection.execute(spoil_row).rowcount)
        running.fake.available = True
        while running.fake.runs() != {RunId(other.id)}:
            await eventually_a_moment()
