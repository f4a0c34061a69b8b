from sqlalchemy import Connection

from engineroom.model.ids import new_background_process_id
from engineroom.model.scaling.settings import DEFAULT_SCALING_SETTINGS, ScalingSettings
from engineroom.store.queries import background_processes
from engineroom.store.queries.scaling import scales
from engineroom.store.queries.wanted import wanted
from tests.store.queries.shop import NOW, Shop
from tests.store.rows import a_background_process

GIVEN = ScalingSettings(
    dry_run=True, restart_when_stalled=True, connection="redis", queue="mail", sleep_after_seconds=0
)


def test_a_scale_holds_until_it_is_forgotten(connection: Connection, shop: Shop) -> None:
    asleep = a_background_process(shop.instance.id)
    background_processes.add(connection, asleep)

    def processes() -> int:
        [row] = wanted(connection, [asleep.id])
        return row.processes

    assert processes() == 2
    scales.put(connection, {asleep.id: 1}, NOW)
    scales.put(connection, {asleep.id: 0}, NOW)
    assert processes() == 0
    scales.forget(connection, [])
    assert processes() == 0
    scales.forget(connection, [asleep.id, "unknown"])
    assert processes() == 2


def test_settings_are_the_usual_ones_until_others_are_given(connection: Connection, shop: Shop) -> None:
    process = a_background_process(shop.instance.id)
    background_processes.add(connection, process)
    assert scales.settings(connection, process.id) == DEFAULT_SCALING_SETTINGS
    scales.put_settings(connection, process.id, ScalingSettings())
    scales.put_settings(connection, process.id, GIVEN)
    assert scales.settings(connection, process.id) == GIVEN
    assert scales.settings(connection, new_background_process_id()) == DEFAULT_SCALING_SETTINGS
