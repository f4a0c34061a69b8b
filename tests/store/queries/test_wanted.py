from dataclasses import replace

import pytest
from sqlalchemy import Connection

from engineroom.model.applications.environment import EnvironmentStatus
from engineroom.model.applications.variables import EnvironmentVariable
from engineroom.model.ids import BackgroundProcessId
from engineroom.model.instances.instance import ScalingType
from engineroom.model.processes.background_process import BackgroundProcess, StrategyType
from engineroom.store.queries import (
    background_processes,
    environment_variables,
    environments,
    instances,
    operations,
)
from engineroom.store.queries.hosts import claims
from engineroom.store.queries.scaling import scales
from engineroom.store.queries.wanted import started, unsettled_ids, wanted
from tests.store.queries.shop import NOW, SECOND, Shop
from tests.store.rows import a_background_process, an_operation


@pytest.fixture
def process(connection: Connection, shop: Shop) -> BackgroundProcess:
    new = a_background_process(shop.instance.id, created_at=NOW)
    background_processes.add(connection, new)
    return new


def test_what_is_wanted_has_all_that_decides_how_it_runs(
    connection: Connection, shop: Shop, process: BackgroundProcess
) -> None:
    variables = (EnvironmentVariable(key="B", value="2"), EnvironmentVariable(key="A", value="1"))
    environment_variables.put(connection, shop.environment, variables, deployed=True)

    [row] = wanted(connection)

    assert (row.background_process, row.deleted, row.deleted_force) == (process, False, False)
    assert (row.application_id, row.application_name) == (shop.application.id, "Shop")
    assert (row.environment_id, row.environment_name) == (shop.environment.id, "production")
    assert (row.directory, row.os_user, row.umask) == ("/srv/production", None, None)
    assert (row.processes, row.replicas, row.size) == (2, 1, "host")
    assert row.shutdown_timeout_seconds == 60
    assert row.environment_status is EnvironmentStatus.RUNNING
    assert row.variables == variables


def test_tombstones_are_among_it_and_all_are_oldest_first(
    connection: Connection, shop: Shop, process: BackgroundProcess
) -> None:
    deleted = a_background_process(shop.instance.id, created_at=NOW - SECOND)
    background_processes.add(connection, deleted)
    background_processes.mark_deleted(connection, deleted.id, NOW)
    assert [(row.background_process, row.deleted) for row in wanted(connection)] == [
        (deleted, True),
        (process, False),
    ]
    assert [row.background_process for row in started(connection)] == [process]


def test_it_can_be_asked_of_some(connection: Connection, process: BackgroundProcess) -> None:
    assert [row.background_process for row in wanted(connection, [process.id, BackgroundProcessId("x")])] == [
        process
    ]
    assert wanted(connection, []) == []


def test_the_shutdown_timeout_of_the_instance_wins(
    connection: Connection, shop: Shop, process: BackgroundProcess
) -> None:
    instances.replace(connection, replace(shop.instance, shutdown_timeout_seconds=0))
    [row] = wanted(connection, [process.id])
    assert row.shutdown_timeout_seconds == 0


def test_the_present_scale_decides_how_many_run(
    connection: Connection, shop: Shop, process: BackgroundProcess
) -> None:
    scaled = replace(process, strategy_type=StrategyType.LATENCY, strategy_threshold=5, processes=8)
    background_processes.replace(connection, scaled)
    custom = replace(shop.instance, scaling_type=ScalingType.CUSTOM, min_replicas=2, max_replicas=4)
    instances.replace(connection, custom)

    def running() -> tuple[int, int]:
        [row] = wanted(connection)
        return row.processes, row.replicas

    assert running() == (8, 2)
    scales.put(connection, {process.id: 3, shop.instance.id: 3}, NOW)
    assert running() == (3, 3)
    scales.put(connection, {process.id: 9, shop.instance.id: 9}, NOW)
    assert running() == (8, 4)


def test_in_a_stopped_environment_only_what_is_under_way_is_unsettled(
    connection: Connection, shop: Shop, process: BackgroundProcess
) -> None:
    assert unsettled_ids(connection) == [process.id]
    environments.set_status(connection, shop.environment.id, EnvironmentStatus.STOPPED)
    assert unsettled_ids(connection) == []
    assert started(connection) == []

    operation = an_operation(shop.organization, process.id)
    operations.add(connection, operation)
    assert unsettled_ids(connection) == [process.id]
    operations.finish(connection, [operation.id], NOW)
    assert unsettled_ids(connection) == []

    background_processes.mark_deleted(connection, process.id, NOW)
    assert unsettled_ids(connection) == [process.id]


def test_a_host_is_told_of_what_it_has_claimed(
    connection: Connection, shop: Shop, process: BackgroundProcess
) -> None:
    claims.claim(connection, "one", [shop.environment.id])
    for host, expected in (("one", [process.id]), ("other", [])):
        assert unsettled_ids(connection, host) == expected
        for rows in (
            wanted(connection, host=host),
            wanted(connection, [process.id], host),
            started(connection, host),
        ):
            assert [row.background_process.id for row in rows] == expected
