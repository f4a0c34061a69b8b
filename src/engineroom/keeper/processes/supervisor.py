"""Keeps exactly the wanted processes running: takes events, asks the table, does what it says."""

import os
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping

from engineroom.keeper import failures, kernel
from engineroom.keeper.cgroups.cgroups import CgroupLimits
from engineroom.keeper.containment.containers import Containers
from engineroom.keeper.launch import launcher
from engineroom.keeper.launch.allowed import AllowList
from engineroom.keeper.launch.launch_error import LaunchError
from engineroom.keeper.output.dropped import OUTPUT_DROPPED, DroppedOutput
from engineroom.keeper.output.spool import Spool
from engineroom.keeper.processes import backoff, exit_facts, stopping
from engineroom.keeper.processes.deadlines import Deadlines, Due, Key
from engineroom.keeper.processes.journal import Journal
from engineroom.keeper.processes.lifecycle import (
    Action,
    LifecycleEvent,
    State,
    due_event,
    exit_event,
    failed_start_event,
    step,
)
from engineroom.keeper.processes.orphans import PATIENCE_SECONDS, Orphans
from engineroom.keeper.processes.process import ADJUSTED, JsonObject, Spec, Subprocess
from engineroom.keeper.processes.restart_history import RestartHistory
from engineroom.keeper.processes.starting import StartsUnderWay
from engineroom.keeper.processes.unjournaled import Unjournaled

_SPAWNS_A_TURN = 8
"""After so many starts the keeper looks at its sockets and its dead again."""

_UPKEEP_SECONDS = 5.0

_AGAIN_SECONDS = 1.0
"""After so long is tried again what the kernel has refused, as when no descriptor is left."""

_EXIT_STATUS_TRIES = 10
_EXIT_STATUS_SECONDS = 0.002
"""An adopted process has a status once its parent, whoever that is now, has reaped it."""


Watcher = Callable[[bytes], None]


