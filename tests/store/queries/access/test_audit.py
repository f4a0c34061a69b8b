import asyncio
from typing import Any

import pytest

from engineroom.model.audit import AuditEntry
from engineroom.model.ids import OrganizationId, new_audit_entry_id, new_organization_id
from engineroom.store import Store
from engineroom.store.queries import events
from engineroom.store.queries.access import audit, organizations
from tests.store.queries.shop import NOW, SECOND
from tests.store.rows import an_event


@pytest.fixture
def organization(store: Store) -> OrganizationId:
    return asyncio.run(store.read(organizations.default)).id


def an_entry(organization: OrganizationId, **facts: Any) -> AuditEntry:
    usual: dict[str, Any] = {
        "id": new_audit_entry_id(),
        "organization_id": organization,
        "token_id": None,
        "actor": "ada",
        "action": "background_processes.update",
        "target": "/api/background-processes/process-a",
        "address": "192.0.2.1",
        "user_agent": None,
        "at": NOW,
    }
    return AuditEntry(**(usual | facts))


def entries(store: Store, organization: OrganizationId) -> list[AuditEntry]:
    return list(asyncio.run(store.read(lambda connection: audit.page(connection, organization, 1))).items)


async def write(store: Store) -> None:
    await store.write(lambda connection: events.add(connection, [an_event()]))


def test_the_first_write_of_a_task_is_recorded_and_no_other(
    store: Store, organization: OrganizationId
) -> None:
    entry = an_entry(organization)

    async def change() -> None:
        await write(store)
        with audit.attributed(lambda: entry):
            await write(store)
            await write(store)
        await write(store)

    asyncio.run(change())
    assert entries(store, organization) == [entry]


def test_a_write_that_fails_is_not_recorded_and_the_next_one_is(
    store: Store, organization: OrganizationId
) -> None:
    made: list[AuditEntry] = []

    def entry() -> AuditEntry:
        made.append(an_entry(organization))
        return made[-1]

    async def change() -> None:
        with audit.attributed(entry):
            with pytest.raises(ZeroDivisionError):
                await store.write(lambda _: 1 / 0)
            await write(store)

    asyncio.run(change())
    assert entries(store, organization) == made[-1:]


def test_what_only_reads_is_not_recorded(store: Store, organization: OrganizationId) -> None:
    async def look() -> None:
        with audit.attributed(lambda: an_entry(organization)):
            await store.probe()

    asyncio.run(look())
    assert entries(store, organization) == []


def test_tasks_beside_each_other_are_recorded_each_for_itself(
    store: Store, organization: OrganizationId
) -> None:
    async def change(actor: str) -> None:
        with audit.attributed(lambda: an_entry(organization, actor=actor)):
            await write(store)

    async def all_at_once() -> None:
        await asyncio.gather(*(change(str(number)) for number in range(9)))

    asyncio.run(all_at_once())
    assert sorted(each.actor for each in entries(store, organization)) == [*"012345678"]


def test_the_trail_is_newest_first_of_one_organization_and_old_entries_are_pruned(
    store: Store, organization: OrganizationId
) -> None:
    async def change() -> None:
        for number in range(3):
            at = NOW + number * SECOND
            with audit.attributed(lambda at=at: an_entry(organization, at=at)):  # type: ignore[misc]
                await write(store)

    asyncio.run(change())
    assert [each.at for each in entries(store, organization)] == [NOW + n * SECOND for n in (2, 1, 0)]
    assert entries(store, new_organization_id()) == []
    asyncio.run(store.write(lambda connection: audit.prune(connection, NOW + 2 * SECOND)))
    assert [each.at for each in entries(store, organization)] == [NOW + 2 * SECOND]
