"""The supervisor in a world of its own: any order of requests, ends, forks and time, without one real process."""

import errno
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from engineroom.keeper import kernel
from engineroom.keeper.containment import process_groups
from engineroom.keeper.containment.containers import Containers
from engineroom.keeper.launch import launcher, user
from engineroom.keeper.launch.allowed import AllowList, WorkingFolder
from engineroom.keeper.launch.launch_error import LaunchError
from engineroom.keeper.launch.spawn import Launch
from engineroom.keeper.output.spool import Spool
from engineroom.keeper.processes import deadlines, exit_facts, restart_history, stopping, supervisor
from engineroom.keeper.processes.journal import Journal
from engineroom.keeper.processes.lifecycle import State
from engineroom.keeper.processes.process import Spec
from engineroom.keeper.processes.supervisor import Supervisor

TERM, KILL = 15, 9


class All(AllowList):
    """A host on which anything may run anywhere."""

    def place(self, who: str | None, path: str) -> WorkingFolder:
        return WorkingFolder(path, user.find(who), frozenset({os.geteuid()}))


class World:
    """Processes that are entries: groups with a leader, which may be a zombie, and children that may ignore TERM."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.clock_error = 0.0
        self.next_pid = 100
        self.programs_work = True
        self.living: dict[int, str] = {}
        self.zombies: dict[int, int] = {}
        self.children: dict[int, list[bool]] = {}
        self.stubborn: set[int] = set()

    def launch(
        self, spec: Spec, _: WorkingFolder, environment: Mapping[str, str], *__: str, cell: None
    ) -> Launch:
        assert environment["ENGINEROOM_PROCESS"] == spec.id
        assert cell is None
        assert spec.id not in self.living.values(), "its predecessor is still alive"
        if not self.programs_work:
            raise LaunchError(errno.ENOENT, "/bin/work")
        self.next_pid += 1
        self.living[self.next_pid] = spec.id
        self.children[self.next_pid] = []
        return Launch(self.next_pid)

    def end(self, pid: int, status: int) -> None:
        del self.living[pid]
        self.zombies[pid] = status

    def waitpid(self, pid: int, options: int) -> tuple[int, int]:
        assert (pid, options) == (-1, os.WNOHANG)
        for zombie, status in self.zombies.items():
            del self.zombies[zombie]
            return zombie, status
        if not self.living:
            raise ChildProcessError
        return 0, 0

    def kill(self, pid: int, number: int) -> None:
        assert pid in self.living or pid in self.zombies, "it was reaped: another process may have its pid"
        self._hit(pid, number)

    def signal_group(self, group: int, number: int) -> bool:
        if not (group in self.living or group in self.zombies or self.children.get(group)):
            return False
        if number:
            self._hit(group, number)
            self.children[group] = [ignores for ignores in self.children[group] if ignores and number == TERM]
        return True

    def _hit(self, pid: int, number: int) -> None:
        if number and pid in self.living and not (number == TERM and pid in self.stubborn):
            self.end(pid, number)

    def living_groups(self) -> set[int]:
        return {*self.living, *(group for group, members in self.children.items() if members)}

    def start_ticks(self, pid: int) -> int | None:
        return pid if pid in self.living else None


class SupervisorInAnyWorld(RuleBasedStateMachine):
    """What is wanted is kept apart; at the end the world must have come to exactly that."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.wanted: set[str] = set()
        self.known: list[str] = []
        self.patches = pytest.MonkeyPatch()
        clock = SimpleNamespace(
            monotonic=lambda: self.world.now, time=lambda: self.world.now + self.world.clock_error
        )
        system = SimpleNamespace(
            waitpid=self.world.waitpid,
            kill=self.world.kill,
            close=os.close,
            WNOHANG=os.WNOHANG,
        )
        self.patches.setattr(supervisor, "time", clock)
        for module in (deadlines, process_groups, exit_facts, restart_history):
            self.patches.setattr(module, "time", clock)
        for module in (supervisor, stopping):
            self.patches.setattr(module, "os", system)
        self.patches.setattr(launcher, "launch", self.world.launch)
        for name in ("signal_group", "living_groups", "start_ticks"):
            self.patches.setattr(kernel, name, getattr(self.world, name))
        self.folder = tempfile.TemporaryDirectory()
        self.journal = Journal(Path(self.folder.name) / "journal", boot="boot")
        list(self.journal.replay())
        folder = Path(self.folder.name)
        self.supervisor = Supervisor(self.journal, Spool(folder / "spool"), Containers(), All(folder))

    @rule(count=st.integers(min_value=1, max_value=12), regretted=st.integers(min_value=0, max_value=12))
    def start(self, count: int, regretted: int) -> None:
        """Start some, and stop some of them before the loop has gone round."""
        names = [f"p{len(self.known) + number}" for number in range(count)]
        self.supervisor.start([a_spec(name, signal_group=len(name) % 2 == 0) for name in names])
        self.supervisor.stop(names[:regretted], timeout_seconds=5.0)
        self.known += names
        self.wanted |= set(names[regretted:])
        self.loop()

    @rule(choose=st.integers(min_value=0))
    def start_what_is_known(self, choose: int) -> None:
        there = sorted(self.supervisor.processes)
        if there:
            self.supervisor.start([a_spec(there[choose % len(there)])])
            self.loop()

    @rule(
        choose=st.integers(min_value=0),
        timeout_seconds=st.sampled_from([0.0, 1.0, 60.0]),
        force=st.booleans(),
    )
    def stop(self, choose: int, timeout_seconds: float, force: bool) -> None:
        if self.known:
            name = self.known[choose % len(self.known)]
            self.supervisor.stop([name], timeout_seconds=timeout_seconds, force=force)
            self.wanted.discard(name)
            self.loop()

    @rule(choose=st.integers(min_value=0), status=st.sampled_from([0, 1 << 8, KILL]))
    def leader_ends(self, choose: int, status: int) -> None:
        self.with_leader(choose, lambda pid: self.world.end(pid, status))

    @rule(choose=st.integers(min_value=0), ignores_term=st.booleans())
    def leader_has_a_child(self, choose: int, ignores_term: bool) -> None:
        self.with_leader(choose, lambda pid: self.world.children[pid].append(ignores_term))

    @rule(choose=st.integers(min_value=0))
    def leader_ignores_term(self, choose: int) -> None:
        self.with_leader(choose, self.world.stubborn.add)

    @rule(works=st.booleans())
    def programs_come_and_go(self, works: bool) -> None:
        self.world.programs_work = works

    @rule(seconds=st.sampled_from([0.001, 0.5, 3.0, 11.0, 90.0]))
    def time_passes(self, seconds: float) -> None:
        until = self.world.now + seconds
        while self.world.now < until:
            pause = self.loop()
            self.world.now = min(until, self.world.now + max(0.001, seconds if pause is None else pause))
        self.loop()

    @rule(seconds=st.sampled_from([-86_400.0, -1.0, 3_600.0, 10.0**9]))
    def the_clock_on_the_wall_jumps(self, seconds: float) -> None:
        self.world.clock_error += seconds
        self.loop()

    def with_leader(self, choose: int, act: Callable[[int], None]) -> None:
        if self.world.living:
            act(sorted(self.world.living)[choose % len(self.world.living)])
            self.loop()

    def loop(self) -> float | None:
        """Go round as the keeper's loop does, until it would wait; return for how long."""
        for _ in range(100):
            self.supervisor.reap()
            pause = self.supervisor.turn()
            if pause != 0.0 and not self.world.zombies:
                return pause
        raise AssertionError("it never comes to rest")

    @invariant()
    def what_is_wanted_is_there_and_nothing_else_stays(self) -> None:
        staying = {
            name for name, found in self.supervisor.processes.items() if found.state is not State.DRAINING
        }
        assert staying == self.wanted

    @invariant()
    def what_runs_is_alive_and_what_is_alive_is_known(self) -> None:
        by_pid = {found.pid: name for name, found in self.supervisor.processes.items() if found.pid}
        assert by_pid == self.world.living
        running = {name for name, found in self.supervisor.processes.items() if found.state is State.RUNNING}
        assert running <= set(by_pid.values())

    def teardown(self) -> None:
        try:
            self.world.programs_work = True
            for _ in range(4):
                self.time_passes(90.0)
            states = {found.state for found in self.supervisor.processes.values()}
            assert set(self.supervisor.processes) == self.wanted
            assert states <= {State.RUNNING}, "whatever happened, it recovers"
            leaderless = self.world.living_groups() - self.world.living.keys()
            assert not leaderless, "of what is gone nothing is left"
        finally:
            self.patches.undo()
            os.close(self.journal._file)
            self.folder.cleanup()


def a_spec(name: str, *, signal_group: bool = False) -> Spec:
    return Spec(
        id=name,
        argv=["work"],
        working_directory="/",
        environment={},
        signal_group=signal_group,
        labels={},
    )


TestSupervisor = SupervisorInAnyWorld.TestCase
TestSupervisor.settings = settings(max_examples=60, stateful_step_count=25)
