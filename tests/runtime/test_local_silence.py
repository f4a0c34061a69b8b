"""A keeper that is stopped by a signal: nobody waits for it for long, what is stale is marked so, and its return is told."""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from engineroom.runtime.base import RuntimeUnavailableError
from tests.runtime.asynchronous import asynchronous, eventually
from tests.runtime.conformance import Session, some_workload
from tests.runtime.test_local import LocalHost
from tests.support.waiting import patient


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def told(session: Session) -> list[str]:
    """Return what was told that is of no background process."""
    return [
        event.kind
        for report in session.reports
        for event in report.events
        if event.background_process_id is None
    ]


@asynchronous
async def test_a_stopped_keeper_is_told_of_and_found_again(host: LocalHost) -> None:
    session, workload = await Session.opened(host), some_workload(processes=1, replicas=1)
    (before,) = await session.applied(workload)
    assert before.stale_since is None
    runtime = session.runtime
    with stopped(host.keeper_pid()):
        await eventually("it is told", lambda: "keeper.silent" in told(session), timeout_seconds=60)
        assert before.pid
        os.kill(before.pid, signal.SIGKILL)
        await eventually("it is not reachable", lambda: not runtime.reachable, timeout_seconds=60)

        def stale() -> bool:
            (process,) = runtime.processes(workload.background_process)
            return process.stale_since is not None and process.usage is None

        await eventually("what is known is marked as stale", stale, timeout_seconds=60)
        # Nobody waits for what the keeper cannot be told.
        async with asyncio.timeout(patient(60)):
            await runtime.apply([some_workload(processes=1, replicas=1)])
    await eventually("its return is told", lambda: "keeper.found" in told(session), timeout_seconds=60)
    assert told(session).count("keeper.silent") == 1

    def runs_again() -> bool:
        (process,) = runtime.processes(workload.background_process)
        return process.pid not in {None, before.pid} and process.stale_since is None

    await eventually("it runs again", runs_again, timeout_seconds=60)
    await runtime.close()


@asynchronous
async def test_a_call_that_a_stopped_keeper_does_not_answer_comes_back(host: LocalHost) -> None:
    session, workload = await Session.opened(host), some_workload(processes=1, replicas=1)
    with stopped(host.keeper_pid()):
        async with asyncio.timeout(patient(60)):
            await session.runtime.apply([workload])
    await session.settled(workload)
    await session.runtime.close()


@asynchronous
async def test_a_first_connection_to_a_stopped_keeper_fails_with_what_to_do(host: LocalHost) -> None:
    session = await Session.opened(host)
    await session.runtime.close()
    pid = host.keeper_pid()
    with stopped(pid):
        async with asyncio.timeout(patient(60)):
            with pytest.raises(RuntimeUnavailableError, match=f"kill -CONT {pid}"):
                await Session.opened(host)
