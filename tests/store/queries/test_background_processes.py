from dataclasses import replace

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from engineroom.model.ids import new_background_process_id, new_instance_id, new_organization_id
from engineroom.model.processes.background_process import BackgroundProcessType, StrategyType
from engineroom.model.processes.lifecycle import Lifecycle
from engineroom.model.processes.worker_config import WorkerConfig
from engineroom.store.queries import background_processes
from engineroom.store.queries.scaling import scales
from engineroom.store.queries.wanted import wanted
from tests.store.queries.shop import NOW, SECOND, Shop
from tests.store.rows import a_background_process


def test_a_background_process_comes_back_as_it_was_stored(connection: Connection, shop: Shop) -> None:
    worker = a_background_process(
        shop.instance.id,
        type=BackgroundProcessType.WORKER,
        config=WorkerConfig(connection="redis", tries=0, force=False),
        custom_command=None,
        strategy_type=StrategyType.QUEUE_SIZE,
        strategy_threshold=9,
        created_at=NOW,
    )
    background_processes.add(connection, worker)
    assert background_processes.find(connection, shop.organization, worker.id) == worker

    changed = replace(
        worker,
        type=BackgroundProcessType.CUSTOM,
        config=None,
        custom_command="x",
        lifecycle=Lifecycle(stop_timeout=5, expected_exit_codes=(0, 12)),
    )
    background_processes.replace(connection, changed)
    assert background_processes.find(connection, shop.organization, worker.id) == changed


def test_a_background_process_of_no_instance_is_refused_by_the_database(connection: Connection) -> None:
    with pytest.raises(IntegrityError):
        background_processes.add(connection, a_background_process(new_instance_id()))


def test_a_list_is_oldest_first_wherever_it_is_asked_for(connection: Connection, shop: Shop) -> None:
    instance, environment = shop.instance.id, shop.environment.id
    second = a_background_process(instance, created_at=NOW + SECOND)
    first = a_background_process(instance, created_at=NOW)
    deleted = a_background_process(instance, created_at=NOW)
    for each in (second, first, deleted):
        background_processes.add(connection, each)
    background_processes.mark_deleted(connection, deleted.id, NOW)

    both = [first, second]
    assert list(background_processes.page(connection, instance, 1).items) == both
    assert background_processes.of_instance(connection, instance) == both
    assert background_processes.of_instances(connection, shop.organization, [instance]) == both
    assert background_processes.of_instances(connection, new_organization_id(), [instance]) == []
    assert background_processes.of_environment(connection, environment) == both


def test_only_those_of_the_organization_are_its_own(connection: Connection, shop: Shop) -> None:
    kept, deleted = (a_background_process(shop.instance.id) for _ in range(2))
    for each in (kept, deleted):
        background_processes.add(connection, each)
    background_processes.mark_deleted(connection, deleted.id, NOW)
    asked = [kept.id, deleted.id, new_background_process_id()]
    assert background_processes.owned_ids(connection, shop.organization, asked) == {kept.id}
    assert background_processes.owned_ids(connection, new_organization_id(), asked) == set()


def test_a_new_generation_is_that_of_those_that_are_asked_for_alone(
    connection: Connection, shop: Shop
) -> None:
    bumped, other = (a_background_process(shop.instance.id, generation=4) for _ in range(2))
    for each in (bumped, other):
        background_processes.add(connection, each)
    background_processes.bump_generations(connection, [bumped.id])
    background_processes.bump_generations(connection, [])
    found = background_processes.of_instance(connection, shop.instance.id)
    assert {each.id: each.generation for each in found} == {bumped.id: 5, other.id: 4}


def test_a_tombstone_is_found_only_by_who_looks_for_one_and_can_be_forced(
    connection: Connection, shop: Shop
) -> None:
    kept, deleted = (a_background_process(shop.instance.id) for _ in range(2))
    for each in (kept, deleted):
        background_processes.add(connection, each)
    background_processes.mark_deleted(connection, deleted.id, NOW)
    assert background_processes.find(connection, shop.organization, deleted.id) is None
    assert background_processes.find_deleted(connection, shop.organization, deleted.id) == deleted
    assert background_processes.find_deleted(connection, shop.organization, kept.id) is None
    assert background_processes.find_deleted(connection, new_organization_id(), deleted.id) is None
    assert [row.deleted_force for row in wanted(connection)] == [False, False]

    background_processes.mark_forced(connection, deleted.id)
    assert {row.background_process.id: (row.deleted, row.deleted_force) for row in wanted(connection)} == {
        kept.id: (False, False),
        deleted.id: (True, True),
    }


def test_only_tombstones_are_purged_and_their_scale_with_them(connection: Connection, shop: Shop) -> None:
    deleted, kept = (a_background_process(shop.instance.id) for _ in range(2))
    for each in (deleted, kept):
        background_processes.add(connection, each)
    scales.put(connection, {deleted.id: 0}, NOW)
    background_processes.mark_deleted(connection, deleted.id, NOW)
    assert background_processes.tombstones(connection) == [deleted.id]

    background_processes.purge(connection, [deleted.id, kept.id])
    assert background_processes.tombstones(connection) == []
    assert background_processes.of_instance(connection, shop.instance.id) == [kept]
    background_processes.add(connection, deleted)
    assert [row.processes for row in wanted(connection, [deleted.id])] == [2]
