from typing import Any

import pytest
from sqlalchemy import Connection

from engineroom.model.ids import BackgroundProcessId, OperationId, new_organization_id
from engineroom.model.operation import Operation, OperationAction, OperationStatus
from engineroom.store.queries import operations
from tests.store.queries.shop import NOW, SECOND, Shop
from tests.store.rows import an_operation

A, B, C = (BackgroundProcessId(f"process-{letter}") for letter in "abc")
RUNNING, SUCCEEDED = OperationStatus.RUNNING, OperationStatus.SUCCEEDED


def stored(connection: Connection, shop: Shop, of: Any, **facts: Any) -> Operation:
    operation = an_operation(shop.organization, of, **({"created_at": NOW} | facts))
    operations.add(connection, operation)
    return operation


def status(connection: Connection, id: OperationId) -> OperationStatus:
    return operations.get(connection, id).status


def test_an_operation_comes_back_as_it_was_stored(connection: Connection, shop: Shop) -> None:
    operation = stored(connection, shop, A, changes={"processes": (None, 2), "name": ("a", None)})
    assert operations.find(connection, shop.organization, operation.id) == operation
    assert operations.find(connection, new_organization_id(), operation.id) is None
    assert operations.get(connection, operation.id) == operation


def test_lists_are_newest_first(connection: Connection, shop: Shop) -> None:
    first = stored(connection, shop, A)
    second = stored(connection, shop, B, created_at=NOW + SECOND)
    assert list(operations.page(connection, shop.organization, 1).items) == [second, first]
    assert list(operations.page(connection, new_organization_id(), 1).items) == []
    assert list(operations.page_of_subject(connection, A, 1).items) == [first]


def test_a_newer_operation_supersedes_those_that_still_run_on_its_subject(
    connection: Connection, shop: Shop
) -> None:
    first, untouched = stored(connection, shop, A), stored(connection, shop, B)
    done = stored(connection, shop, A, action=OperationAction.UPDATE, created_at=NOW + SECOND)
    operations.finish(connection, [first.id, done.id], NOW + SECOND)
    last = stored(connection, shop, A, action=OperationAction.UPDATE, created_at=NOW + 2 * SECOND)

    assert operations.running(connection, {A, B, C}) == {A: [last.id], B: [untouched.id]}
    assert operations.running(connection, {A}) == {A: [last.id]}
    superseded = operations.get(connection, first.id)
    assert (superseded.status, superseded.finished_at) == (OperationStatus.SUPERSEDED, NOW + SECOND)
    assert status(connection, done.id) is SUCCEEDED


def test_a_creation_supersedes_nothing(connection: Connection, shop: Shop) -> None:
    first = stored(connection, shop, A)
    second = stored(connection, shop, A, created_at=NOW + SECOND)
    assert operations.running(connection, [A]) == {A: [first.id, second.id]}


def test_what_has_parts_is_complete_when_they_are(connection: Connection, shop: Shop) -> None:
    parent = stored(connection, shop, shop.environment.id, action=OperationAction.RESTART)
    parts = [stored(connection, shop, of, parent_id=parent.id) for of in (A, B)]
    assert operations.running_children(connection, parent.id) == {parts[0].id: A, parts[1].id: B}

    operations.finish(connection, [parts[0].id], NOW + SECOND)
    assert status(connection, parent.id) is RUNNING
    operations.finish(connection, [parts[1].id], NOW + 2 * SECOND)
    assert operations.running_children(connection, parent.id) == {}
    complete = operations.get(connection, parent.id)
    assert (complete.status, complete.finished_at) == (SUCCEEDED, NOW + 2 * SECOND)


def test_it_is_superseded_when_its_last_part_is(connection: Connection, shop: Shop) -> None:
    parent = stored(connection, shop, shop.environment.id, action=OperationAction.RESTART)
    stored(connection, shop, A, parent_id=parent.id)
    stored(connection, shop, A, action=OperationAction.UPDATE, created_at=NOW + SECOND)
    assert status(connection, parent.id) is OperationStatus.SUPERSEDED


def test_a_deployment_is_ended_by_the_deployer_alone(connection: Connection, shop: Shop) -> None:
    parent = stored(connection, shop, shop.environment.id, action=OperationAction.DEPLOY)
    part = stored(connection, shop, A, parent_id=parent.id)
    operations.finish(connection, [part.id], NOW)
    assert status(connection, parent.id) is RUNNING
    operations.end(connection, parent.id, OperationStatus.FAILED, NOW)
    assert status(connection, parent.id) is OperationStatus.FAILED


@pytest.mark.parametrize("ended", [SUCCEEDED, OperationStatus.FAILED])
def test_what_has_ended_stays_as_it_ended(connection: Connection, shop: Shop, ended: OperationStatus) -> None:
    operation = stored(connection, shop, A)
    operations.end(connection, operation.id, ended, NOW)
    operations.end(connection, operation.id, OperationStatus.SUPERSEDED, NOW + SECOND)
    operations.finish(connection, [operation.id], NOW + SECOND)
    found = operations.get(connection, operation.id)
    assert (found.status, found.finished_at) == (ended, NOW)
