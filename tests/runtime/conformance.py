"""What every runtime does. A test module of a runtime subclasses `RuntimeConformance` and provides its `host`."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol

import pytest

from engineroom.model.event import Event
from engineroom.model.ids import BackgroundProcessId, new_background_process_id, new_run_id
from engineroom.model.logs.output import Line, StreamId, lines
from engineroom.model.processes.lifecycle import Replacement
from engineroom.model.processes.process import Process, ProcessState
from engineroom.model.processes.run import Finished, Run
from engineroom.model.processes.workload import Workload
from engineroom.runtime.base import Report, Runtime
from tests.runtime.asynchronous import asynchronous, eventually
from tests.support.waiting import patient


class Host(Protocol):
    """What a runtime runs on, longer than one connection to it."""

    def runtime(self) -> Runtime:
        """Return the runtime, not open yet; asked again, it finds what the one before has left."""

    async def stubborn(self, session: "Session") -> Workload:
        """Have two processes running that do not end when they are asked to, and return their workload."""

    async def talkative(self, session: "Session") -> Workload:
        """Have one process running that prints "one", "two" and the unfinished "last words", and "oops" as an error."""


class Session:
    """An open runtime, and all that it has reported."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.reports: list[Report] = []
        self.after: dict[StreamId, int] = {}
        self.lines: list[Line] = []
        self.unfinished: dict[StreamId, bytes] = {}

    @classmethod
    async def opened(cls, host: Host, cursor: str | None = None) -> "Session":
        session = cls(host.runtime())
        await session.runtime.open(session.reports.append, cursor)
        return session

    @property
    def cursor(self) -> str:
        return self.reports[-1].cursor

    def events(self, background_process: BackgroundProcessId) -> list[Event]:
        told = [event for report in self.reports for event in report.events]
        return [event for event in told if event.background_process_id == background_process]

    def finished(self) -> list[Finished]:
        return [finished for report in self.reports for finished in report.finished]

    def kinds(self, background_process: BackgroundProcessId) -> list[str]:
        return [event.kind for event in self.events(background_process)]

    async def settled(self, workload: Workload) -> Sequence[Process]:
        """Wait until exactly what the workload asks for is there, and return it."""

        def look() -> Sequence[Process]:
            found = self.runtime.processes(workload.background_process)
            states = {process.state for process in found}
            fingerprints = {process.fingerprint for process in found}
            ready = states == {ProcessState.RUNNING} and fingerprints == {workload.fingerprint}
            return found if ready and len(found) == workload.wanted else ()

        return await eventually(f"{workload.wanted} processes of {workload.argv} run, and nothing else", look)

    async def applied(self, workload: Workload) -> Sequence[Process]:
        await self.runtime.apply([workload])
        return await self.settled(workload)

    async def printed(self, count: int) -> list[Line]:
        """Wait until so many lines can be read in all, read on, and return those that were read."""
        async with asyncio.timeout(patient(15.0)):
            while len(self.lines) < count:
                await self.read_on()
            return self.lines

    async def read_on(self) -> None:
        for chunk in await self.runtime.read_output(self.after, limit_bytes=1 << 20):
            assert chunk.begin - chunk.dropped_bytes == self.after.get(chunk.id, 0)
            self.after[chunk.id] = chunk.end
            self.lines += lines(chunk)
            self.unfinished[chunk.id] = chunk.unfinished
        await asyncio.sleep(0.01)

    async def gone(self, background_process: BackgroundProcessId) -> None:
        await eventually("nothing is left", lambda: not self.runtime.processes(background_process))
        await eventually("its end is told", lambda: "process.stopped" in self.kinds(background_process))


def some_workload(**changes: Any) -> Workload:
    """Return two processes on each of two replicas, of a program that does nothing, with these changes."""
    workload = Workload(
        background_process=new_background_process_id(),
        argv=("sleep", "600"),
        signal_group=False,
        working_directory="/",
        inherited_variables={"PATH": "/usr/bin:/bin"},
        variables={"GREETING": "hello"},
        processes=2,
        replicas=2,
        replacement=Replacement.START_FIRST,
        stop_timeout_seconds=5.0,
    )
    return replace(workload, **changes)


def slots(processes: Sequence[Process]) -> list[tuple[int, int]]:
    return [(process.replica, process.index) for process in processes]


def lives(processes: Sequence[Process]) -> dict[str, int | None]:
    """Return the pid of each process by its id: who is the same as before has the same of both."""
    return {process.id: process.pid for process in processes}


def slot_of(event: Event) -> tuple[int, int]:
    return event.data["replica"], event.data["index"]


