"""The local runtime on a real keeper: it conforms, and it survives its keeper."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from engineroom.keeper.output.spool import Spool
from engineroom.model.ids import BackgroundProcessId, InstanceId
from engineroom.model.instances.limits import UNLIMITED, Limits
from engineroom.model.processes.lifecycle import Replacement
from engineroom.model.processes.process import ProcessState
from engineroom.model.processes.workload import Workload
from engineroom.runtime.base import RuntimeUnavailableError
from engineroom.runtime.local import LocalRuntime, planner
from tests.keeper.running_keeper import Client
from tests.runtime.asynchronous import asynchronous, eventually
from tests.runtime.conformance import RuntimeConformance, Session, lives, some_run, some_workload
from tests.runtime.output_conformance import OutputConformance
from tests.runtime.run_conformance import RunConformance
from tests.support import proc
from tests.support.allowed import allow
from tests.support.waiting import wait_until

ROOT = Path(__file__).parents[2]
OTHER_KEEPER = ROOT / "tests" / "support" / "other_keeper.py"
LIMITS = Limits(memory_bytes=64 * 1024 * 1024)


class LocalHost:
    """A folder for a keeper, which the first runtime that opens will start."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        allow(folder)
        self._runtimes: list[LocalRuntime] = []

    def runtime(self) -> LocalRuntime:
        self._runtimes.append(LocalRuntime(self.folder))
        return self._runtimes[-1]

    async def stubborn(self, session: Session) -> Workload:
        body = "trap '' TERM; exec sleep 600"
        workload = some_workload(argv=("sh", "-c", body), processes=2, replicas=1)
        pids = [process.pid for process in await session.applied(workload) if process.pid]
        await eventually("they ignore TERM", lambda: all(proc.ignores(pid, signal.SIGTERM) for pid in pids))
        return workload

    async def talkative(self, session: Session) -> Workload:
        body = "printf 'one\ntwo\nlast words'; echo oops >&2; exec sleep 600"
        workload = some_workload(argv=("sh", "-c", body), processes=1, replicas=1)
        await session.applied(workload)
        return workload

    def keeper_pid(self) -> int:
        with Client(self.folder) as client:
            return int(client.call("hello")["pid"])

    def clean_up(self) -> None:
        """End the keeper and all it keeps, and make sure that nothing is left."""
        ids: set[str] = set()
        # Again and again: where two were started at once, the second one takes over when the first has ended.
        wait_until("no keeper runs", lambda: not self._shut_down(ids))
        left = [pid for id in ids for pid in proc.with_variable("ENGINEROOM_PROCESS", id)]
        assert not [pid for pid in left if proc.is_alive(pid)]

    def _shut_down(self, ids: set[str]) -> bool:
        """Ask the keeper to end, noting what it kept; return whether one still runs."""
        with contextlib.suppress(FileNotFoundError, ConnectionError, EOFError), Client(self.folder) as client:
            ids |= {process["id"] for process in client.call("watch")["processes"]}
            client.call("stop", ids=list(ids), timeout_seconds=0, force=True)
            client.call("shutdown", timeout_seconds=0)
        started = [runtime._launcher._started for runtime in self._runtimes]
        return any(keeper is not None and keeper.poll() is None for keeper in started)


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalHost]:
    monkeypatch.setattr(planner, "SETTLED_SECONDS", 0.05)
    found = LocalHost(tmp_path / "keeper")
    yield found
    found.clean_up()


class TestConformance(RuntimeConformance, OutputConformance, RunConformance):
    """It does what every runtime does."""


@asynchronous
async def test_processes_get_their_variables_and_their_place(host: LocalHost) -> None:
    session, workload = await Session.opened(host), some_workload(processes=1)
    for process in await session.applied(workload):
        pid = process.pid
        assert pid
        # For a moment after exec the kernel shows an environment that is still empty.
        environment = await eventually("its environment is there", partial(proc.environment, pid))
        assert environment["GREETING"] == "hello"
        assert environment["PATH"] == "/usr/bin:/bin"
        assert environment["ENGINEROOM_REPLICA"] == str(process.replica)
        assert environment["ENGINEROOM_INDEX"] == "0"
    await session.runtime.close()


