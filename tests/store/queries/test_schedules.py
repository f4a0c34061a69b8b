from dataclasses import replace

import pytest
from sqlalchemy import Connection

from engineroom.model.applications.environment import EnvironmentStatus
from engineroom.model.applications.variables import EnvironmentVariable
from engineroom.model.instances.instance import ScalingType
from engineroom.model.instances.schedule import RunEnd, RunStatus, Schedule, ScheduleEntry
from engineroom.store.queries import environment_variables, environments, instances, scheduled_runs, schedules
from engineroom.store.queries.hosts import claims
from engineroom.store.queries.scaling import scales
from tests.store.queries.shop import NOW, SECOND, Shop
from tests.store.rows import a_run

MINUTE = NOW.replace(second=0, microsecond=0)
GIVEN = Schedule(
    command="",
    every_replica=True,
    entries=(ScheduleEntry(expression="0 3 * * *", command="backup", timezone="Europe/Berlin"),),
)


@pytest.fixture
def following(connection: Connection, shop: Shop) -> Shop:
    """The shop, whose instance uses the scheduler."""
    instance = replace(shop.instance, uses_scheduler=True)
    instances.replace(connection, instance)
    return replace(shop, instance=instance)


def test_a_schedule_is_the_usual_one_until_another_is_given(connection: Connection, shop: Shop) -> None:
    assert schedules.schedule(connection, shop.environment.id) == Schedule()
    schedules.put(connection, shop.environment.id, replace(GIVEN, command="first"))
    schedules.put(connection, shop.environment.id, GIVEN)
    assert schedules.schedule(connection, shop.environment.id) == GIVEN


def test_a_follower_has_all_that_its_runs_need(connection: Connection, following: Shop) -> None:
    variables = (EnvironmentVariable(key="A", value="1"),)
    environment_variables.put(connection, following.environment, variables, deployed=True)
    [usual] = schedules.followers(connection)
    assert usual.schedule == Schedule()
    assert (usual.directory, usual.replicas, usual.variables) == ("/srv/production", 1, variables)

    schedules.put(connection, following.environment.id, GIVEN)
    scaled = replace(following.instance, scaling_type=ScalingType.CUSTOM, max_replicas=4)
    instances.replace(connection, scaled)
    scales.put(connection, {following.instance.id: 3}, NOW)
    [follower] = schedules.followers(connection)
    assert (follower.schedule, follower.replicas) == (GIVEN, 3)


def test_nothing_follows_where_nothing_can_run(connection: Connection, following: Shop) -> None:
    environment = following.environment
    for unfit in (
        replace(environment, directory=None),
        replace(environment, status=EnvironmentStatus.STOPPED),
    ):
        environments.replace(connection, unfit)
        assert schedules.followers(connection) == []
    environments.replace(connection, environment)
    assert len(schedules.followers(connection)) == 1
    instances.replace(connection, replace(following.instance, uses_scheduler=False))
    assert schedules.followers(connection) == []


def test_a_deleted_instance_follows_no_more(connection: Connection, following: Shop) -> None:
    instances.mark_deleted(connection, following.instance.id, NOW)
    assert schedules.followers(connection) == []


def test_a_host_has_the_followers_that_it_has_claimed(connection: Connection, following: Shop) -> None:
    scheduled_runs.begin(connection, MINUTE, [a_run(following.instance.id, MINUTE)])
    assert schedules.unclaimed(connection) == [following.environment.id]
    claims.claim(connection, "one", [following.environment.id])
    assert schedules.unclaimed(connection) == []
    for host, expected in (("one", 1), ("other", 0)):
        assert len(schedules.followers(connection, host)) == expected
        assert len(scheduled_runs.going(connection, host)) == expected


def test_each_host_has_its_own_last_minute(connection: Connection) -> None:
    assert scheduled_runs.last_minute(connection) is None
    scheduled_runs.begin(connection, MINUTE, [])
    scheduled_runs.begin(connection, MINUTE + 60 * SECOND, [], "one")
    assert scheduled_runs.last_minute(connection) == MINUTE
    assert scheduled_runs.last_minute(connection, "one") == MINUTE + 60 * SECOND
    assert scheduled_runs.last_minute(connection, "other") is None


def test_the_runs_of_a_minute_are_stored_once_however_often_they_are_begun(
    connection: Connection, shop: Shop
) -> None:
    run = a_run(shop.instance.id, MINUTE)
    scheduled_runs.begin(connection, MINUTE, [run])
    scheduled_runs.begin(connection, MINUTE, [run])
    assert list(scheduled_runs.page(connection, shop.instance.id, 1).items) == [run]


def test_a_run_is_going_until_its_first_end(connection: Connection, shop: Shop) -> None:
    run = a_run(shop.instance.id, MINUTE)
    scheduled_runs.begin(connection, MINUTE, [run])
    assert [(each.id, each.stop_timeout_seconds) for each in scheduled_runs.going(connection)] == [
        (run.id, 60)
    ]

    end = RunEnd(
        id=run.id,
        status=RunStatus.FAILED,
        finished_at=MINUTE + SECOND,
        duration_seconds=1.5,
        reason="It exited with 1.",
        output="no",
    )
    scheduled_runs.finish(connection, [end])
    scheduled_runs.finish(connection, [replace(end, status=RunStatus.UNKNOWN, output="later")])

    assert scheduled_runs.going(connection) == []
    [found] = scheduled_runs.page(connection, shop.instance.id, 1).items
    assert found == replace(
        run,
        status=RunStatus.FAILED,
        finished_at=MINUTE + SECOND,
        duration_seconds=1.5,
        reason="It exited with 1.",
        output="no",
    )


def test_runs_are_newest_first_and_old_ones_are_pruned(connection: Connection, shop: Shop) -> None:
    old, young = (a_run(shop.instance.id, MINUTE + number * 60 * SECOND) for number in (0, 1))
    scheduled_runs.begin(connection, MINUTE, [old, young])
    assert list(scheduled_runs.page(connection, shop.instance.id, 1).items) == [young, old]
    scheduled_runs.prune(connection, young.due_at)
    assert list(scheduled_runs.page(connection, shop.instance.id, 1).items) == [young]
