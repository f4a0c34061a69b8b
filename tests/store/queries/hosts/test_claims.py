"""Several servers on one PostgreSQL: each host runs what it has claimed, and none writes past another."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection

from engineroom.control.folders.links import Linked, link
from engineroom.model.instances.instance import ScalingType
from engineroom.store import Store
from engineroom.store.queries import background_processes, instances, scheduled_runs, schedules
from engineroom.store.queries.access import organizations
from engineroom.store.queries.hosts import claims
from engineroom.store.queries.scaling.scaled_instances import scaled_instances
from engineroom.store.queries.wanted import wanted
from tests.store.rows import a_background_process
from tests.support.databases import Postgresql, PostgresqlServer

pytestmark = pytest.mark.needs("postgresql")


@pytest.fixture
def shared(postgresql_server: PostgresqlServer, tmp_path: Path) -> Postgresql:
    return Postgresql(tmp_path, postgresql_server.emptied())


def test_what_is_linked_on_a_host_runs_on_that_host_alone(shared: Postgresql, tmp_path: Path) -> None:
    one, other = shared.open("one"), shared.open("other")
    linked = asyncio.run(link(one, tmp_path, "Shop", {}))
    new = a_background_process(linked.instance)
    asyncio.run(one.write(lambda connection: background_processes.add(connection, new)))

    def of(host: str) -> list[str]:
        found = asyncio.run(other.read(lambda connection: wanted(connection, host=host)))
        return [each.background_process.id for each in found]

    assert asyncio.run(other.read(claims.unclaimed)) == []
    assert of("one") == [new.id]
    assert of("other") == []
    one.close()
    other.close()


def test_what_is_scheduled_and_scaled_belongs_to_the_host_that_has_claimed_it(
    shared: Postgresql, tmp_path: Path
) -> None:
    store = shared.open("one")
    linked = asyncio.run(link(store, tmp_path, "Shop", {}))

    def follow(connection: Connection) -> None:
        organization = organizations.default(connection)
        found = instances.find(connection, organization.id, linked.instance)
        assert found is not None
        scaled = replace(found, uses_scheduler=True, scaling_type=ScalingType.CUSTOM, max_replicas=2)
        instances.replace(connection, scaled)

    asyncio.run(store.write(follow))

    def of(host: str) -> tuple[int, int]:
        def read(connection: Connection) -> tuple[int, int]:
            return len(schedules.followers(connection, host)), len(scaled_instances(connection, host))

        return asyncio.run(store.read(read))

    assert of("one") == (1, 1)
    assert of("other") == (0, 0)
    assert asyncio.run(store.read(schedules.unclaimed)) == []
    store.close()


def test_an_environment_is_claimed_once_however_many_try(shared: Postgresql, tmp_path: Path) -> None:
    stores = [shared.open(f"host-{number}") for number in range(3)]
    owner = Store.connect(shared.address, stores[0]._keyring, "nobody")
    owner.host = None  # as what an API call makes: no host has claimed it
    linked = asyncio.run(link(owner, tmp_path, "Shop", {}))
    new = a_background_process(linked.instance)
    asyncio.run(owner.write(lambda connection: background_processes.add(connection, new)))

    async def claim_at_once() -> None:
        await asyncio.gather(
            *(
                store.write(lambda connection, host=store.host: claims.claim(connection, host, found))  # type: ignore[misc]
                for store in stores
            )
        )

    found = asyncio.run(owner.read(claims.unclaimed))
    asyncio.run(claim_at_once())

    owners = [
        store.host
        for store in stores
        if asyncio.run(store.read(lambda connection, host=store.host: wanted(connection, host=host)))  # type: ignore[misc]
    ]
    assert len(owners) == 1
    for store in (*stores, owner):
        store.close()


def test_no_server_writes_past_what_another_has_just_written(shared: Postgresql, tmp_path: Path) -> None:
    stores = [shared.open(f"host-{number}") for number in range(2)]
    linked: Linked = asyncio.run(link(stores[0], tmp_path, "Shop", {}))
    new = a_background_process(linked.instance)
    asyncio.run(stores[0].write(lambda connection: background_processes.add(connection, new)))

    def count_up(connection: Connection) -> None:
        organization = organizations.default(connection).id
        found = background_processes.find(connection, organization, new.id)
        assert found is not None
        background_processes.replace(connection, replace(found, generation=found.generation + 1))

    async def both() -> None:
        await asyncio.gather(*(store.write(count_up) for store in stores for _ in range(100)))

    asyncio.run(both())

    [found] = asyncio.run(stores[1].read(wanted))
    assert found.background_process.generation == 200
    for store in stores:
        store.close()


def test_each_host_has_worked_for_its_own_minutes(shared: Postgresql) -> None:
    one, other = shared.open("one"), shared.open("other")
    noon = datetime(2026, 5, 1, 12, tzinfo=UTC)
    for store, minute in (
        (one, noon),
        (other, noon + timedelta(minutes=1)),
        (one, noon + timedelta(minutes=2)),
    ):
        asyncio.run(store.write(partial(scheduled_runs.begin, minute=minute, runs=[], host=store.host)))

    last = [
        asyncio.run(one.read(partial(scheduled_runs.last_minute, host=host)))
        for host in ("one", "other", "new")
    ]

    assert last == [noon + timedelta(minutes=2), noon + timedelta(minutes=1), None]
    one.close()
    other.close()