@asynchronous
async def test_one_that_dies_runs_again_and_it_is_told_why(host: LocalHost) -> None:
    session, workload = await Session.opened(host), some_workload(processes=1, replicas=1)
    (before,) = await session.applied(workload)
    assert before.pid
    os.kill(before.pid, signal.SIGKILL)
    await eventually(
        "it is told", lambda: session.kinds(workload.background_process).count("process.started") == 2
    )
    (after,) = await session.settled(workload)
    assert after.id == before.id
    assert after.restarts == 1
    assert after.last_exit
    assert after.last_exit.signal == signal.SIGKILL
    exited = session.events(workload.background_process)[1]
    assert "killed by signal 9 (SIGKILL)" in exited.message
    assert "starts again at once" in exited.message
    await session.runtime.close()


@asynchronous
async def test_one_that_cannot_start_backs_off_with_the_reason_until_it_can(
    host: LocalHost, tmp_path: Path
) -> None:
    program = tmp_path / "worker"
    session = await Session.opened(host)
    workload = some_workload(argv=(str(program),), processes=1, replicas=1)
    id = workload.background_process
    await session.runtime.apply([workload])
    await eventually("it is told", lambda: "process.start_failed" in session.kinds(id))
    assert f"{program} was not found" in session.events(id)[0].message
    program.write_text("#!/bin/sh\nexec sleep 600\n")
    program.chmod(0o755)
    (healed,) = await session.settled(workload)
    assert healed.last_exit
    assert healed.last_exit.error_number == 2
    await session.runtime.close()


@asynchronous
async def test_why_one_cannot_start_may_be_no_unicode(host: LocalHost, tmp_path: Path) -> None:
    program = tmp_path / "worker"
    program.write_bytes(b"#!/no/such/\xe9\n")
    program.chmod(0o755)
    session = await Session.opened(host)
    workload = some_workload(argv=(str(program),), processes=1, replicas=1)
    await session.runtime.apply([workload])
    await eventually("it is told", lambda: session.events(workload.background_process))
    (told, *_) = session.events(workload.background_process)
    assert f"/no/such/? (the interpreter of {program}) was not found" in told.message
    await session.applied(some_workload())
    await session.runtime.close()


@asynchronous
async def test_a_kept_connection_survives_the_death_of_the_keeper(host: LocalHost) -> None:
    session, workload = await Session.opened(host), some_workload()
    before = lives(await session.applied(workload))
    first = host.keeper_pid()
    os.kill(first, signal.SIGKILL)
    await eventually("another keeper runs", lambda: keeper_other_than(host, first))
    assert lives(await session.applied(workload)) == before
    more = workload.background_process
    assert len(session.kinds(more)) == 4, "nothing is told twice"
    await session.runtime.close()


@asynchronous
async def test_what_is_applied_while_the_keeper_is_away_runs_when_it_is_back(host: LocalHost) -> None:
    session, workload = await Session.opened(host), some_workload(processes=1, replicas=1)
    await session.applied(workload)
    os.kill(host.keeper_pid(), signal.SIGKILL)
    other = some_workload(processes=1, replicas=1)
    await session.runtime.apply([other])
    await session.runtime.remove([workload.background_process], stop_timeout_seconds=5.0)
    await session.settled(other)
    await eventually("it is gone", lambda: not session.runtime.processes(workload.background_process))
    await session.runtime.close()


@asynchronous
async def test_a_keeper_that_failed_once_is_started_again(host: LocalHost) -> None:
    """Exit status 1 ends an attempt to connect, with the keeper's words; it does not end all later ones."""
    session, workload = await Session.opened(host), some_workload()
    before = lives(await session.applied(workload))
    launcher = host._runtimes[0]._launcher
    assert launcher._started
    first = host.keeper_pid()
    os.kill(first, signal.SIGKILL)
    launcher._started.wait()
    launcher._started.returncode = 1
    await eventually("another keeper runs", lambda: keeper_other_than(host, first))
    assert lives(await session.applied(workload)) == before
    await session.runtime.close()


