"""Tells of workers that do nothing while their queue grows, and restarts them where that is asked for."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime

from sqlalchemy import Connection

from engineroom.control.host_probe import HostProbe
from engineroom.model.event import Event
from engineroom.model.ids import BackgroundProcessId, new_event_id
from engineroom.model.processes.process import Process, ProcessState
from engineroom.model.queue import Measurement
from engineroom.model.scaling.stall import STALLED_SECONDS, Watchdog, Work
from engineroom.store import Store
from engineroom.store.queries import background_processes, events
from engineroom.store.queries.scaling import scales


class StallDetector:
    """Looks at every worker whose queue is measured, scaled or not. `printed` is how many bytes one has written."""

    def __init__(
        self,
        store: Store,
        processes: Callable[[BackgroundProcessId], Sequence[Process]],
        printed: Callable[[BackgroundProcessId], int],
        wake: Callable[[Iterable[BackgroundProcessId]], None],
        probe: HostProbe,
    ) -> None:
        self._store = store
        self._processes = processes
        self._printed = printed
        self._wake = wake
        self._clock = probe.clock
        self._watchdogs: dict[BackgroundProcessId, Watchdog] = {}
        self._stalled: frozenset[BackgroundProcessId] = frozenset()
        self._news: list[Event] = []

    async def look(self, measured: Mapping[BackgroundProcessId, Measurement]) -> None:
        """Look at the workers of these queues, once."""
        now = self._clock()
        self._watchdogs = {id: self._watchdogs.get(id, Watchdog()) for id in measured}
        works = {id: self._work(id) for id in measured}
        stalled = frozenset(
            id for id, queue in measured.items() if self._watchdogs[id].look(now, queue, works[id])
        )
        self._news += [_event(id, measured[id], works[id]) for id in stalled - self._stalled]
        self._stalled = stalled
        if self._news:
            news = tuple(self._news)
            self._wake(await self._store.write(lambda connection: _tell(connection, news)))
            self._news.clear()

    def _work(self, of: BackgroundProcessId) -> Work:
        running = [process for process in self._processes(of) if process.state is ProcessState.RUNNING]
        used = [process.usage.cpu_seconds if process.usage else None for process in running]
        known = [seconds for seconds in used if seconds is not None]
        return Work(
            cpu_seconds=sum(known) if len(known) == len(used) else None,
            running=len(running),
            printed_bytes=self._printed(of),
        )


def _tell(connection: Connection, news: Sequence[Event]) -> list[BackgroundProcessId]:
    """Record the events, and return what is to be restarted; doing it again changes nothing."""
    known = events.known(connection, [event.id for event in news])
    concerned = {event.id: id for event in news if (id := event.background_process_id)}
    restarted = {
        event: id for event, id in concerned.items() if scales.settings(connection, id).restart_when_stalled
    }
    background_processes.bump_generations(
        connection, [id for event, id in restarted.items() if event not in known]
    )
    events.add(connection, news)
    return list(restarted.values())


def _event(of: BackgroundProcessId, queue: Measurement, work: Work) -> Event:
    return Event(
        id=new_event_id(),
        background_process_id=of,
        kind="process.stalled",
        message=(
            f"Stalled: {work.running} running, no CPU used, nothing printed and no job finished for "
            f"{STALLED_SECONDS:.0f} s, {queue.available} waiting."
        ),
        data={"measured": asdict(queue)},
        at=datetime.now(UTC),
    )
