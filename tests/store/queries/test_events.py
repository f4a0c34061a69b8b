from sqlalchemy import Connection

from engineroom.model.ids import new_organization_id
from engineroom.store.queries import background_processes, commands, deployments, events, operations
from engineroom.store.queries.events import Scope
from tests.store.queries.shop import NOW, SECOND, Shop
from tests.store.rows import a_background_process, a_command, a_deployment, an_event, an_operation


def messages(connection: Connection, scope: Scope) -> list[str]:
    return [event.message for event in events.page(connection, scope, 1).items]


def test_events_come_back_as_they_were_stored_newest_first(connection: Connection, shop: Shop) -> None:
    process = a_background_process(shop.instance.id).id
    new = [
        an_event(
            background_process_id=process, message=str(number), at=NOW, data={"pid": number, "of": [None]}
        )
        for number in range(3)
    ]
    events.add(connection, new)
    page = events.page(connection, Scope("background_process", process), 1)
    assert (list(page.items), page.total) == (new[::-1], 3)


def test_an_event_that_is_stored_again_is_there_once_and_as_it_was(connection: Connection) -> None:
    first, second = an_event(message="first"), an_event(message="second")
    events.add(connection, [first])
    events.add(connection, [an_event(id=first.id, message="changed"), second])
    events.add(connection, [])
    assert messages(connection, Scope("organization", "any")) == ["second", "first"]
    assert events.known(connection, [first.id, an_event().id]) == {first.id}


def test_a_runtimes_cursor_is_recorded_with_its_events(connection: Connection) -> None:
    assert events.cursor_of(connection, "local") is None
    events.record(connection, [an_event(message="1")], runtime="local", cursor="2")
    events.record(connection, [an_event(message="2")], runtime="local", cursor="3")
    events.record(connection, [], runtime="other", cursor="9")
    assert events.cursor_of(connection, "local") == "3"
    assert events.cursor_of(connection, "other") == "9"
    assert messages(connection, Scope("organization", "any")) == ["2", "1"]


def test_those_of_an_environment_are_about_it_and_all_that_is_in_it(
    connection: Connection, shop: Shop
) -> None:
    environment = shop.environment.id
    process = a_background_process(shop.instance.id)
    deployment, command = a_deployment(environment), a_command(environment)
    background_processes.add(connection, process)
    deployments.add(connection, deployment)
    commands.add(connection, command)
    about = {
        "environment": environment,
        "instance": shop.instance.id,
        "deployment": deployment.id,
        "command": command.id,
    }
    events.add(connection, [an_event(message=name, subject_id=id) for name, id in about.items()])
    events.add(connection, [an_event(message="process", background_process_id=process.id)])
    events.add(connection, [an_event(message="host"), an_event(message="other", subject_id="env-other")])

    found = messages(connection, Scope("environment", environment))

    assert found == ["process", "command", "deployment", "instance", "environment"]


def test_those_of_an_organization_are_about_it_what_it_changed_and_the_host(
    connection: Connection, shop: Shop
) -> None:
    process = a_background_process(shop.instance.id)
    operations.add(connection, an_operation(shop.organization, process.id))
    other = new_organization_id()
    events.add(
        connection,
        [
            an_event(message="host"),
            an_event(message="process", background_process_id=process.id),
            an_event(message="organization", subject_id=shop.organization),
            an_event(message="another's", subject_id=other),
            an_event(message="unknown", background_process_id="process-other"),
        ],
    )
    found = messages(connection, Scope("organization", shop.organization))
    assert found == ["organization", "process", "host"]
    assert messages(connection, Scope("organization", other)) == ["another's", "host"]


def test_who_follows_asks_for_what_is_behind_a_number(connection: Connection) -> None:
    everything = Scope("organization", "any")
    before = events.last_number(connection)
    assert events.behind(connection, everything, before) == []
    events.add(connection, [an_event(message="1"), an_event(message="2")])

    (first, one), (second, two) = events.behind(connection, everything, before)

    assert (one.message, two.message) == ("1", "2")
    assert before < first < second == events.last_number(connection)
    assert [event for _, event in events.behind(connection, everything, first)] == [two]


def test_the_newest_data_of_a_kind_are_found_for_each_that_has_any(
    connection: Connection, shop: Shop
) -> None:
    one, other, none = (a_background_process(shop.instance.id).id for _ in range(3))
    for number, process in enumerate((one, other, one)):
        new = an_event(background_process_id=process, kind="limited", data={"number": number})
        events.add(connection, [new, an_event(background_process_id=process, kind="started")])
    found = events.last_data(connection, "limited", [one, other, none])
    assert found == {one: {"number": 2}, other: {"number": 1}}


def test_what_is_older_is_pruned(connection: Connection) -> None:
    events.add(connection, [an_event(message="old", at=NOW - SECOND), an_event(message="young", at=NOW)])
    events.prune(connection, NOW)
    assert messages(connection, Scope("organization", "any")) == ["young"]