class RuntimeConformance:
    """The scenarios."""

    @asynchronous
    async def test_it_starts_so_many_on_each_replica(self, host: Host) -> None:
        session = await Session.opened(host)
        workload = some_workload()
        found = await session.applied(workload)
        assert slots(found) == [(1, 0), (1, 1), (2, 0), (2, 1)]
        assert len({process.pid for process in found}) == 4
        assert all(process.pid and process.started_at and not process.restarts for process in found)
        assert session.runtime.background_processes() == {workload.background_process}
        await session.runtime.close()

    @asynchronous
    async def test_the_same_again_changes_nothing(self, host: Host) -> None:
        session = await Session.opened(host)
        workload = some_workload()
        before = lives(await session.applied(workload))
        await eventually("all starts are told", lambda: len(session.kinds(workload.background_process)) == 4)
        await session.runtime.apply([workload, workload])
        await session.runtime.apply([replace(workload, inherited_variables={"PATH": "/bin"})])
        other = some_workload(processes=1, replicas=1)
        await session.applied(other)
        assert lives(await session.settled(workload)) == before
        assert session.kinds(workload.background_process) == ["process.started"] * 4
        await session.runtime.close()

    @asynchronous
    async def test_more_processes_start_only_the_difference(self, host: Host) -> None:
        session = await Session.opened(host)
        workload = some_workload(processes=1)
        before = lives(await session.applied(workload))
        after = await session.applied(replace(workload, processes=3))
        assert before.items() <= lives(after).items()
        assert slots(after) == [(1, 0), (1, 1), (1, 2), (2, 0), (2, 1), (2, 2)]
        await session.runtime.close()

    @asynchronous
    async def test_fewer_processes_drain_only_the_difference(self, host: Host) -> None:
        session = await Session.opened(host)
        workload = some_workload(processes=3)
        before = lives(await session.applied(workload))
        after = await session.applied(replace(workload, processes=1, replicas=1))
        assert lives(after).items() <= before.items()
        assert slots(after) == [(1, 0)]
        await session.runtime.close()

    @asynchronous
    async def test_no_processes_is_a_number_too(self, host: Host) -> None:
        session = await Session.opened(host)
        workload = some_workload()
        await session.applied(workload)
        await session.runtime.apply([replace(workload, processes=0)])
        await session.gone(workload.background_process)
        assert session.runtime.background_processes() == frozenset()
        await session.applied(workload)
        await session.runtime.close()

    @asynchronous
    async def test_start_first_never_has_fewer_running_than_wanted(self, host: Host) -> None:
        session = await Session.opened(host)
        workload = some_workload(replacement=Replacement.START_FIRST)
        before = lives(await session.applied(workload))
        after = lives(await session.applied(replace(workload, argv=("sleep", "601"))))
        assert not before.keys() & after.keys()
        await eventually(
            "all ends are told",
            lambda: session.kinds(workload.background_process).count("process.stopped") == 4,
        )
        running = 0
        for number, event in enumerate(session.events(workload.background_process)):
            running += {"process.started": 1, "process.draining": -1}.get(event.kind, 0)
            assert running >= min(number + 1, workload.wanted)
        await session.runtime.close()

    @asynchronous
    async def test_drain_first_never_has_two_in_one_slot(self, host: Host) -> None:
        session = await Session.opened(host)
        workload = some_workload(replacement=Replacement.DRAIN_FIRST)
        before = lives(await session.applied(workload))
        after = lives(await session.applied(replace(workload, variables={"GREETING": "hi"})))
        assert not before.keys() & after.keys()
        await eventually(
            "all starts are told",
            lambda: session.kinds(workload.background_process).count("process.started") == 8,
        )
        inhabited: set[tuple[int, int]] = set()
        for event in session.events(workload.background_process):
            if event.kind == "process.started":
                assert slot_of(event) not in inhabited
                inhabited.add(slot_of(event))
            elif event.kind == "process.stopped":
                inhabited.remove(slot_of(event))
        await session.runtime.close()

    @asynchronous
    async def test_what_is_removed_drains_and_others_stay(self, host: Host) -> None:
        session = await Session.opened(host)
        leaving, staying = some_workload(), some_workload(processes=1)
        await session.runtime.apply([leaving, staying])
        await session.settled(leaving)
        before = lives(await session.settled(staying))
        await session.runtime.remove([leaving.background_process], stop_timeout_seconds=5.0)
        await session.gone(leaving.background_process)
        await session.runtime.remove([leaving.background_process], stop_timeout_seconds=5.0)
        assert lives(await session.settled(staying)) == before
        assert session.runtime.background_processes() == {staying.background_process}
        await session.runtime.close()

    @asynchronous
    @pytest.mark.parametrize("drained_first", [False, True])
    async def test_what_is_removed_by_force_is_killed_at_once(self, host: Host, drained_first: bool) -> None:
        session = await Session.opened(host)
        staying = some_workload(processes=1)
        before = lives(await session.applied(staying))
        workload = await host.stubborn(session)
        id = workload.background_process
        if drained_first:
            await session.runtime.remove([id], stop_timeout_seconds=600.0)
            await eventually("they are asked", lambda: session.kinds(id).count("process.draining") == 2)
            assert len(session.runtime.processes(id)) == 2
        for _ in range(2):
            await session.runtime.remove([id], stop_timeout_seconds=600.0, force=True)
        await session.gone(id)
        await eventually("both ends are told", lambda: session.kinds(id).count("process.stopped") == 2)
        assert session.kinds(id).count("process.killed") == 2
        assert lives(await session.settled(staying)) == before
        await session.runtime.close()

    @asynchronous
    @pytest.mark.parametrize("force", [False, True])
    async def test_what_is_removed_before_it_has_started_is_gone(self, host: Host, force: bool) -> None:
        session = await Session.opened(host)
        workload = some_workload()
        id = workload.background_process
        await asyncio.gather(
            session.runtime.apply([workload]),
            session.runtime.remove([id], stop_timeout_seconds=5.0, force=force),
        )
        await session.gone(id)
        await eventually("all ends are told", lambda: session.kinds(id).count("process.stopped") == 4)
        await session.runtime.close()

    @asynchronous
    async def test_another_generation_replaces_every_process(self, host: Host) -> None:
        session = await Session.opened(host)
        workload = some_workload()
        before = lives(await session.applied(workload))
        after = lives(await session.applied(replace(workload, generation=1)))
        assert not before.keys() & after.keys()
        await session.runtime.close()

    @asynchronous
    async def test_drain_first_replaces_a_quarter_at_a_time(self, host: Host) -> None:
        session = await Session.opened(host)
        workload = some_workload(processes=4, replicas=2, replacement=Replacement.DRAIN_FIRST)
        await session.applied(workload)
        await session.applied(replace(workload, generation=1))
        id = workload.background_process
        await eventually("all is told", lambda: session.kinds(id).count("process.started") == 16)
        running, fewest = 0, workload.wanted
        for event in session.events(id):
            running += {"process.started": 1, "process.draining": -1}.get(event.kind, 0)
            if event.kind == "process.draining":
                fewest = min(fewest, running)
        assert fewest == 6
        await session.runtime.close()

    @asynchronous
    async def test_reports_name_what_changed_and_move_the_cursor(self, host: Host) -> None:
        session = await Session.opened(host)
        workload = some_workload(processes=1, replicas=1)
        empty = session.cursor if session.reports else ""
        await session.applied(workload)
        id = workload.background_process
        await eventually("its start is told", lambda: "process.started" in session.kinds(id))
        assert any(id in report.changed for report in session.reports)
        started = session.cursor
        await session.runtime.remove([id], stop_timeout_seconds=5.0)
        await session.gone(id)
        assert len({empty, started, session.cursor}) == 3
        assert session.kinds(id)[0] == "process.started"
        assert session.kinds(id)[-1] == "process.stopped"
        assert all(event.message.endswith(".") and event.at.tzinfo for event in session.events(id))
        await session.runtime.close()

    @asynchronous
    async def test_closed_and_opened_again_it_finds_the_same_processes(self, host: Host) -> None:
        session = await Session.opened(host)
        workload = some_workload()
        before = lives(await session.applied(workload))
        await eventually("all starts are told", lambda: len(session.kinds(workload.background_process)) == 4)
        await session.runtime.close()

        again = await Session.opened(host, session.cursor)
        assert lives(again.runtime.processes(workload.background_process)) == before
        assert lives(await again.applied(workload)) == before
        assert again.kinds(workload.background_process) == [], "what was told before is not told again"
        await again.runtime.close()

    @asynchronous
    async def test_without_a_cursor_everything_is_told_from_the_beginning(self, host: Host) -> None:
        session = await Session.opened(host)
        workload = some_workload()
        await session.applied(workload)
        await session.runtime.close()
        again = await Session.opened(host)
        kinds = again.kinds
        await eventually("all is told", lambda: kinds(workload.background_process) == ["process.started"] * 4)
        assert any(workload.background_process in report.changed for report in again.reports)
        await again.runtime.close()

    @asynchronous
    async def test_what_it_was_not_told_of_is_left_alone(self, host: Host) -> None:
        session = await Session.opened(host)
        unknown = some_workload()
        before = lives(await session.applied(unknown))
        await session.runtime.close()

        again = await Session.opened(host)
        known = some_workload(processes=1)
        await again.applied(known)
        await again.runtime.remove([known.background_process], stop_timeout_seconds=5.0)
        await again.gone(known.background_process)
        assert lives(again.runtime.processes(unknown.background_process)) == before
        assert again.runtime.background_processes() == {unknown.background_process}
        await again.runtime.close()

    @asynchronous
    async def test_draining_ends_everything(self, host: Host) -> None:
        session = await Session.opened(host)
        workloads = [some_workload(), some_workload(replacement=Replacement.DRAIN_FIRST)]
        await session.runtime.apply(workloads)
        for workload in workloads:
            await session.settled(workload)
        await session.runtime.drain(stop_timeout_seconds=5.0)
        assert session.runtime.background_processes() == frozenset()
        for workload in workloads:
            assert session.kinds(workload.background_process).count("process.stopped") == 4
        await session.runtime.close()


def some_run(*argv: str) -> Run:
    return Run(
        id=new_run_id(),
        argv=argv,
        signal_group=False,
        working_directory="/",
        inherited_variables={"PATH": "/usr/bin:/bin"},
        variables={"GREETING": "hello"},
        replica=1,
    )
