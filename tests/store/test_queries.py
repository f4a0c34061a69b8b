import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, update
from sqlalchemy.exc import IntegrityError

from engineroom.control.folders.links import Linked
from engineroom.model.applications.environment import EnvironmentStatus
from engineroom.model.ids import BackgroundProcessId, new_instance_id, new_organization_id
from engineroom.model.operation import OperationAction, OperationStatus
from engineroom.model.processes.background_process import BackgroundProcessType, StrategyType
from engineroom.model.processes.worker_config import WorkerConfig
from engineroom.store import Store
from engineroom.store.queries import background_processes, events, operations
from engineroom.store.queries.access import organizations
from engineroom.store.queries.wanted import wanted
from engineroom.store.schema.tables import instances
from tests.store.rows import a_background_process, an_event, an_operation

NOW = datetime(2026, 5, 1, 12, 0, 0, 123456, tzinfo=UTC)


def test_a_background_process_comes_back_as_it_was_stored(store: Store, linked: Linked) -> None:
    worker = a_background_process(
        linked.instance,
        type=BackgroundProcessType.WORKER,
        config=WorkerConfig(connection="redis", tries=0, force=False),
        custom_command=None,
        strategy_type=StrategyType.QUEUE_SIZE,
        strategy_threshold=9,
        created_at=NOW,
    )
    asyncio.run(store.write(lambda connection: background_processes.add(connection, worker)))

    def find(connection: Connection) -> object:
        organization = organizations.default(connection).id
        return background_processes.find(connection, organization, worker.id)

    assert asyncio.run(store.read(find)) == worker
    changed = replace(
        worker, type=BackgroundProcessType.CUSTOM, config=None, custom_command="x", generation=3
    )
    asyncio.run(store.write(lambda connection: background_processes.replace(connection, changed)))
    assert asyncio.run(store.read(find)) == changed


def test_a_background_process_of_no_instance_is_refused_by_the_database(store: Store) -> None:
    orphan = a_background_process(new_instance_id())
    with pytest.raises(IntegrityError):
        asyncio.run(store.write(lambda connection: background_processes.add(connection, orphan)))


def test_what_is_wanted_has_all_that_decides_how_it_runs(store: Store, linked: Linked) -> None:
    first = a_background_process(linked.instance, created_at=NOW)
    second = a_background_process(linked.instance, created_at=NOW + timedelta(seconds=1))
    third = a_background_process(linked.instance, created_at=NOW + timedelta(seconds=2))

    def write(connection: Connection) -> None:
        for each in (third, second, first):
            background_processes.add(connection, each)
        background_processes.mark_deleted(connection, second.id, NOW)

    asyncio.run(store.write(write))

    everything = asyncio.run(store.read(wanted))
    assert [(row.background_process, row.deleted) for row in everything] == [
        (first, False),
        (second, True),
        (third, False),
    ]
    row = everything[0]
    assert (row.application_id, row.environment_id) == (linked.application, linked.environment)
    assert [(variable.key, variable.value) for variable in row.variables] == [("A", "1"), ("B", "2")]
    assert (row.replicas, row.shutdown_timeout_seconds) == (1, 60)
    assert row.environment_status is EnvironmentStatus.RUNNING
    some = asyncio.run(
        store.read(lambda connection: wanted(connection, [third.id, BackgroundProcessId("x")]))
    )
    assert [row.background_process for row in some] == [third]
    assert asyncio.run(store.read(lambda connection: wanted(connection, []))) == []


def test_the_instances_shutdown_timeout_wins_over_the_environments(store: Store, linked: Linked) -> None:
    def write(connection: Connection) -> None:
        background_processes.add(connection, a_background_process(linked.instance))
        connection.execute(update(instances).values(shutdown_timeout_seconds=0))

    asyncio.run(store.write(write))
    assert asyncio.run(store.read(wanted))[0].shutdown_timeout_seconds == 0


def test_a_tombstone_is_found_only_by_who_looks_for_one_and_can_be_forced(
    store: Store, linked: Linked
) -> None:
    kept, deleted = (a_background_process(linked.instance) for _ in range(2))

    def write(connection: Connection) -> None:
        organization = organizations.default(connection).id
        for each in (kept, deleted):
            background_processes.add(connection, each)
        background_processes.mark_deleted(connection, deleted.id, NOW)
        assert background_processes.find(connection, organization, deleted.id) is None
        assert background_processes.find_deleted(connection, organization, deleted.id) == deleted
        assert background_processes.find_deleted(connection, organization, kept.id) is None
        assert background_processes.find_deleted(connection, new_organization_id(), deleted.id) is None
        assert [row.deleted_force for row in wanted(connection)] == [False, False]
        background_processes.mark_forced(connection, deleted.id)

    asyncio.run(store.write(write))

    found = asyncio.run(store.read(wanted))
    assert {row.background_process.id: (row.deleted, row.deleted_force) for row in found} == {
        kept.id: (False, False),
        deleted.id: (True, True),
    }


