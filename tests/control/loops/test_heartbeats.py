"""Servers on one database call the roll: who is lost is found once, and told by one of them."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from engineroom.control.folders.links import link
from engineroom.control.loops.heartbeats import RollCall
from engineroom.model.event import Event
from engineroom.model.ids import OrganizationId
from engineroom.store import Store
from engineroom.store.queries import events
from engineroom.store.queries.access import organizations
from engineroom.store.queries.events import Scope
from engineroom.store.queries.hosts import presences
from tests.control.running_control import running_control, settle
from tests.runtime.asynchronous import asynchronous
from tests.support.databases import Postgresql, PostgresqlServer

pytestmark = pytest.mark.needs("postgresql")

HOSTS = ("one", "two", "three")


class Roll:
    """Three hosts with a server each."""

    def __init__(self, database: Postgresql) -> None:
        self.stores = {host: database.open(host) for host in HOSTS}
        self.calls = {host: RollCall(store, host, f"web-{host}") for host, store in self.stores.items()}

    @property
    def store(self) -> Store:
        return self.stores["one"]

    async def look(self, *hosts: str) -> None:
        await asyncio.gather(*(self.calls[host].open() for host in hosts))

    async def silence(self, host: str) -> None:
        """Have a host been silent for two minutes, while the others were there."""

        def age(connection: Connection) -> None:
            connection.execute(text("UPDATE hosts SET steady_since = steady_since - interval '1 hour'"))
            silent = text("UPDATE hosts SET seen_at = seen_at - interval '2 minutes' WHERE id = :host")
            connection.execute(silent, {"host": host})

        await self.store.write(age)

    async def told(self, organization: OrganizationId | None = None) -> list[Event]:
        """Return what an organization, else the first one, was told of hosts, oldest first."""

        def read(connection: Connection) -> list[Event]:
            of = organization or organizations.default(connection).id
            found = events.page(connection, Scope("organization", of), 1).items
            return [event for event in reversed(found) if event.kind.startswith("host.")]

        return await self.store.read(read)


@pytest.fixture
def roll(postgresql_server: PostgresqlServer, tmp_path: Path) -> Iterator[Roll]:
    opened = Roll(Postgresql(tmp_path, postgresql_server.emptied()))
    yield opened
    for store in opened.stores.values():
        store.close()


@asynchronous
async def test_a_lost_host_is_found_once_told_by_one_and_told_when_it_is_back(
    roll: Roll, tmp_path: Path
) -> None:
    linked = await link(roll.stores["three"], tmp_path, "Shop", {})
    await roll.look(*HOSTS)
    await roll.silence("three")
    for _ in range(3):
        await roll.look("one", "two")

    [lost] = await roll.told()
    assert lost.kind == "host.lost"
    assert lost.message.startswith("The host web-three has not been seen for 12")
    assert lost.message.endswith("these environments do not run: Shop (production).")
    assert lost.data["environments"] == [linked.environment]
    seen = [each for host in ("one", "two") for each in roll.calls[host].lost]
    assert [(each.host, each.environments) for each in seen] == [("three", 1)] * 2
    assert sorted(each.is_told_here for each in seen) == [False, True]

    await roll.look("three")
    await roll.look(*HOSTS)

    [_, found] = await roll.told()
    assert found.kind == "host.found"
    assert found.message.startswith("The host web-three is back after 12")
    assert found.message.endswith("with these environments: Shop (production).")
    assert [each for call in roll.calls.values() for each in call.lost] == []


@asynchronous
async def test_a_host_that_is_stopped_in_order_is_not_lost(roll: Roll, tmp_path: Path) -> None:
    await link(roll.stores["three"], tmp_path, "Shop", {})
    await roll.look(*HOSTS)
    await roll.calls["three"].close()
    await roll.silence("three")
    await roll.look("one", "two")

    assert await roll.told() == []


@asynchronous
async def test_no_organization_reads_the_names_of_another(roll: Roll, tmp_path: Path) -> None:
    await link(roll.stores["three"], tmp_path, "Shop", {})
    await link(roll.stores["three"], tmp_path, "Secret", {})
    other = OrganizationId("org-other")

    def give_away(connection: Connection) -> None:
        connection.execute(
            text(
                "INSERT INTO organizations (id, name, slug, created_at) VALUES ('org-other', 'O', 'o', now())"
            )
        )
        connection.execute(
            text("UPDATE applications SET organization_id = 'org-other' WHERE name = 'Secret'")
        )

    await roll.store.write(give_away)
    await roll.look(*HOSTS)
    await roll.silence("three")
    await roll.look("one", "two")

    [ours] = await roll.told()
    [theirs] = await roll.told(other)
    assert ours.message.endswith(": Shop (production).")
    assert theirs.message.endswith(": Secret (production).")


@asynchronous
async def test_an_event_names_ten_environments_and_counts_the_rest(roll: Roll, tmp_path: Path) -> None:
    for number in range(12):
        await link(roll.stores["three"], tmp_path, f"Shop {number:02}", {})
    await roll.look(*HOSTS)
    await roll.silence("three")
    await roll.look("one")

    [lost] = await roll.told()
    assert lost.message.endswith("Shop 08 (production), Shop 09 (production) and 2 more.")
    assert len(lost.data["environments"]) == 12


@asynchronous
async def test_a_database_that_is_away_does_not_keep_a_server_from_ending(roll: Roll) -> None:
    await roll.look("one")
    await roll.store.write(lambda connection: connection.execute(text("ALTER TABLE hosts RENAME TO gone")))
    try:
        await roll.calls["one"].close()
    finally:
        await roll.store.write(
            lambda connection: connection.execute(text("ALTER TABLE gone RENAME TO hosts"))
        )


@asynchronous
async def test_a_host_that_has_its_database_for_itself_calls_no_roll(tmp_path: Path) -> None:
    async with running_control(tmp_path) as running:
        await settle(running)
        assert await running.store.read(presences.everyone) == {}
