from dataclasses import replace

from sqlalchemy import Connection

from engineroom.model.applications.command import CommandStatus
from engineroom.model.ids import new_organization_id
from engineroom.store.queries import commands, environments
from engineroom.store.queries.hosts import claims
from tests.store.queries.shop import NOW, SECOND, Shop
from tests.store.rows import a_command, an_environment

NO_FILTERS = dict.fromkeys(commands.FILTERS)


def test_a_command_comes_back_as_it_was_stored(connection: Connection, shop: Shop) -> None:
    stored = a_command(shop.environment.id, created_at=NOW)
    commands.add(connection, stored)
    assert commands.find(connection, shop.organization, stored.id) == stored
    assert commands.find(connection, new_organization_id(), stored.id) is None

    over = replace(
        stored,
        status=CommandStatus.FAILURE,
        output="line\n\u20ac",
        exit_code=3,
        failure_reason="It exited with 3.",
        started_at=NOW,
        finished_at=NOW + SECOND,
    )
    commands.replace(connection, over)
    assert commands.find(connection, shop.organization, stored.id) == over


def test_a_list_is_newest_first_and_filtered(connection: Connection, shop: Shop) -> None:
    first = a_command(shop.environment.id, command="first", status=CommandStatus.SUCCESS, created_at=NOW)
    second = a_command(shop.environment.id, command="second", created_at=NOW + SECOND)
    for each in (first, second):
        commands.add(connection, each)

    def listed(**filters: str) -> list[str]:
        page = commands.page(connection, shop.environment.id, 1, {**NO_FILTERS, **filters})
        return [each.command for each in page.items]

    assert listed() == ["second", "first"]
    assert listed(status="command.success") == ["first"]
    assert listed(command="second") == ["second"]


def test_those_under_way_are_oldest_first_and_not_of_deleted_environments(
    connection: Connection, shop: Shop
) -> None:
    other = an_environment(shop.application.id, "other")
    environments.add(connection, other)
    running = a_command(shop.environment.id, status=CommandStatus.RUNNING, created_at=NOW)
    pending = a_command(shop.environment.id, created_at=NOW + SECOND)
    over = a_command(shop.environment.id, status=CommandStatus.SUCCESS)
    elsewhere = a_command(other.id)
    for each in (pending, running, over, elsewhere):
        commands.add(connection, each)
    environments.mark_deleted(connection, other.id, NOW)

    assert commands.under_way(connection) == [running, pending]
    assert commands.those_under_way(connection, [pending.id, over.id]) == [pending]
    every = [running.id, pending.id, over.id, elsewhere.id]
    assert commands.of_living_environments(connection, every) == {running.id, pending.id, over.id}


def test_a_host_runs_those_of_the_environments_that_it_has_claimed(
    connection: Connection, shop: Shop
) -> None:
    command = a_command(shop.environment.id)
    commands.add(connection, command)
    assert commands.unclaimed(connection) == [shop.environment.id]
    assert commands.under_way(connection, "one") == []

    claims.claim(connection, "one", [shop.environment.id])
    assert commands.unclaimed(connection) == []
    assert commands.under_way(connection, "one") == [command]
    assert commands.under_way(connection, "other") == []
