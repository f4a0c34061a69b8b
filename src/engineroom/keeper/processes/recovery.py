"""Finding the processes of an earlier keeper again: by pid and start time, never by pid alone, and by their marks.

The journal may say less than what happened: it was lost, is an older one, or could not be written. So who lives is asked of
the kernel. What belongs to a spec that is known is taken over; what nobody can tell anything about is ended.
"""

import os
import time
from collections import defaultdict
from collections.abc import Mapping

from engineroom.keeper import kernel, log
from engineroom.keeper.cgroups.cgroups import CgroupLimits
from engineroom.keeper.containment.birth_marks import Born
from engineroom.keeper.processes import survivors
from engineroom.keeper.processes.journal import Journal
from engineroom.keeper.processes.lifecycle import State
from engineroom.keeper.processes.process import InvalidSpecError, JsonObject, Spec, Subprocess
from engineroom.keeper.processes.supervisor import Supervisor

Survivors = Mapping[str, list[Born]]
"""Every living process that a keeper of this folder has started, with its descendants, by id."""


def recover(journal: Journal, supervisor: Supervisor, boot: str) -> None:
    """Read the journal and go on where the earlier keeper stopped. After a boot everything is started anew."""
    same_boot = _replay(journal, supervisor, boot)
    processes = list(supervisor.processes.values())
    if not same_boot:
        for process in processes:
            _forget_boot(process)
    # Only now: whoever reads next what is written here, in this boot, takes it for what is.
    supervisor.rewrite_journal()
    found = _survivors(supervisor) if same_boot else {}
    for process in processes:
        _find_again(supervisor, process, found.get(process.id, []))
    if same_boot:
        survivors.take_in(supervisor, found)
    supervisor.containers.keep_up()
    if processes:
        message = "Found the processes of an earlier keeper."
        log.write("info", "keeper.recovered", message, processes=len(processes))


def _replay(journal: Journal, supervisor: Supervisor, boot: str) -> bool:
    """Rebuild the processes as they were last seen; return whether that was in this boot of the host."""
    written_boot = boot
    variables = journal.variables.read()
    for entry in journal.replay():
        written_boot = entry.get("boot", written_boot)
        try:
            _take_in(entry, supervisor, variables)
        except (InvalidSpecError, KeyError, TypeError, ValueError, AttributeError) as error:
            log.write("error", "journal.spoilt", "A line of the journal makes no sense.", reason=repr(error))
    return written_boot == boot


def _take_in(entry: JsonObject, supervisor: Supervisor, variables: Mapping[str, Mapping[str, str]]) -> None:
    if "limits" in entry:
        for group, limits in entry["limits"].items():
            supervisor.containers.limit(group, CgroupLimits(**limits))
        return
    if "spec" in entry:
        spec = entry["spec"]
        # An earlier version wrote them into the journal.
        known = spec.get("environment", variables.get(spec["id"]))
        added = supervisor.add(Spec.parse({**spec, "environment": known or {}}))
        added.lacks_variables = known is None
        return
    seen = entry.get("process") or entry.get("snapshot")
    process = supervisor.processes.get(seen["id"]) if seen else None
    if process is None or seen is None:
        return
    process.restore(seen)
    if process.state is State.STOPPED:
        supervisor.drop(process)


def _survivors(supervisor: Supervisor) -> Survivors:
    found = defaultdict(list)
    for born in supervisor.containers.birth_marks.find(supervisor.processes):
        found[born.id or survivors.nameless(born)].append(born)
    return found


def _forget_boot(process: Subprocess) -> None:
    """Drop what began anew with the boot: another process may have the pid, and the monotonic clock started at 0."""
    process.start_ticks = process.started_monotonic = None
    process.container = None
    process.orphans = {}
    if process.due_monotonic is not None:
        process.due_monotonic = 0.0


def _find_again(supervisor: Supervisor, process: Subprocess, survivors: list[Born]) -> None:
    containers = supervisor.containers
    containers.adopt(process)
    groups = {born.group for born in survivors}
    for held in tuple(process.orphans):
        if not containers.is_ours(held, groups):
            del process.orphans[held]
            containers.leave(process, held)
    if not process.stop_asked:
        _find_started(supervisor, process, survivors)
    if process.state is State.STARTING and _was_begun(process):
        _find_over(supervisor, process, survivors)
        return
    has_ended = process.pid is not None and process.pidfd is None and not _watch(supervisor, process)
    supervisor.resume(process)
    if has_ended:
        if process.container is not None and not containers.is_ours(process.container, groups):
            containers.leave(process, process.container)
            process.container = None
        supervisor.ended(process, None)
    else:
        containers.found(process)


def _find_started(supervisor: Supervisor, process: Subprocess, survivors: list[Born]) -> None:
    """Look for the leader of a later life than the last that was written down: it is older than its descendants."""
    leaders = [born for born in survivors if born.pid == born.session and born.is_after(process.life)]
    leader = max(leaders, key=lambda born: (born.lives_after(process.life), -born.ticks), default=None)
    if leader is None:
        return
    lives = leader.lives_after(process.life)
    process.restarts += lives if process.life else lives - 1
    process.life += lives
    process.pid, process.start_ticks = leader.pid, leader.ticks
    process.due_at = process.due_monotonic = None
    supervisor.containers.find(process, leader.pid)
    process.started_at, process.started_monotonic = time.time(), time.monotonic()
    process.state = State.STARTING
    supervisor.found_started(process)


def _was_begun(process: Subprocess) -> bool:
    """Return whether what is to run only once has been, though the earlier keeper did not live to write it down."""
    file = process.spec.output_file
    return process.spec.once and file is not None and os.path.lexists(file)


def _find_over(supervisor: Supervisor, process: Subprocess, survivors: list[Born]) -> None:
    """Handle the exit of a one-shot process, and end its orphans."""
    process.life += 1
    for born in survivors:
        supervisor.containers.find(process, born.pid)
        process.orphans[process.container or ""] = 0.0
    process.container = None
    supervisor.found_started(process)
    supervisor.ended(process, None)


def _watch(supervisor: Supervisor, process: Subprocess) -> bool:
    """Have the end of the process's leader noticed; return False when it has ended already."""
    assert process.pid is not None
    if kernel.is_our_child(process.pid):
        supervisor.adopt_child(process, process.pid)
        return True
    process.pidfd = kernel.open_pidfd(process.pid, process.start_ticks or 0)
    return process.pidfd is not None
