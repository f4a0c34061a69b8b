"""What the local runtime tells of processes that end as they should."""

import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

from engineroom.model.processes.lifecycle import StopSignal
from tests.runtime.asynchronous import asynchronous, eventually
from tests.runtime.conformance import Session, lives, some_workload
from tests.runtime.test_local import LocalHost


@asynchronous
async def test_one_that_ends_as_it_should_at_once_again_and_again_is_told_to_be_in_a_tight_loop(
    host: LocalHost,
) -> None:
    session = await Session.opened(host)
    workload = some_workload(processes=1, replicas=1, argv=("sh", "-c", "exit 7"), expected_exit_codes=(0, 7))
    await session.runtime.apply([workload])
    kinds = partial(session.kinds, workload.background_process)
    await eventually("it is told", lambda: "process.tight_loop" in kinds())
    assert "process.crash_looping" not in kinds()
    (told,) = [
        each for each in session.events(workload.background_process) if each.kind == "process.tight_loop"
    ]
    assert "finished (exit 7, which is expected of it)" in told.message
    assert "it is in a tight loop, having ended at once 10 times in a row, and is slowed" in told.message
    assert "it starts again in 1.0 s" in told.message
    (process,) = session.runtime.processes(workload.background_process)
    assert process.tight_loop
    assert not process.crash_looping
    await session.runtime.close()


PROGRAM = """
import pathlib, signal, sys, time
folder = pathlib.Path(sys.argv[1])
def finish(*_):
    while not (folder / "finished").exists():
        time.sleep(0.02)
    sys.exit()
signal.signal(signal.SIGTERM, finish)
(folder / "ready").touch()
while True:
    signal.pause()
"""


@asynchronous
async def test_a_shell_that_ends_before_its_program_is_not_told_as_the_end_of_the_process(
    host: LocalHost, tmp_path: Path
) -> None:
    session = await Session.opened(host)
    (tmp_path / "program.py").write_text(PROGRAM)
    body = f"{sys.executable} {tmp_path}/program.py {tmp_path}; true"
    workload = some_workload(processes=1, replicas=1, argv=("/bin/sh", "-c", body), signal_group=True)
    await session.applied(workload)
    await eventually("it runs", (tmp_path / "ready").exists)
    await session.runtime.remove([workload.background_process], stop_timeout_seconds=60.0)

    def told(kind: str) -> list[str]:
        return [each.message for each in session.events(workload.background_process) if each.kind == kind]

    await eventually("its shell has ended", lambda: told("process.exited"))
    (message,) = told("process.exited")
    assert "has no shell any more" in message
    assert "finishes what it has in hand" in message
    assert not told("process.stopped")
    (tmp_path / "finished").touch()
    await eventually("nothing is left", lambda: told("process.stopped"))
    await session.runtime.close()


@asynchronous
async def test_how_it_is_stopped_changes_without_a_restart_also_while_the_keeper_is_away(
    host: LocalHost, tmp_path: Path
) -> None:
    traps = "; ".join(f"trap 'echo {name} > {tmp_path}/asked; exit' {name}" for name in ("QUIT", "INT"))
    body = f"{traps}; touch {tmp_path}/ready; while :; do sleep 0.02; done"
    session = await Session.opened(host)
    workload = some_workload(processes=1, replicas=1, argv=("sh", "-c", body))
    before = lives(await session.applied(workload))
    await eventually("it listens", (tmp_path / "ready").exists)
    assert lives(await session.applied(replace(workload, stop_signal=StopSignal.SIGQUIT))) == before
    await session.runtime.close()

    again = await Session.opened(host, session.cursor)
    changed = replace(workload, stop_signal=StopSignal.SIGINT)
    assert lives(await again.applied(changed)) == before
    await again.runtime.drain(stop_timeout_seconds=10.0)
    assert (tmp_path / "asked").read_text() == "INT\n"
