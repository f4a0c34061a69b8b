"""Servers on one database send heartbeats: a lost host is found once, and one server tells of it."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from engineroom.control.folders.links import link
from engineroom.control.loops.heartbeats import Heartbeats
from engineroom.model.event import Event
from engineroom.model.ids import OrganizationId
from engineroom.store import Store
from engineroom.store.queries import events
from engineroom.store.queries.access import organizations
from engineroom.store.queries.events import Scope
from engineroom.store.queries.hosts import members
from tests.control.running_control import running_control, settle
from tests.runtime.asynchronous import asynchronous
from tests.support.databases import Postgresql, PostgresqlServer

pytestmark = pytest.mark.needs("postgresql")

HOSTS = ("one", "two", "three")


class Servers:
    """Three hosts with a server each."""

    def __init__(self, database: Postgresql) -> None:
        self.stores = {host: database.open(host) for host in HOSTS}
        self.heartbeats = {
            host: Heartbeats(store, host, f"web-{host}") for host, store in self.stores.items()
        }

    @property
    def store(self) -> Store:
        return self.stores["one"]

    async def beat(self, *hosts: str) -> None:
        await asyncio.gather(*(self.heartbeats[host].open() for host in hosts))

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
def servers(postgresql_server: PostgresqlServer, tmp_path: Path) -> Iterator[Servers]:
    opened = Servers(Postgresql(tmp_path, postgresql_server.emptied()))
    yield opened
    for store in opened.stores.values():
        store.close()


@asynchronous
async def test_a_lost_host_is_found_once_told_by_one_and_told_when_it_is_back(
    servers: Servers, tmp_path: Path
) -> None:
    linked = await link(servers.stores["three"], tmp_path, "Shop", {})
    await servers.beat(*HOSTS)
    await servers.silence("three")
    for _ in range(3):
        await servers.beat("one", "two")

    [lost] = await servers.told()
    assert lost.kind == "host.lost"
    assert lost.message.startswith("The host web-three has not been seen for 12")
    assert lost.message.endswith("these environments do not run: Shop (production).")
    assert lost.data["environments"] == [linked.environment]
    seen = [each for host in ("one", "two") for each in servers.heartbeats[host].lost]
    assert [(each.host, each.environments) for each in seen] == [("three", 1)] * 2
    assert sorted(each.is_told_here for each in seen) == [False, True]

    await servers.beat("three")
    await servers.beat(*HOSTS)

    [_, found] = await servers.told()
    assert found.kind == "host.found"
    assert found.message.startswith("The host web-three is back after 12")
    assert found.message.endswith("with these environments: Shop (production).")
    assert [each for beats in servers.heartbeats.values() for each in beats.lost] == []


@asynchronous
async def test_a_host_that_is_stopped_in_order_is_not_lost(servers: Servers, tmp_path: Path) -> None:
    await link(servers.stores["three"], tmp_path, "Shop", {})
    await servers.beat(*HOSTS)
    await servers.heartbeats["three"].close()
    await servers.silence("three")
    await servers.beat("one", "two")

    assert await servers.told() == []


@asynchronous
async def test_no_organization_reads_the_names_of_another(servers: Servers, tmp_path: Path) -> None:
    await link(servers.stores["three"], tmp_path, "Shop", {})
    await link(servers.stores["three"], tmp_path, "Secret", {})
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

    await servers.store.write(give_away)
    await servers.beat(*HOSTS)
    await servers.silence("three")
    await servers.beat("one", "two")

    [ours] = await servers.told()
    [theirs] = await servers.told(other)
    assert ours.message.endswith(": Shop (production).")
    assert theirs.message.endswith(": Secret (production).")


@asynchronous
async def test_an_event_names_ten_environments_and_counts_the_rest(servers: Servers, tmp_path: Path) -> None:
    for number in range(12):
        await link(servers.stores["three"], tmp_path, f"Shop {number:02}", {})
    await servers.beat(*HOSTS)
    await servers.silence("three")
    await servers.beat("one")

    [lost] = await servers.told()
    assert lost.message.endswith("Shop 08 (production), Shop 09 (production) and 2 more.")
    assert len(lost.data["environments"]) == 12


@asynchronous
async def test_a_database_that_is_away_does_not_keep_a_server_from_ending(servers: Servers) -> None:
    await servers.beat("one")
    await servers.store.write(lambda connection: connection.execute(text("ALTER TABLE hosts RENAME TO gone")))
    try:
        await servers.heartbeats["one"].close()
    finally:
        await servers.store.write(
            lambda connection: connection.execute(text("ALTER TABLE gone RENAME TO hosts"))
        )


@asynchronous
async def test_a_host_that_has_its_database_for_itself_calls_no_roll(tmp_path: Path) -> None:
    async with running_control(tmp_path) as running:
        await settle(running)
        assert await running.store.read(members.everyone) == {}
