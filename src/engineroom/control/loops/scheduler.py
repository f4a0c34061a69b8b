"""Runs what is scheduled, at second 0 of every minute, and writes down what became of it."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import structlog
from sqlalchemy import Connection

from engineroom.control import cron
from engineroom.control.outbox import Outbox
from engineroom.control.workloads import BASE_VARIABLES
from engineroom.model.applications.variables import unreadable
from engineroom.model.event import Event
from engineroom.model.ids import RunId, new_event_id, new_run_id
from engineroom.model.instances.limits import limits_of
from engineroom.model.instances.schedule import (
    Minutes,
    RunEnd,
    RunStatus,
    ScheduledRun,
    next_minutes,
    replicas_of,
)
from engineroom.model.processes import command_line
from engineroom.model.processes.exits import describe
from engineroom.model.processes.run import Finished, Run
from engineroom.runtime.base import RunRefusedError, Runtime, RuntimeUnavailableError
from engineroom.store import Store
from engineroom.store.queries import events, scheduled_runs, schedules
from engineroom.store.queries.hosts import claims
from engineroom.store.queries.scheduled_runs import Going
from engineroom.store.queries.schedules import Follower

_MAX_SLEEP_SECONDS = 1.0
_LOST_AFTER = timedelta(seconds=60)
"""A run that the runtime does not know is lost; its end may have been reported and not been stored yet before."""
_RUNS_KEPT = timedelta(days=30)
_JITTER = timedelta(minutes=1)
"""A clock that is corrected in passing goes back by less; nobody needs to know."""

_log = structlog.get_logger()


class Scheduler:
    """Works for each minute once, whatever is restarted; what went by meanwhile is noted, and not made up for.

    What is too old by the `proven` clock, in seconds since 1970, is removed.
    """

    def __init__(
        self,
        store: Store,
        runtime: Runtime,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        *,
        proven: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._runtime = runtime
        self._now = now
        self._proven = proven
        self._begun = False
        self._last: datetime | None = None
        self._set_back_from: datetime | None = None
        self._outbox = Outbox(store)
        self._plan: _Plan | None = None
        self._ends: list[RunEnd] = []

    async def run(self) -> None:
        """Schedule until cancelled. An error must not end the loop: the next look tries again."""
        while True:
            try:
                await self.look()
            except Exception:  # noqa: BLE001
                _log.exception("Cannot schedule; trying again soon.", action="schedule.failed")
            now = self._now()
            left = 60.0 - now.second - now.microsecond / 1e6
            await asyncio.sleep(min(left, _MAX_SLEEP_SECONDS))

    async def look(self) -> None:
        """Do what is due now, if anything is."""
        if not self._begun:
            self._last = await self._store.read(partial(scheduled_runs.last_minute, host=self._store.host))
            self._begun = True
        due = next_minutes(self._last, self._now())
        await self._note_set_back(due)
        if due is not None:
            await self._work(due)
        await self._keep_ends()
        if self._runtime.runs():
            await self._end_strays()

    async def _work(self, minutes: Minutes) -> None:
        """Store what is planned for a minute, and have it carried out.

        A plan whose write is repeated stays the same one: the answer to the write before may only have been lost.
        """
        await self._claim()
        followers = await self._followers()
        now = self._now()
        if self._plan is None or self._plan.minute != minutes.due:
            self._ends += _given_up(self._plan, now)
            self._plan = _planned_for(minutes, followers, now)
        plan = self._plan
        lost = await self._lost(now)
        oldest = datetime.fromtimestamp(self._proven(), UTC) - _RUNS_KEPT

        def write(connection: Connection) -> None:
            scheduled_runs.begin(
                connection, plan.minute, [recorded for recorded, _ in plan.runs], self._store.host
            )
            scheduled_runs.finish(connection, lost)
            events.add(connection, plan.missed)
            if plan.minute.minute == 0:
                scheduled_runs.prune(connection, oldest)

        await self._store.write(write)
        self._last, self._plan = plan.minute, None
        await self._begin([each for each in plan.runs if each[0].status is RunStatus.RUNNING])

    async def _note_set_back(self, due: Minutes | None) -> None:
        """Record, once, that the clock was set back, where that keeps anybody's schedule from being followed."""
        await self._outbox.flush()
        last, now = self._last, self._now()
        if last is None or last - now <= _JITTER or self._set_back_from == last:
            return
        self._set_back_from = last
        if await self._followers():
            await self._outbox.flush([_set_back(last, now, due)])

    async def _claim(self) -> None:
        """Take on what no server has, where there may be several: one minute must not be worked for twice."""
        host = self._store.host
        if host is not None and (found := await self._store.read(schedules.unclaimed)):
            await self._store.write(lambda connection: claims.claim(connection, host, found))

    async def _followers(self) -> list[Follower]:
        return await self._store.read(partial(schedules.followers, host=self._store.host))

    async def _going(self) -> list[Going]:
        return await self._store.read(partial(scheduled_runs.going, host=self._store.host))

    async def _begin(self, runs: Sequence[tuple[ScheduledRun, Run]]) -> None:
        """Have the runs carried out; they are stored already, so that none is begun twice."""
        try:
            await self._runtime.run([run for _, run in runs])
        except (RuntimeUnavailableError, RunRefusedError) as error:
            now, reason = self._now(), f"could not be started: {error}"
            self._ends += [_not_started(recorded, now, reason) for recorded, _ in runs]

    async def _keep_ends(self) -> None:
        """Store how those ended that were not started."""
        ends = list(self._ends)
        if ends:
            await self._store.write(lambda connection: scheduled_runs.finish(connection, ends))
            del self._ends[: len(ends)]

    async def _lost(self, now: datetime) -> list[RunEnd]:
        """Return what was begun and is nowhere to be found: the host went down with it."""
        known = self._runtime.runs()
        going = await self._going()
        return [
            RunEnd(
                id=one.id,
                status=RunStatus.UNKNOWN,
                finished_at=now,
                duration_seconds=None,
                reason="unknown: the host went down, or its keeper was ended, while it ran, or the server before it began",
            )
            for one in going
            # Also one of a time that was set back since.
            if one.id not in known and abs(now - one.started_at) > _LOST_AFTER
        ]

    async def _end_strays(self) -> None:
        """Ask the runs to end whose environment was stopped, or whose instance no longer uses the scheduler."""
        following = {follower.instance_id for follower in await self._followers()}
        strays: defaultdict[int, list[RunId]] = defaultdict(list)
        for one in await self._going():
            if one.instance_id not in following:
                strays[one.stop_timeout_seconds].append(one.id)
        for seconds, runs in strays.items():
            await self._runtime.end_runs(runs, stop_timeout_seconds=float(seconds))


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is to be stored for a minute, and begun then."""

    minute: datetime
    runs: Sequence[tuple[ScheduledRun, Run]]
    missed: Sequence[Event]


def _planned_for(minutes: Minutes, followers: Sequence[Follower], now: datetime) -> _Plan:
    runs = [planned for follower in followers for planned in _planned(follower, minutes.due, now)]
    return _Plan(minutes.due, runs, [_missed(minutes)] if minutes.missed and followers else [])


def _given_up(plan: _Plan | None, now: datetime) -> list[RunEnd]:
    """Return the ends of the runs of a minute that went by before it was known that they are stored."""
    reason = "was not started: engineroom's database did not answer while it was due"
    return [_not_started(recorded, now, reason) for recorded, _ in (plan.runs if plan else ())]


def _not_started(run: ScheduledRun, now: datetime, reason: str) -> RunEnd:
    return RunEnd(id=run.id, status=RunStatus.FAILED, finished_at=now, duration_seconds=0.0, reason=reason)


def ended(finished: Finished) -> RunEnd:
    """Return what is stored of a run that is over."""
    return RunEnd(
        id=finished.id,
        status=RunStatus.SUCCEEDED if finished.exit.code == 0 else RunStatus.FAILED,
        finished_at=finished.exit.at,
        duration_seconds=finished.exit.lived_seconds,
        reason=describe(finished.exit),
        output=finished.output,
    )


def _planned(follower: Follower, minute: datetime, now: datetime) -> list[tuple[ScheduledRun, Run]]:
    schedule = follower.schedule
    commands = [schedule.command] if schedule.command else []
    commands += [
        entry.command for entry in schedule.entries if cron.matches(entry.expression, entry.timezone, minute)
    ]
    return [
        _one(follower, command, replica, minute, now)
        for command in commands
        for replica in replicas_of(schedule, follower.replicas)
    ]


def _one(
    follower: Follower, command: str, replica: int, minute: datetime, now: datetime
) -> tuple[ScheduledRun, Run]:
    id = new_run_id()
    line = command_line.parse(command)
    reason = unreadable(follower.variables)
    recorded = ScheduledRun(
        id=id,
        instance_id=follower.instance_id,
        replica=replica,
        command=command,
        due_at=minute,
        status=RunStatus.FAILED if reason else RunStatus.RUNNING,
        started_at=now,
        finished_at=now if reason else None,
        reason=f"was not started: a variable of its environment cannot be read: {reason}" if reason else None,
    )
    run = Run(
        id=id,
        argv=line.argv,
        signal_group=line.shell,
        working_directory=follower.directory,
        inherited_variables=BASE_VARIABLES,
        variables={
            **{variable.key: variable.value for variable in follower.variables},
            "ENGINEROOM": "1",
            "ENGINEROOM_APPLICATION": follower.application_id,
            "ENGINEROOM_ENVIRONMENT": follower.environment_id,
            "ENGINEROOM_INSTANCE": follower.instance_id,
        },
        replica=replica,
        instance=follower.instance_id,
        limits=limits_of(follower.size),
        size=follower.size,
        os_user=follower.os_user,
        umask=follower.umask,
    )
    return recorded, run


def _missed(minutes: Minutes) -> Event:
    words = "minute was" if minutes.missed == 1 else "minutes were"
    return _event(
        "schedule.missed",
        f"{minutes.missed} {words} missed by the scheduler, and not made up for.",
        {"missed": minutes.missed, "next": minutes.due.isoformat()},
    )


def _set_back(last: datetime, now: datetime, due: Minutes | None) -> Event:
    back = round((last - now) / timedelta(minutes=1))
    what = (
        f"nothing is scheduled before {last:%H:%M} UTC is over, as that was worked for already"
        if due is None
        else "so much was it wrong before, and what is scheduled may run a second time"
    )
    return _event(
        "schedule.clock_set_back",
        f"The clock was set back by {back} minutes: {what}.",
        {"last": last.isoformat(), "minutes": back},
    )


def _event(kind: str, message: str, data: dict[str, Any]) -> Event:
    """Return an event that concerns the whole host."""
    return Event(
        id=new_event_id(),
        background_process_id=None,
        kind=kind,
        message=message,
        data=data,
        at=datetime.now(UTC),
    )