def keeper_other_than(host: LocalHost, pid: int) -> bool:
    try:
        return host.keeper_pid() != pid
    except (OSError, EOFError):
        return False


@asynchronous
async def test_a_keeper_that_cannot_start_is_told_in_its_own_words(host: LocalHost) -> None:
    (host.folder / "journal").mkdir()
    with pytest.raises(RuntimeUnavailableError, match=r"Is a directory: .*journal"):
        await Session.opened(host)


@asynchronous
async def test_drain_first_waits_for_a_process_that_takes_its_time(host: LocalHost) -> None:
    body = "trap 'sleep 0.4; exit 0' TERM; echo; while :; do sleep 0.02; done"
    session = await Session.opened(host)
    workload = some_workload(
        argv=("sh", "-c", body), processes=1, replicas=1, replacement=Replacement.DRAIN_FIRST
    )
    (old,) = await session.applied(workload)
    output = Path(Spool(host.folder / "spool").paths(old.id)[0])
    await eventually("it listens for TERM", lambda: output.read_bytes() == b"\n")
    changed = some_workload(
        background_process=workload.background_process,
        processes=1,
        replicas=1,
        replacement=Replacement.DRAIN_FIRST,
    )
    await session.runtime.apply([changed])
    (draining,) = session.runtime.processes(BackgroundProcessId(workload.background_process))
    assert (draining.id, draining.state) == (old.id, ProcessState.DRAINING)
    (new,) = await session.settled(changed)
    assert old.pid
    assert not proc.is_alive(old.pid)
    assert new.id != old.id
    await session.runtime.close()


def test_the_keeper_gets_none_of_our_secrets(host: LocalHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_THE_SERVER", "hush")

    @asynchronous
    async def scenario() -> None:
        session = await Session.opened(host)
        await session.applied(some_workload(processes=1, replicas=1))
        await session.runtime.close()

    scenario()
    assert "SECRET_OF_THE_SERVER" not in proc.environment(host.keeper_pid())


@asynchronous
async def test_a_keeper_of_another_version_is_upgraded_and_its_processes_go_on(
    host: LocalHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, workload = await Session.opened(host), some_workload(processes=2, replicas=1)
    before = await session.applied(workload)
    await session.runtime.close()
    keeper = Path(f"/proc/{host.keeper_pid()}")
    executed_before = (keeper / "auxv").read_bytes()

    monkeypatch.setattr("engineroom.runtime.local.upgrades.__version__", "9.9.9")
    again = await Session.opened(host)

    # Another random value in the auxiliary vector: the same process, with its program executed anew.
    assert (keeper / "auxv").read_bytes() != executed_before
    found = again.runtime.processes(workload.background_process)
    assert [process.pid for process in found] == [process.pid for process in before]
    await again.runtime.close()


@asynchronous
async def test_a_keeper_that_would_misunderstand_us_is_refused_with_what_to_do(
    host: LocalHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engineroom.runtime.local.upgrades.__version__", "9.9.9")
    monkeypatch.setattr("engineroom.runtime.local.upgrades.PROTOCOL", 99)
    monkeypatch.setattr("engineroom.runtime.local.upgrades.OLDEST_PROTOCOL", 98)
    with pytest.raises(RuntimeUnavailableError, match="install both from the same version"):
        await Session.opened(host)


@contextlib.contextmanager
def other_keeper(folder: Path, kind: str) -> Iterator[None]:
    """Run a keeper of another protocol on the folder before anybody else does."""
    command = [sys.executable, str(OTHER_KEEPER), str(folder), kind]
    with subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)}) as keeper:
        wait_until("it answers", lambda: answers(folder))
        try:
            yield
        finally:
            keeper.wait(10)


