import pytest
from sqlalchemy import Connection

from engineroom.store.queries import background_processes, commands, deployments, operations
from engineroom.store.queries.access import scope
from tests.store.queries.shop import Shop
from tests.store.rows import a_background_process, a_command, a_deployment, an_operation


@pytest.fixture
def ids(connection: Connection, shop: Shop) -> dict[str, str]:
    """Something of each kind that belongs to the shop's application, by its name in addresses."""
    process = a_background_process(shop.instance.id)
    deployment, command = a_deployment(shop.environment.id), a_command(shop.environment.id)
    operation = an_operation(shop.organization, process.id)
    background_processes.add(connection, process)
    deployments.add(connection, deployment)
    commands.add(connection, command)
    operations.add(connection, operation)
    return {
        "application": shop.application.id,
        "environment": shop.environment.id,
        "instance": shop.instance.id,
        "backgroundProcess": process.id,
        "deployment": deployment.id,
        "command": command.id,
        "operation": operation.id,
    }


def test_each_kind_leads_to_its_application(connection: Connection, shop: Shop, ids: dict[str, str]) -> None:
    assert set(ids) == scope.KINDS
    for kind, id in ids.items():
        assert scope.application_of(connection, kind, id) == shop.application.id, kind


def test_an_id_of_another_kind_leads_nowhere(connection: Connection, ids: dict[str, str]) -> None:
    for kind in scope.KINDS:
        for other, id in ids.items():
            if other != kind:
                assert scope.application_of(connection, kind, id) is None, (kind, other)


def test_an_operation_leads_to_the_application_of_whatever_it_is_about(
    connection: Connection, shop: Shop, ids: dict[str, str]
) -> None:
    for kind in scope.KINDS - {"operation"}:
        operation = an_operation(shop.organization, ids[kind])  # type: ignore[arg-type]
        operations.add(connection, operation)
        assert scope.application_of(connection, "operation", operation.id) == shop.application.id, kind
