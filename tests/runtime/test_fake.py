"""The fake runtime: it conforms, and does what its script says."""

import errno

import pytest

from engineroom.model.processes.process import ProcessState
from engineroom.model.processes.workload import Workload
from engineroom.runtime.base import RuntimeUnavailableError
from engineroom.runtime.fake import FakeRuntime
from tests.runtime.asynchronous import asynchronous
from tests.runtime.conformance import RuntimeConformance, Session, lives, some_workload
from tests.runtime.output_conformance import OutputConformance
from tests.runtime.run_conformance import RunConformance


class FakeHost:
    def __init__(self) -> None:
        self.fake = FakeRuntime()

    def runtime(self) -> FakeRuntime:
        return self.fake

    async def stubborn(self, session: Session) -> Workload:
        workload = some_workload(processes=2, replicas=1)
        self.fake.script(workload.background_process).holds_drains = True
        await session.applied(workload)
        return workload

    async def talkative(self, session: Session) -> Workload:
        workload = some_workload(processes=1, replicas=1)
        (process,) = await session.applied(workload)
        self.fake.print(process.id, b"one\ntwo\nlast words")
        self.fake.print(process.id, b"oops\n", "stderr")
        return workload


@pytest.fixture
def host() -> FakeHost:
    return FakeHost()


class TestConformance(RuntimeConformance, OutputConformance, RunConformance):
    """The fake does what every runtime does."""


@asynchronous
async def test_starts_can_take_until_told(host: FakeHost) -> None:
    session, workload = await Session.opened(host), some_workload()
    script = host.fake.script(workload.background_process)
    script.holds_starts = True
    await host.fake.apply([workload])
    found = host.fake.processes(workload.background_process)
    assert {process.state for process in found} == {ProcessState.STARTING}
    assert {process.pid for process in found} == {None}
    host.fake.start_now(workload.background_process)
    await session.settled(workload)


@asynchronous
async def test_starts_can_fail_with_a_reason_until_the_script_changes(host: FakeHost) -> None:
    session, workload = await Session.opened(host), some_workload(processes=1, replicas=1)
    script = host.fake.script(workload.background_process)
    script.start_failure = (errno.ENOENT, "/srv/worker")
    await host.fake.apply([workload])
    host.fake.start_now(workload.background_process)
    (failed,) = host.fake.processes(workload.background_process)
    assert failed.state is ProcessState.BACKING_OFF
    assert failed.next_start_at
    assert failed.last_exit
    assert (failed.last_exit.error_number, failed.last_exit.path) == (errno.ENOENT, "/srv/worker")
    assert not failed.crash_looping
    host.fake.start_now(workload.background_process)
    assert host.fake.processes(workload.background_process)[0].crash_looping

    script.start_failure = None
    host.fake.start_now(workload.background_process)
    (healed,) = await session.settled(workload)
    assert healed.restarts == 3
    assert session.kinds(workload.background_process) == ["process.start_failed"] * 3 + ["process.started"]


@asynchronous
async def test_a_process_that_ends_is_running_again_with_its_last_exit(host: FakeHost) -> None:
    session, workload = await Session.opened(host), some_workload()
    before = await session.applied(workload)
    host.fake.exit(before[0].id, code=12)
    after = await session.settled(workload)
    assert lives(after[1:]) == lives(before[1:])
    assert after[0].id == before[0].id
    assert after[0].pid != before[0].pid
    assert after[0].restarts == 1
    assert after[0].last_exit
    assert after[0].last_exit.code == 12
    assert "memory limit of the worker" in session.events(workload.background_process)[-2].message


@asynchronous
async def test_draining_can_take_until_told(host: FakeHost) -> None:
    session, workload = await Session.opened(host), some_workload()
    host.fake.script(workload.background_process).holds_drains = True
    before = await session.applied(workload)
    await host.fake.remove([workload.background_process], stop_timeout_seconds=30.0)
    found = host.fake.processes(workload.background_process)
    assert lives(found) == lives(before)
    assert all(process.state is ProcessState.DRAINING and process.deadline_at for process in found)
    host.fake.exit(found[0].id, code=0)
    assert len(host.fake.processes(workload.background_process)) == 3
    host.fake.end_drains(workload.background_process)
    await session.gone(workload.background_process)


@asynchronous
async def test_it_can_be_unavailable_and_keeps_what_runs(host: FakeHost) -> None:
    session, workload = await Session.opened(host), some_workload()
    before = await session.applied(workload)
    host.fake.available = False
    with pytest.raises(RuntimeUnavailableError):
        await host.fake.apply([workload])
    with pytest.raises(RuntimeUnavailableError):
        await host.fake.remove([workload.background_process], stop_timeout_seconds=1.0)
    with pytest.raises(RuntimeUnavailableError):
        await host.fake.open(session.reports.append, None)
    host.fake.available = True
    assert lives(await session.applied(workload)) == lives(before)