class Supervisor:
    """All processes of this host. One thread; `turn` does what is due and says when to call it again."""

    def __init__(self, journal: Journal, spool: Spool, containers: Containers, allowed: AllowList) -> None:
        self.processes: dict[str, Subprocess] = {}
        self.watchers: list[Watcher] = []
        self.containers = containers
        self._journal = journal
        self._allowed = allowed
        self._spool = spool
        self._dropped = DroppedOutput(spool)
        self._by_pid: dict[int, Subprocess] = {}
        self._starts: deque[Subprocess] = deque()
        self._starting = StartsUnderWay(self._confirm, self._not_started)
        self._unjournaled = Unjournaled(journal)
        self._orphans = Orphans(containers, self._by_pid)
        self._groups: Counter[str] = Counter()
        self._restart_history = RestartHistory()
        self._deadlines = Deadlines()
        self._status_tries: dict[str, int] = {}
        self._actions: dict[Action, Callable[[Subprocess], None]] = {
            Action.START: self._start,
            Action.WAIT: self._wait,
            Action.SIGNAL: stopping.ask_to_end,
            Action.KILL: self._kill,
            Action.SWEEP: self._sweep_soon,
            Action.FORGET: self._forget,
            Action.NOTHING: lambda process: None,  # noqa: ARG005
        }
        self._deadlines.set_after(Due.UPKEEP, _UPKEEP_SECONDS)

    # What clients ask for

    def limit(self, limits: Mapping[str, CgroupLimits]) -> None:
        """Have the processes of each of these groups together use no more than this, from now on."""
        self._journal.record_limits({group: each._asdict() for group, each in limits.items()})
        for group, each in limits.items():
            self.containers.limit(group, each)

    def start(self, specs: Iterable[Spec]) -> None:
        """Have these running; a spec whose id is known already changes nothing."""
        for spec in specs:
            if spec.id not in self.processes:
                process = self.add(spec)
                if self._unjournaled.write(process):
                    self._start(process)
                else:
                    self._handle(process, LifecycleEvent.START_FAILED)
                    self._deadlines.set_next(process, None)

    def stop(
        self, ids: Iterable[str], *, timeout_seconds: float, force: bool = False, reason: str | None = None
    ) -> None:
        """Drain these, or with `force` kill them at once; an unknown id is one that is gone already.

        One that drains already may be given less time, not more. `reason` is told with what comes of it.
        """
        now = time.monotonic()
        for process in [self.processes[name] for name in ids if name in self.processes]:
            deadline = now if force else now + timeout_seconds
            if process.stop_asked and (process.due_monotonic or deadline) <= deadline and not force:
                continue
            self._starting.give_up(process)
            self._deadlines.set_next(process, deadline)
            process.stop_asked = True
            process.stop_reason = process.stop_reason or reason
            self._handle(process, LifecycleEvent.KILL_ASKED if force else LifecycleEvent.STOP_ASKED)

    def adjust(self, manners: Mapping[str, JsonObject]) -> None:
        """Have these stopped in another manner, from now on and without a restart; an unknown id is one that is gone."""
        for name, manner in manners.items():
            process = self.processes.get(name)
            if process is not None and (spec := process.spec.in_manner(manner)) != process.spec:
                process.spec = spec
                self._tell(process, ADJUSTED)

    # What happens

    def turn(self) -> float | None:
        """Do what is due; return for how many seconds nothing will be, or None when nothing is planned."""
        for key in self._deadlines.due(time.monotonic()):
            try:
                self._come_due(key)
            except OSError as error:
                failures.report(error)
                self._deadlines.set_after(key[0], _AGAIN_SECONDS, key[1])
        batch = [self._starts.popleft() for _ in range(min(len(self._starts), _SPAWNS_A_TURN))]
        for process in batch:
            self._spawn(process)
        self._starting.look()
        if batch and self.containers.cgroups is not None:
            move_due = self.containers.cgroups.move_due_monotonic()
            if move_due is not None:
                self._deadlines.set((Due.MOVE, ""), move_due)
        if self._starts:
            return 0.0
        deadline = self._deadlines.next()
        return self._starting.pause(None if deadline is None else max(0.0, deadline - time.monotonic()))

    def reap(self) -> None:
        """Take in every child that has ended, orphans that came to us as to a sub-reaper included."""
        while True:
            try:
                pid, status = os.waitpid(self._starting.next_to_reap(), os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            process = self._by_pid.get(pid)
            if process is not None:
                self.ended(process, status)

    def ended(self, process: Subprocess, status: int | None) -> None:
        """Take in that the leader of a process is gone; `status` is its wait status, None when nobody knows it."""
        now = time.monotonic()
        lived = max(0.0, now - (process.started_monotonic or now))
        memory = self.containers.memory_used_up(process)
        process.last_exit = exit_facts.of_exit(process, lived, status, memory if status != 0 else None)
        self._spool.ended(process.id, process.pid or 0)
        is_more_left = self._release(process)
        if process.state is State.DRAINING:
            self._orphans.pass_on_the_stop(process)
        else:
            self._end_life(process, now, is_more_left=is_more_left)
        self._handle(process, _exit_event(process))

    def _end_life(self, process: Subprocess, now: float, *, is_more_left: bool) -> None:
        """End the orphans of an exit that nobody asked for, and count it where the process starts again."""
        self._orphans.end(process, now)
        if process.spec.once:
            # What it has left behind gets as long as what a restart would find in its way.
            self._deadlines.set_next(process, now + PATIENCE_SECONDS)
            return
        assert process.last_exit is not None
        self._restart_history.count(
            process, process.last_exit["lived_seconds"], expected=process.last_exit["expected"]
        )
        if is_more_left:
            self._sweep_soon(process)

    def adopted_ended(self, process: Subprocess) -> None:
        """Take in that an adopted leader is gone, with its exit status where the kernel tells it soon."""
        assert process.pidfd is not None
        assert process.pid is not None
        status = kernel.exit_status(process.pidfd, process.pid, process.start_ticks or 0)
        tries = self._status_tries.pop(process.id, 0)
        if status is None and tries < _EXIT_STATUS_TRIES:
            self._status_tries[process.id] = tries + 1
            self._deadlines.set_after(Due.EXIT_STATUS, _EXIT_STATUS_SECONDS, process.id)
            return
        self.ended(process, status)

    def add(self, spec: Spec) -> Subprocess:
        """Make the record of a process that nothing is done about yet."""
        process = self.processes[spec.id] = Subprocess(spec)
        self._groups[spec.group] += 1
        self._restart_history.join(process)
        return process

    def drop(self, process: Subprocess) -> None:
        """Forget the record of a process of which nothing is left."""
        del self.processes[process.id]
        self._unjournaled.forget(process.id)
        self._groups[process.spec.group] -= 1
        self._restart_history.leave(process)
        self.containers.forget(process, last_of_its_group=not self._groups[process.spec.group])

    def adopt_child(self, process: Subprocess, pid: int) -> None:
        """Watch a process again that is still our child; `reap` will see its end."""
        self._by_pid[pid] = process

    def found_started(self, process: Subprocess) -> None:
        """Take in that a start which an earlier keeper had begun did succeed."""
        self._handle(process, LifecycleEvent.STARTED)

    def found_left(self, process: Subprocess, containers: Iterable[str]) -> None:
        """Have what is left of a process ended that an earlier keeper did not write down."""
        now = time.monotonic()
        process.orphans |= dict.fromkeys(containers, now)
        self._orphans.end(process, now)
        self._sweep_soon(process)

    def resume(self, process: Subprocess) -> None:
        """Go on with a process in the state in which an earlier keeper left it."""
        if process.state is State.STARTING:
            self._start(process)
        if process.orphans or (process.state is State.DRAINING and process.pid is None):
            self._sweep_soon(process)
        if process.state in (State.DRAINING, State.BACKING_OFF) and process.due_monotonic is not None:
            self._deadlines.set((Due.NEXT, process.id), process.due_monotonic)
        if process.state is State.RUNNING:
            self._deadlines.expect_next(process)

    def _handle(self, process: Subprocess, event: LifecycleEvent) -> None:
        decided = step(process.state, event)
        if decided is None:
            return
        process.state = decided.state
        self._actions[decided.action](process)
        self._tell(process, event)
        if decided.action is Action.SWEEP or decided.action is Action.KILL:
            self._sweep(process)

    def _tell(self, process: Subprocess, event: str) -> None:
        line = self._journal.record_event(event, process.to_json(), time.time())
        for watcher in tuple(self.watchers):  # one that is too slow leaves the list meanwhile
            watcher(line)

    def _come_due(self, key: Key) -> None:
        kind, name = key
        if kind is Due.UPKEEP:
            self._keep_up()
            return
        if kind is Due.MOVE and self.containers.cgroups is not None:
            self.containers.cgroups.move()
            return
        process = self.processes.get(name)
        if process is None:
            return
        if kind is Due.SWEEP:
            self._sweep(process)
        elif kind is Due.EXIT_STATUS:
            self.adopted_ended(process)
        elif (
            event := due_event(process.state, is_limited=process.spec.time_limit_seconds is not None)
        ) is not None:
            if event is LifecycleEvent.MATURED:
                process.streak = backoff.Streak()
            self._handle(process, event)

    # Actions

    def _start(self, process: Subprocess) -> None:
        self._deadlines.set_next(process, None)
        self._starts.append(process)

    def _wait(self, process: Subprocess) -> None:
        self._deadlines.set_next(process, time.monotonic() + process.delay_seconds)

    def _kill(self, process: Subprocess) -> None:
        self._orphans.kill(process)
        self._deadlines.clear((Due.NEXT, process.id))

    def _forget(self, process: Subprocess) -> None:
        self.drop(process)
        self._deadlines.forget(process)
        self._orphans.forget(process)
        self._spool.gone(process.id)

    # Starting

    def _spawn(self, process: Subprocess) -> None:
        """Begin to start the program, unless it was stopped meanwhile."""
        if process.state is not State.STARTING:
            return
        process.life += 1
        if process.life > 1:
            process.restarts += 1
        try:
            self._starting.add(process, launcher.begin(process, self._allowed, self.containers, self._spool))
        except LaunchError as error:
            self._not_started(process, error)
        except OSError as error:
            failures.report(error)
            self._not_started(process, LaunchError.of(error, process.spec.argv[0]))

    def _confirm(self, process: Subprocess, pid: int) -> None:
        """Write down who was started. Apart from the start, so that several wait for their exec at the same time."""
        process.pid = pid
        self.containers.enter(process, pid)
        process.started_at = time.time()
        process.started_monotonic = time.monotonic()
        self._by_pid[pid] = process
        self._spool.began(process.id, pid, process.spec.output_file)
        process.start_ticks = kernel.start_ticks(pid)
        self._deadlines.expect_next(process)
        self._handle(process, LifecycleEvent.STARTED)

    def _not_started(self, process: Subprocess, error: LaunchError) -> None:
        self._restart_history.count(process, 0.0, expected=False)
        process.last_exit = exit_facts.of_start_failure(error)
        self.containers.not_entered(process)
        self._handle(process, failed_start_event(is_once=process.spec.once))

    # Ending

    def _release(self, process: Subprocess) -> bool:
        """Let go of the ended leader, but not of its group while that has members; return whether it may have."""
        if process.pid is None:
            return False
        self._by_pid.pop(process.pid, None)
        if process.state is State.RUNNING:
            self._deadlines.clear((Due.NEXT, process.id))
        if process.pidfd is not None:
            os.close(process.pidfd)
            process.pidfd = None
        is_more_left = self._orphans.note(process)
        process.pid = process.start_ticks = None
        return is_more_left

    def _sweep_soon(self, process: Subprocess) -> None:
        self._deadlines.set_after(Due.SWEEP, self._orphans.next_look_seconds(process), process.id)

    def _sweep(self, process: Subprocess) -> None:
        """Look what is left of earlier lives; a process of which nothing is has stopped, when it was to."""
        if not self._orphans.look(process, time.monotonic()):
            self._sweep_soon(process)
            return
        self._deadlines.clear((Due.SWEEP, process.id))
        if process.state is State.DRAINING and process.pid is None:
            self._handle(process, LifecycleEvent.EMPTIED)

    def _keep_up(self) -> None:
        """Keep what grows in its bounds."""
        self._spool.keep_up()
        self.containers.keep_up()
        for process in self._dropped.to_be_told(self.processes.values(), time.monotonic()):
            self._tell(process, OUTPUT_DROPPED)
        if self._journal.wants_rewriting:
            self.rewrite_journal()
        for process in self._unjournaled.written():
            self._handle(process, LifecycleEvent.DELAY_OVER)
        self._deadlines.set_after(Due.UPKEEP, _UPKEEP_SECONDS)

    def heal(self) -> Iterator[str]:
        """Write down anew what was removed of the journal and the variables; yield what that was, in words."""
        if not self._journal.is_in_place:
            self.rewrite_journal()
            yield "the journal"
        known = (process for process in self.processes.values() if not process.lacks_variables)
        if self._journal.variables.heal({each.id: each.spec.environment for each in known}):
            yield "the file of variables"

    def rewrite_journal(self) -> None:
        """Write down afresh all that is alive."""
        limits = {group: each._asdict() for group, each in self.containers.limits.items()}
        written = (process for process in self.processes.values() if process.id not in self._unjournaled)
        self._journal.rewrite(limits, ((each.spec_to_json(), each.to_json()) for each in written))


def _exit_event(process: Subprocess) -> LifecycleEvent:
    return exit_event(
        process.state,
        is_once=process.spec.once,
        is_tight_loop=process.streak.is_tight_loop,
        waits=process.delay_seconds > 0,
    )