def answers(folder: Path) -> bool:
    try:
        with Client(folder) as client:
            return bool(client.call("hello"))
    except OSError:
        return False


@pytest.mark.parametrize("kind", ["older", "newer"])
def test_a_keeper_one_protocol_away_that_stays_as_it_is_works_all_the_same(
    host: LocalHost, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    @asynchronous
    async def scenario() -> None:
        session = await Session.opened(host)
        workload = some_workload(processes=2, replicas=1, instance=InstanceId("inst-1"), limits=LIMITS)
        before = await session.applied(workload)
        assert len(before) == 2
        fewer = replace(workload, processes=1, limits=UNLIMITED)
        await session.applied(fewer)
        assert bool(session.runtime.capabilities.unlimited) is (kind == "older")
        await session.runtime.drain(stop_timeout_seconds=5.0)

    with other_keeper(host.folder, kind):
        scenario()
    assert "upgrade that, or end the keeper with kill -9" in capsys.readouterr().out


def test_an_older_keeper_is_not_asked_for_what_would_get_other_rights_than_it_should(host: LocalHost) -> None:
    @asynchronous
    async def scenario() -> None:
        session = await Session.opened(host)
        for_somebody = some_workload(processes=1, replicas=1, os_user="nobody")
        await session.runtime.apply([for_somebody])
        await session.applied(some_workload(processes=1, replicas=1))
        assert session.runtime.processes(for_somebody.background_process) == []
        await session.runtime.drain(stop_timeout_seconds=5.0)

    with other_keeper(host.folder, "older"):
        scenario()


@pytest.mark.needs("root")
@asynchronous
async def test_a_replica_is_limited_and_what_it_uses_is_counted(
    host: LocalHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engineroom.runtime.local.usage.USAGE_SECONDS", 0.1)
    session = await Session.opened(host)
    assert session.runtime.capabilities.unlimited == {}
    hog = (
        sys.executable,
        "-c",
        "import time; time.sleep(0.3); held = bytearray(200_000_000); time.sleep(600)",
    )
    workload = some_workload(processes=1, replicas=2, argv=hog, instance=InstanceId("inst-1"), limits=LIMITS)
    await session.runtime.apply([workload])

    def killed() -> bool:
        found = session.runtime.processes(workload.background_process)
        return len(found) == 2 and all(one.last_exit and one.last_exit.out_of_memory for one in found)

    await eventually("both are killed for memory", killed)
    await session.runtime.apply([replace(workload, limits=UNLIMITED)])

    def counted() -> bool:
        replicas = session.runtime.replicas(InstanceId("inst-1"))
        memory = [(each.usage and each.usage.memory_bytes) or 0 for each in replicas]
        return len(memory) == 2 and min(memory) > 190_000_000

    await eventually("both have what they want, with limits that changed under them", counted)
    used = session.runtime.processes(workload.background_process)[0].usage
    assert used is not None
    assert used.processes == 1
    await session.runtime.close()


@asynchronous
async def test_what_a_run_printed_and_how_it_ended_is_told_though_nobody_was_there(tmp_path: Path) -> None:
    host = LocalHost(tmp_path / "keeper")
    session = await Session.opened(host)
    go_on = tmp_path / "go-on"
    body = f"echo $GREETING on $ENGINEROOM_REPLICA; until [ -e {go_on} ]; do sleep 0.02; done; echo end >&2; exit 3"
    run = some_run("sh", "-c", body)
    await session.runtime.run([run])
    cursor = session.cursor
    await session.runtime.close()
    go_on.touch()
    with Client(host.folder) as client:
        await eventually("it is over", lambda: not client.call("watch")["processes"])

    again = await Session.opened(host, cursor)
    await eventually("its end is told", again.finished)
    [finished] = again.finished()
    assert (finished.id, finished.exit.code) == (run.id, 3)
    assert finished.output == "hello on 1\nend\n"
    await again.runtime.close()
    host.clean_up()
