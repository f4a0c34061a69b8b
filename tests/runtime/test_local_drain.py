"""The local runtime drains for good, also when its keeper is killed before, or meanwhile."""

import asyncio
import os
import signal
from functools import partial

from tests.runtime.asynchronous import asynchronous, eventually
from tests.runtime.conformance import Session, some_workload
from tests.runtime.test_local import LocalHost
from tests.support import proc


@asynchronous
async def test_a_keeper_that_is_killed_while_it_drains_has_a_successor_that_goes_on(host: LocalHost) -> None:
    session = await Session.opened(host)
    workload = await host.stubborn(session)
    pids = [process.pid for process in session.runtime.processes(workload.background_process)]
    drain = asyncio.create_task(session.runtime.drain(stop_timeout_seconds=1.0))
    kinds = partial(session.kinds, workload.background_process)
    await eventually("they are asked to stop", lambda: kinds().count("process.draining") == 2)
    os.kill(host.keeper_pid(), signal.SIGKILL)
    await drain
    assert not [pid for pid in pids if pid and proc.is_alive(pid)]


@asynchronous
async def test_what_a_killed_keeper_kept_is_drained_by_the_next(host: LocalHost) -> None:
    session = await Session.opened(host)
    (process,) = await session.applied(some_workload(processes=1, replicas=1))
    os.kill(host.keeper_pid(), signal.SIGKILL)
    await eventually("the keeper is missed", lambda: not session.runtime.reachable)
    await session.runtime.drain(stop_timeout_seconds=5.0)
    assert process.pid
    assert not proc.is_alive(process.pid)
