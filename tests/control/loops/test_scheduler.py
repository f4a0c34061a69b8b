"""The scheduler on a real database and a runtime that is scripted, with a clock that goes by hand."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select, update

from engineroom.control import cron
from engineroom.control.folders.links import Linked, link
from engineroom.control.loops.reconciler import Reconciler
from engineroom.control.loops.recorder import Recorder
from engineroom.control.loops.scheduler import Scheduler
from engineroom.model.applications.environment import EnvironmentStatus
from engineroom.model.ids import RunId
from engineroom.model.instances.schedule import RunEnd, RunStatus, Schedule, ScheduledRun, ScheduleEntry
from engineroom.runtime.fake import FakeRuntime
from engineroom.store import Store
from engineroom.store.queries import scheduled_runs, schedules
from engineroom.store.schema.tables import environments, events, instances
from tests.runtime.asynchronous import asynchronous
from tests.support.databases import new_sqlite

NOON = datetime(2026, 5, 1, 12, 0, 0, tzinfo=UTC)


class Scheduling:
    """An instance that uses the scheduler, and what tests ask of it."""

    def __init__(self, store: Store, linked: Linked) -> None:
        self.store = store
        self.linked = linked
        self.fake = FakeRuntime()
        self.recorder = Recorder(store, Reconciler(store, self.fake), runtime="fake")
        self.now = NOON
        self.proven = NOON
        self.begin_anew()

    def begin_anew(self) -> None:
        def proven() -> float:
            return self.proven.timestamp()

        self.scheduler = Scheduler(self.store, self.fake, lambda: self.now, proven=proven)

    async def at(self, now: datetime) -> list[ScheduledRun]:
        """Look at this moment, and return all runs of the instance that are recorded, oldest first."""
        self.now = now
        await self.scheduler.look()
        return await self.runs()

    async def runs(self) -> list[ScheduledRun]:
        instance = self.linked.instance
        page = await self.store.read(lambda connection: scheduled_runs.page(connection, instance, 1))
        return list(reversed(page.items))

    async def asks(self, schedule: Schedule) -> None:
        environment = self.linked.environment
        await self.store.write(lambda connection: schedules.put(connection, environment, schedule))

    async def instance(self, **values: Any) -> None:
        await self._update(update(instances).values(**values))

    async def environment(self, status: EnvironmentStatus) -> None:
        await self._update(update(environments).values(status=status))

    async def _update(self, statement: Any) -> None:
        def write(connection: Connection) -> None:
            connection.execute(statement)

        await self.store.write(write)

    async def told(self) -> list[str]:
        return await self.store.read(
            lambda connection: list(connection.execute(select(events.c.message)).scalars())
        )


@asynccontextmanager
async def scheduling(folder: Path) -> AsyncIterator[Scheduling]:
    store = new_sqlite(folder).open()
    try:
        made = Scheduling(store, await link(store, folder, "Shop", {"GREETING": "hello"}))
        await made.instance(uses_scheduler=True)
        await made.fake.open(made.recorder.take, None)
        yield made
    finally:
        store.close()


@asynchronous
async def test_the_frameworks_scheduler_is_run_once_a_minute_on_one_replica(tmp_path: Path) -> None:
    async with scheduling(tmp_path) as scheduled:
        await scheduled.instance(min_replicas=3, max_replicas=3)
        [run] = await scheduled.at(NOON)
        assert (run.command, run.replica, run.due_at) == ("php artisan schedule:run", 1, NOON)
        assert run.status is RunStatus.RUNNING
        assert scheduled.fake.runs() == {run.id}
        assert len(await scheduled.at(NOON + timedelta(seconds=59))) == 1
        assert len(await scheduled.at(NOON + timedelta(seconds=60))) == 2, "they may overlap"


@asynchronous
async def test_old_runs_are_removed_by_a_time_that_has_proved_itself(tmp_path: Path) -> None:
    async with scheduling(tmp_path) as scheduled:
        [old] = await scheduled.at(NOON)
        assert old in await scheduled.at(NOON + timedelta(days=365)), "the clock may only have jumped"

        scheduled.proven = NOON + timedelta(days=366)
        assert old not in await scheduled.at(NOON + timedelta(days=366))


@asynchronous
async def test_each_replica_runs_it_where_the_environment_asks_for_that(tmp_path: Path) -> None:
    async with scheduling(tmp_path) as scheduled:
        await scheduled.instance(min_replicas=3, max_replicas=3)
        await scheduled.asks(Schedule(every_replica=True))

        assert sorted(run.replica for run in await scheduled.at(NOON)) == [1, 2, 3]


@asynchronous
async def test_entries_run_at_the_minutes_of_their_expression_and_time_zone(tmp_path: Path) -> None:
    async with scheduling(tmp_path) as scheduled:
        hourly = ScheduleEntry(expression="0 * * * *", command="echo hourly")
        berlin = ScheduleEntry(expression="0 14 * * *", command="echo lunch", timezone="Europe/Berlin")
        never = ScheduleEntry(expression="1 * * * *", command="echo later")
        await scheduled.asks(Schedule(command="", entries=(hourly, berlin, never)))

        assert {run.command for run in await scheduled.at(NOON)} == {"echo hourly", "echo lunch"}


@asynchronous
async def test_how_a_run_ended_is_recorded(tmp_path: Path) -> None:
    async with scheduling(tmp_path) as scheduled:
        [first] = await scheduled.at(NOON)
        scheduled.fake.finish(first.id, code=0, output="No scheduled commands are ready to run.\n")
        _, second = await scheduled.at(NOON + timedelta(minutes=1))
        scheduled.fake.finish(second.id, code=1)
        await scheduled.recorder._record()

        ended, failed = await scheduled.runs()
        assert (ended.status, ended.reason) == (RunStatus.SUCCEEDED, "finished (exit 0)")
        assert ended.output == "No scheduled commands are ready to run.\n"
        assert ended.duration_seconds == 1.0
        assert failed.status is RunStatus.FAILED


@asynchronous
async def test_missed_minutes_are_noted_and_not_made_up_for(tmp_path: Path) -> None:
    async with scheduling(tmp_path) as scheduled:
        await scheduled.at(NOON)
        scheduled.begin_anew()
        runs = await scheduled.at(NOON + timedelta(minutes=5, seconds=20))

        assert [run.due_at for run in runs] == [NOON, NOON + timedelta(minutes=5)]
        assert await scheduled.told() == ["4 minutes were missed by the scheduler, and not made up for."]


@asynchronous
async def test_a_restarted_server_does_not_run_a_minute_twice(tmp_path: Path) -> None:
    async with scheduling(tmp_path) as scheduled:
        await scheduled.at(NOON)
        scheduled.begin_anew()

        assert len(await scheduled.at(NOON + timedelta(seconds=20))) == 1


@asynchronous
async def test_nothing_runs_in_an_environment_that_is_stopped_and_what_runs_is_asked_to_end(
    tmp_path: Path,
) -> None:
    async with scheduling(tmp_path) as scheduled:
        await scheduled.at(NOON)
        await scheduled.environment(EnvironmentStatus.STOPPED)
        runs = await scheduled.at(NOON + timedelta(minutes=1))
        assert len(runs) == 1
        assert scheduled.fake.runs() == frozenset()


@asynchronous
async def test_what_is_asked_to_end_has_the_time_of_its_instance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with scheduling(tmp_path) as scheduled:
        await scheduled.instance(shutdown_timeout_seconds=7)
        await scheduled.at(NOON)
        given: list[float] = []

        async def end_runs(_: Sequence[RunId], *, stop_timeout_seconds: float) -> None:
            given.append(stop_timeout_seconds)

        monkeypatch.setattr(scheduled.fake, "end_runs", end_runs)
        await scheduled.instance(uses_scheduler=False)
        await scheduled.at(NOON + timedelta(seconds=1))
        assert given == [7.0]


@asynchronous
async def test_a_clock_that_was_set_back_is_told_once_and_waited_for(tmp_path: Path) -> None:
    async with scheduling(tmp_path) as scheduled:
        await scheduled.at(NOON)
        for seconds in range(3):
            back = NOON - timedelta(hours=1) + timedelta(seconds=seconds)
            assert len(await scheduled.at(back)) == 1
        [told] = await scheduled.told()
        assert told.startswith(
            "The clock was set back by 60 minutes: nothing is scheduled before 12:00 UTC is over"
        )
        assert len(await scheduled.at(NOON + timedelta(minutes=1))) == 2


@asynchronous
async def test_a_clock_that_was_wrong_by_hours_is_told_and_not_waited_for(tmp_path: Path) -> None:
    async with scheduling(tmp_path) as scheduled:
        await scheduled.at(NOON)
        assert len(await scheduled.at(NOON - timedelta(hours=10))) == 2
        assert len(await scheduled.at(NOON - timedelta(hours=10) + timedelta(minutes=1))) == 3
        [told] = await scheduled.told()
        assert told.startswith("The clock was set back by 600 minutes: so much was it wrong before")


@asynchronous
async def test_a_run_that_went_down_with_the_host_is_unknown(tmp_path: Path) -> None:
    async with scheduling(tmp_path) as scheduled:
        await scheduled.at(NOON)
        scheduled.fake._runs.clear()
        runs = await scheduled.at(NOON + timedelta(minutes=2))

        assert runs[0].status is RunStatus.UNKNOWN
        assert runs[0].reason is not None
        assert "the host went down" in runs[0].reason


@asynchronous
async def test_a_run_of_a_time_that_was_set_back_is_unknown_until_its_end_is_told(tmp_path: Path) -> None:
    async with scheduling(tmp_path) as scheduled:
        [begun] = await scheduled.at(NOON + timedelta(days=365))
        scheduled.fake._runs.clear()
        runs = await scheduled.at(NOON)
        assert [run.status for run in runs if run.id == begun.id] == [RunStatus.UNKNOWN]

        end = RunEnd(
            id=begun.id, status=RunStatus.SUCCEEDED, finished_at=NOON, duration_seconds=1.0, reason=""
        )
        await scheduled.store.write(lambda connection: scheduled_runs.finish(connection, [end]))
        runs = await scheduled.at(NOON)
        assert [run.status for run in runs if run.id == begun.id] == [RunStatus.SUCCEEDED]


@asynchronous
async def test_a_runtime_that_is_away_is_why_a_run_failed(tmp_path: Path) -> None:
    async with scheduling(tmp_path) as scheduled:
        scheduled.fake.available = False
        [run] = await scheduled.at(NOON)

        assert run.status is RunStatus.FAILED
        assert run.reason is not None
        assert run.reason.startswith("could not be started: ")


@pytest.mark.parametrize(
    ("expression", "timezone", "words"),
    [
        ("61 * * * *", "UTC", "bad minute"),
        ("* * * * *", "Berlin", "no time zone 'Berlin'"),
        ("* * * * * *", "UTC", "not the five fields"),
        ("0 0 30 2 *", "UTC", "bad day-of-month"),
    ],
)
def test_what_is_no_expression_or_time_zone_is_refused(expression: str, timezone: str, words: str) -> None:
    with pytest.raises(cron.InvalidCronError, match=words):
        cron.check(expression, timezone)


AUTUMN = datetime(2026, 10, 24, 22, tzinfo=UTC)
"""Midnight in Berlin before the hour from two to three comes twice."""
SPRING = datetime(2026, 3, 28, 23, tzinfo=UTC)
"""Midnight in Berlin before the hour from two to three is left out."""


@pytest.mark.parametrize(
    ("expression", "night", "hours"),
    [
        ("30 2 * * *", AUTUMN, ["00:30"]),
        ("30 2 * * *", SPRING, ["01:00"]),
        ("0 3 * * *", AUTUMN, ["02:00"]),
        ("0 3 * * *", SPRING, ["01:00"]),
        ("0 * * * *", AUTUMN, ["22:00", "23:00", "00:00", "01:00", "02:00", "03:00"]),
        ("0 * * * *", SPRING, ["23:00", "00:00", "01:00", "02:00", "03:00", "04:00"]),
    ],
)
def test_when_clocks_are_changed_what_has_an_hour_runs_once_and_what_is_hourly_in_each(
    expression: str, night: datetime, hours: list[str]
) -> None:
    minutes = [night + timedelta(minutes=number) for number in range(6 * 60)]

    found = [minute for minute in minutes if cron.matches(expression, "Europe/Berlin", minute)]

    assert [f"{minute:%H:%M}" for minute in found] == hours
