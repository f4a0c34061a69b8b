from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from engineroom.model.applications.environment import EnvironmentStatus
from engineroom.model.processes.background_process import BackgroundProcess, StrategyType
from engineroom.model.scaling.settings import ScalingSettings
from engineroom.store.queries import background_processes, environments
from engineroom.store.queries.hosts import claims
from engineroom.store.queries.scaling import scales
from engineroom.store.queries.scaling.scaled import scaled
from tests.store.queries.shop import NOW, Shop
from tests.store.rows import a_background_process


def stored(connection: Connection, shop: Shop, **fields: Any) -> BackgroundProcess:
    new = a_background_process(shop.instance.id, **fields)
    background_processes.add(connection, new)
    return new


def test_what_follows_a_queue_may_sleep_or_has_slept_is_scaled(connection: Connection, shop: Shop) -> None:
    stored(connection, shop)
    follows = stored(connection, shop, strategy_type=StrategyType.LATENCY, strategy_threshold=5)
    sleeps, slept = stored(connection, shop), stored(connection, shop)
    scales.put_settings(connection, sleeps.id, ScalingSettings(sleep_after_seconds=0))
    scales.put(connection, {slept.id: 0}, NOW)

    found = {each.wanted.background_process.id: each for each in scaled(connection)}

    assert set(found) == {follows.id, sleeps.id, slept.id}
    assert found[sleeps.id].settings.sleep_after_seconds == 0
    assert (found[follows.id].scale, found[slept.id].scale) == (None, 0)


def test_in_an_environment_that_hibernates_what_takes_jobs_sleeps(connection: Connection, shop: Shop) -> None:
    takes_jobs, takes_none = stored(connection, shop), stored(connection, shop)
    scales.put_settings(connection, takes_jobs.id, ScalingSettings(queue="mail"))
    scales.put_settings(connection, takes_none.id, ScalingSettings())
    assert scaled(connection) == []

    environments.replace(connection, replace(shop.environment, hibernation_timeout_minutes=3))
    [found] = scaled(connection)
    assert found.wanted.background_process == takes_jobs
    assert found.settings == ScalingSettings(queue="mail", sleep_after_seconds=180)


def test_nothing_is_scaled_that_is_deleted_or_does_not_run(connection: Connection, shop: Shop) -> None:
    follows = stored(connection, shop, strategy_type=StrategyType.LATENCY, strategy_threshold=5)
    environments.set_status(connection, shop.environment.id, EnvironmentStatus.STOPPED)
    assert scaled(connection) == []
    environments.set_status(connection, shop.environment.id, EnvironmentStatus.RUNNING)
    assert len(scaled(connection)) == 1
    background_processes.mark_deleted(connection, follows.id, NOW)
    assert scaled(connection) == []


def test_a_host_scales_what_it_has_claimed(connection: Connection, shop: Shop) -> None:
    stored(connection, shop, strategy_type=StrategyType.LATENCY, strategy_threshold=5)
    claims.claim(connection, "one", [shop.environment.id])
    assert (len(scaled(connection, "one")), len(scaled(connection, "other"))) == (1, 0)
