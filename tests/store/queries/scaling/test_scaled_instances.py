from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection

from engineroom.model.applications.environment import EnvironmentStatus
from engineroom.model.instances.instance import Instance, ScalingType
from engineroom.model.scaling.effect import MAX_REPLICAS
from engineroom.store.queries import background_processes, environments, instances
from engineroom.store.queries.hosts import claims
from engineroom.store.queries.scaling import scales
from engineroom.store.queries.scaling.scaled_instances import scaled_instances
from tests.store.queries.shop import NOW, SECOND, Shop
from tests.store.rows import a_background_process, an_instance


@pytest.fixture
def custom(connection: Connection, shop: Shop) -> Instance:
    return changed(
        connection,
        shop.instance,
        scaling_type=ScalingType.CUSTOM,
        min_replicas=2,
        max_replicas=4,
        scaling_cpu_threshold_percentage=70,
    )


def changed(connection: Connection, instance: Instance, **fields: Any) -> Instance:
    new = replace(instance, **fields)
    instances.replace(connection, new)
    return new


def test_an_instance_has_its_bounds_its_replicas_and_what_runs_on_them(
    connection: Connection, custom: Instance
) -> None:
    second = a_background_process(custom.id, created_at=NOW + SECOND)
    first, deleted = (a_background_process(custom.id, created_at=NOW) for _ in range(2))
    for each in (second, first, deleted):
        background_processes.add(connection, each)
    background_processes.mark_deleted(connection, deleted.id, NOW)
    scales.put(connection, {custom.id: 3}, NOW)

    [found] = scaled_instances(connection)

    assert (found.id, found.size, found.scaling_type) == (custom.id, "host", ScalingType.CUSTOM)
    assert (found.min_replicas, found.replicas, found.max_replicas) == (2, 3, 4)
    assert (found.cpu_percentage, found.memory_percentage) == (70, None)
    assert found.background_processes == (first.id, second.id)


def test_the_scale_stays_within_the_bounds(connection: Connection, custom: Instance) -> None:
    for scale, replicas in ((0, 2), (9, 4)):
        scales.put(connection, {custom.id: scale}, NOW)
        [found] = scaled_instances(connection)
        assert found.replicas == replicas


def test_engineroom_chooses_the_bounds_of_automatic_scaling(connection: Connection, shop: Shop) -> None:
    changed(connection, shop.instance, scaling_type=ScalingType.AUTO)
    [found] = scaled_instances(connection)
    assert (found.min_replicas, found.max_replicas) == (1, MAX_REPLICAS)


def test_those_that_are_not_scaled_do_not_run_or_are_deleted_are_left_out(
    connection: Connection, shop: Shop, custom: Instance
) -> None:
    instances.add(connection, an_instance(shop.environment.id, "fixed"))
    assert [each.id for each in scaled_instances(connection)] == [custom.id]
    environments.set_status(connection, shop.environment.id, EnvironmentStatus.STOPPED)
    assert scaled_instances(connection) == []
    environments.set_status(connection, shop.environment.id, EnvironmentStatus.RUNNING)
    instances.mark_deleted(connection, custom.id, NOW)
    assert scaled_instances(connection) == []


def test_a_host_scales_what_it_has_claimed(connection: Connection, shop: Shop, custom: Instance) -> None:
    claims.claim(connection, "one", [shop.environment.id])
    assert [each.id for each in scaled_instances(connection, "one")] == [custom.id]
    assert scaled_instances(connection, "other") == []
