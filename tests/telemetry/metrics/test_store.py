"""The history of what is measured."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from engineroom.telemetry.metrics import MetricStore
from engineroom.telemetry.metrics.history import History
from engineroom.telemetry.metrics.sample import METRICS, Sample
from engineroom.telemetry.prometheus import NO_LABELS, Metric, exposition, labelled
from tests.runtime.asynchronous import asynchronous

NOON = 1_764_072_000.0


def known(history: History, metric: str) -> list[float]:
    return [value for value in history.columns[metric] if value is not None]


@asynchronous
async def test_what_was_recorded_is_read_again_also_after_a_restart(tmp_path: Path) -> None:
    store = MetricStore.open(tmp_path / "metrics.db")
    for step in range(60):
        await store.record(NOON + step * 10, {"process-1": Sample(running=step, queue_length=None)})
    before = await store.history(["process-1"], NOON, NOON + 590, 10)
    store.close(NOON + 600)
    store = MetricStore.open(tmp_path / "metrics.db")
    history = await store.history(["process-1"], NOON, NOON + 590, 10)
    store.close(NOON + 600)

    assert list(history.moments) == [NOON + step * 10 for step in range(60)]
    assert history.columns["running"] == list(range(60))
    assert history.columns["queue_length"] == [None] * 60
    assert history == before


@asynchronous
async def test_points_are_means_and_gaps_stay_unknown(tmp_path: Path) -> None:
    store = MetricStore.open(tmp_path / "metrics.db")
    for at, running in ((0, 1.0), (10, 3.0), (240, 5.0)):
        await store.record(NOON + at, {"process-1": Sample(running=running)})
    history = await store.history(["process-1"], NOON, NOON + 359, 120)
    store.close(NOON + 600)

    assert history.columns["running"] == [2.0, None, 5.0]


@asynchronous
async def test_restarts_are_counted_however_far_the_points_are_apart(tmp_path: Path) -> None:
    store = MetricStore.open(tmp_path / "metrics.db")
    for number in range(60):
        await store.record(NOON + number * 10, {"process-1": Sample(restarts=number % 2)})
    fine = await store.history(["process-1"], NOON, NOON + 599, 120)
    coarse = await store.history(["process-1"], NOON - 2 * 86_400, NOON + 599, 600)
    store.close(NOON + 600)

    assert fine.columns["restarts"] == [6.0] * 5
    assert known(coarse, "restarts") == [30.0]


@asynchronous
async def test_several_series_are_added_up(tmp_path: Path) -> None:
    store = MetricStore.open(tmp_path / "metrics.db")
    await store.record(NOON, {"a": Sample(running=1), "b": Sample(running=2, cpu=0.5)})
    history = await store.history(["a", "b", "none"], NOON, NOON, 10)
    store.close(NOON)

    assert history.columns["running"] == [3.0]
    assert history.columns["cpu"] == [0.5]


@asynchronous
async def test_a_day_is_kept_finely_a_month_coarsely_and_no_more(tmp_path: Path) -> None:
    store = MetricStore.open(tmp_path / "metrics.db")
    day = 86_400
    for number in range(40):
        await store.record(NOON + number * day, {"process-1": Sample(running=number)})
        await store.flush(NOON + number * day)
    now = NOON + 39 * day
    month = await store.history(["process-1"], now - 30 * day, now, day)
    old = await store.history(["process-1"], now - 3 * day, now - 3 * day + 3600, 10)
    (rows,) = store._connection.execute("SELECT count(*) FROM chunks").fetchone()
    store.close(now)

    assert known(month, "running") == [float(number) for number in range(9, 40)]
    assert known(old, "running") == []
    assert rows <= 2 + 32


@asynchronous
async def test_a_file_that_cannot_be_used_is_begun_anew(tmp_path: Path) -> None:
    await asyncio.to_thread((tmp_path / "metrics.db").write_bytes, b"nonsense" * 4096)
    store = MetricStore.open(tmp_path / "metrics.db")
    await store.record(NOON, {"a": Sample(running=1)})
    store.close(NOON)


@asynchronous
async def test_a_file_that_cannot_be_used_now_keeps_its_history(tmp_path: Path) -> None:
    store = MetricStore.open(tmp_path / "metrics.db")
    await store.record(NOON, {"a": Sample(running=1)})
    store.close(NOON)
    with closing(sqlite3.connect(tmp_path / "metrics.db", isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            await asyncio.to_thread(MetricStore.open, tmp_path / "metrics.db")
    store = MetricStore.open(tmp_path / "metrics.db")
    history = await store.history(["a"], NOON, NOON, 10)
    store.close(NOON)

    assert history.columns["running"] == [1.0]


def test_a_thousand_series_take_little_room(tmp_path: Path) -> None:
    async def fill() -> None:
        store = MetricStore.open(tmp_path / "metrics.db")
        for step in range(360):
            samples = {
                f"process-{number}": Sample(running=3, memory_bytes=50e6 + number * step)
                for number in range(100)
            }
            await store.record(NOON - NOON % 3600 + step * 10, samples)
        store.close(NOON + 3600)

    asyncio.run(fill())

    assert (tmp_path / "metrics.db").stat().st_size < 100 * 4000


def test_prometheus_reads_what_is_exposed() -> None:
    hostile = 'a"b\\c\nd'
    text = exposition(
        [
            Metric(
                "engineroom_a_bytes",
                "gauge",
                "Of a\nthing.",
                [(labelled({"id": hostile}), 1.5), (labelled({"id": "b"}), None)],
            ),
            Metric("engineroom_b_total", "counter", "Things.", [(NO_LABELS, 3)]),
        ]
    ).decode()

    families = {family.name: family for family in text_string_to_metric_families(text)}

    assert [(each.labels, each.value) for each in families["engineroom_a_bytes"].samples] == [
        ({"id": hostile}, 1.5)
    ]
    assert families["engineroom_b"].samples[0].value == 3


def test_the_metrics_on_disk_keep_their_places() -> None:
    assert METRICS[:7] == (
        "cpu",
        "memory_bytes",
        "replicas",
        "running",
        "draining",
        "backing_off",
        "restarts",
    )