def test_only_tombstones_are_purged(store: Store, linked: Linked) -> None:
    deleted, kept = (a_background_process(linked.instance) for _ in range(2))

    def write(connection: Connection) -> list[BackgroundProcessId]:
        for each in (deleted, kept):
            background_processes.add(connection, each)
        background_processes.mark_deleted(connection, deleted.id, NOW)
        found = background_processes.tombstones(connection)
        background_processes.purge(connection, [deleted.id, kept.id])
        return found

    assert asyncio.run(store.write(write)) == [deleted.id]
    assert asyncio.run(store.read(background_processes.tombstones)) == []
    assert [row.background_process.id for row in asyncio.run(store.read(wanted))] == [kept.id]


def test_a_newer_operation_supersedes_those_that_still_run(store: Store) -> None:
    subject, other = BackgroundProcessId("process-a"), BackgroundProcessId("process-b")

    def write(connection: Connection) -> list[OperationStatus]:
        organization = organizations.default(connection).id
        first = an_operation(organization, subject, created_at=NOW)
        untouched = an_operation(organization, other, created_at=NOW)
        later = {"action": OperationAction.UPDATE, "created_at": NOW + timedelta(seconds=1)}
        done = an_operation(organization, subject, **later)
        last = an_operation(organization, subject, **{**later, "created_at": NOW + timedelta(seconds=2)})
        for each in (first, untouched, done):
            operations.add(connection, each)
        operations.finish(connection, [first.id, done.id], NOW + timedelta(seconds=1))
        operations.add(connection, last)
        both = {subject: [last.id], other: [untouched.id]}
        assert operations.running(connection, {subject, other, BackgroundProcessId("process-c")}) == both
        assert operations.running(connection, {subject}) == {subject: [last.id]}
        found = operations.find(connection, organization, last.id)
        assert found == last
        page = operations.page_of_subject(connection, subject, 1)
        return [each.status for each in page.items]

    assert asyncio.run(store.write(write)) == [
        OperationStatus.RUNNING,
        OperationStatus.SUCCEEDED,
        OperationStatus.SUPERSEDED,
    ]


def test_events_and_the_runtimes_cursor_are_recorded_together(store: Store) -> None:
    subject = BackgroundProcessId("process-a")
    new = [an_event(background_process_id=subject, message=str(number), at=NOW) for number in range(3)]

    def write(connection: Connection) -> None:
        events.record(connection, new[:2], runtime="local", cursor="2")
        events.record(connection, new[2:], runtime="local", cursor="3")
        events.record(connection, [], runtime="other", cursor="9")

    assert asyncio.run(store.read(lambda connection: events.cursor_of(connection, "local"))) is None
    asyncio.run(store.write(write))

    assert asyncio.run(store.read(lambda connection: events.cursor_of(connection, "local"))) == "3"
    page = asyncio.run(
        store.read(lambda connection: events.page(connection, events.Scope("background_process", subject), 1))
    )
    assert list(page.items) == new[::-1]
    assert page.total == 3


def test_old_events_are_pruned(store: Store) -> None:
    subject = BackgroundProcessId("process-a")
    old = an_event(background_process_id=subject, at=NOW - timedelta(days=1))
    young = an_event(background_process_id=subject, at=NOW)

    def write(connection: Connection) -> None:
        events.add(connection, [old, young])
        events.prune(connection, NOW)

    asyncio.run(store.write(write))
    page = asyncio.run(
        store.read(lambda connection: events.page(connection, events.Scope("background_process", subject), 1))
    )
    assert list(page.items) == [young]


def test_an_event_that_is_stored_again_is_there_once(store: Store) -> None:
    first, second = an_event(), an_event()

    def write(connection: Connection) -> None:
        events.record(connection, [first], runtime="r", cursor="1")
        events.record(connection, [first, second], runtime="r", cursor="2")

    asyncio.run(store.write(write))
    scope = events.Scope("organization", "any")
    page = asyncio.run(store.read(lambda connection: events.page(connection, scope, 1)))
    assert [event.id for event in page.items] == [second.id, first.id]
    absent = an_event().id
    known = asyncio.run(store.read(lambda connection: events.known(connection, [first.id, absent])))
    assert known == {first.id}
