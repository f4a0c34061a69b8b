from dataclasses import replace

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from engineroom.model.ids import new_environment_id, new_organization_id
from engineroom.model.instances.instance import InstanceType, ScalingType
from engineroom.store.queries import background_processes, instances
from tests.store.queries.shop import NOW, SECOND, Shop
from tests.store.rows import a_background_process, an_instance

NO_FILTERS = dict.fromkeys(instances.FILTERS)


def test_an_instance_comes_back_as_it_was_stored(connection: Connection, shop: Shop) -> None:
    assert instances.find(connection, shop.organization, shop.instance.id) == shop.instance
    changed = replace(
        shop.instance,
        type=InstanceType.QUEUE,
        scaling_type=ScalingType.CUSTOM,
        min_replicas=2,
        max_replicas=5,
        shutdown_timeout_seconds=0,
        uses_scheduler=True,
        sleep_with_app=False,
        scaling_cpu_threshold_percentage=70,
        scaling_memory_threshold_percentage=80,
    )
    instances.replace(connection, changed)
    assert instances.find(connection, shop.organization, shop.instance.id) == changed


def test_an_instance_of_no_environment_is_refused_by_the_database(connection: Connection) -> None:
    with pytest.raises(IntegrityError):
        instances.add(connection, an_instance(new_environment_id(), "app"))


def test_another_organization_finds_nothing(connection: Connection, shop: Shop) -> None:
    other, id = new_organization_id(), shop.instance.id
    assert instances.find(connection, other, id) is None
    assert instances.some(connection, other, [id]) == []
    assert instances.ids(connection, other) == frozenset()
    assert instances.of_environments(connection, other, [shop.environment.id]) == []
    assert instances.page(connection, other, shop.environment.id, 1, NO_FILTERS).items == []


def test_a_list_is_oldest_first_and_filtered(connection: Connection, shop: Shop) -> None:
    older = an_instance(shop.environment.id, "mail", created_at=NOW - SECOND, type=InstanceType.QUEUE)
    instances.add(connection, older)

    def listed(**filters: str) -> list[str]:
        of = shop.environment.id
        page = instances.page(connection, shop.organization, of, 1, {**NO_FILTERS, **filters})
        return [each.name for each in page.items]

    assert listed() == ["mail", "app"]
    assert listed(type="queue") == ["mail"]
    assert listed(size="host", scaling_type="none", name="app") == ["app"]
    assert instances.ids(connection, shop.organization) == {older.id, shop.instance.id}
    assert instances.of_environments(connection, shop.organization, [shop.environment.id]) == [
        older,
        shop.instance,
    ]


def test_the_app_of_an_environment_is_its_oldest_instance_of_that_type(
    connection: Connection, shop: Shop
) -> None:
    instances.add(connection, an_instance(shop.environment.id, "second", created_at=NOW + SECOND))
    queue = an_instance(shop.environment.id, "queue", created_at=NOW - SECOND, type=InstanceType.QUEUE)
    instances.add(connection, queue)
    assert instances.apps(connection, [shop.environment.id]) == {shop.environment.id: shop.instance}


def test_a_deleted_instance_stays_until_its_last_background_process_is_gone(
    connection: Connection, shop: Shop
) -> None:
    process = a_background_process(shop.instance.id)
    background_processes.add(connection, process)
    instances.mark_deleted(connection, shop.instance.id, NOW)
    assert instances.find(connection, shop.organization, shop.instance.id) is None
    assert instances.apps(connection, [shop.environment.id]) == {}

    # The database would refuse to let it go with what is on it.
    instances.purge(connection)
    background_processes.mark_deleted(connection, process.id, NOW)
    background_processes.purge(connection, [process.id])
    instances.purge(connection)
    instances.add(connection, shop.instance)
