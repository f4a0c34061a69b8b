"""Finding the processes of an earlier keeper again: by pid and start time, never by pid alone."""

import os
import time
from collections import defaultdict
from collections.abc import Iterable

from engineroom.keeper import kernel, log
from engineroom.keeper.cgroups import Limits
from engineroom.keeper.containers import ID_VARIABLE
from engineroom.keeper.journal import Journal
from engineroom.keeper.lifecycle import State
from engineroom.keeper.process import JsonObject, Process, Spec
from engineroom.keeper.supervisor import LIFE_VARIABLE, Supervisor


def recover(journal: Journal, supervisor: Supervisor, boot: str) -> None:
    """Read the journal and go on where the earlier keeper stopped. After a boot everything is started anew."""
    same_boot = _replay(journal.replay(), supervisor, boot)
    processes = list(supervisor.processes.values())
    if not same_boot:
        for process in processes:
            _forget_boot(process)
    # Only now: whoever reads next what is written here, in this boot, takes it for what is.
    supervisor.rewrite_journal()
    if not processes:
        return
    survivors = _survivors() if same_boot else {}
    for process in processes:
        _find_again(supervisor, process, survivors.get(process.id, []))
    supervisor.containers.keep_up()
    log.write(
        "info", "keeper.recovered", "Found the processes of an earlier keeper.", processes=len(processes)
    )


def _replay(entries: Iterable[JsonObject], supervisor: Supervisor, boot: str) -> bool:
    """Rebuild the processes as they were last seen; return whether that was in this boot of the host."""
    written_boot = boot
    for entry in entries:
        written_boot = entry.get("boot", written_boot)
        if "limits" in entry:
            for group, limits in entry["limits"].items():
                supervisor.containers.limit(group, Limits(**limits))
            continue
        if "spec" in entry:
            supervisor.add(Spec.parse(entry["spec"]))
            continue
        seen = entry.get("process") or entry.get("snapshot")
        process = supervisor.processes.get(seen["id"]) if seen else None
        if process is None or seen is None:
            continue
        process.restore(seen)
        if process.state is State.STOPPED:
            supervisor.drop(process)
    return written_boot == boot


def _survivors() -> dict[str, list[kernel.Marked]]:
    """Return every living process that a keeper started, or one of its descendants, by the id in its environment."""
    found = defaultdict(list)
    for marked in kernel.processes_with(ID_VARIABLE):
        found[marked.environment[ID_VARIABLE]].append(marked)
    return found


def _forget_boot(process: Process) -> None:
    """Drop what began anew with the boot: another process may have the pid, and the monotonic clock started at 0."""
    process.start_ticks = process.started_monotonic = None
    process.container = None
    process.leftovers = {}
    if process.due_monotonic is not None:
        process.due_monotonic = 0.0


def _find_again(supervisor: Supervisor, process: Process, survivors: list[kernel.Marked]) -> None:
    containers = supervisor.containers
    containers.remember(process, [marked.pid for marked in survivors])
    groups = {marked.group for marked in survivors}
    for held in tuple(process.leftovers):
        if not containers.is_ours(held, groups):
            del process.leftovers[held]
            containers.leave(process, held)
    if process.state is State.STARTING:
        _find_started(supervisor, process, survivors)
    if process.state is State.STARTING and _was_begun(process):
        _find_over(supervisor, process, survivors)
        return
    lost = process.pid is not None and process.pidfd is None and not _watch(supervisor, process)
    supervisor.resume(process)
    if lost:
        if process.container is not None and not containers.is_ours(process.container, groups):
            containers.leave(process, process.container)
            process.container = None
        supervisor.ended(process, None)
    else:
        containers.found(process)


def _find_started(supervisor: Supervisor, process: Process, survivors: list[kernel.Marked]) -> None:
    """Look for the child of a start that the earlier keeper began and did not live to write down."""
    life = str(process.life + 1)
    for marked in survivors:
        ticks = kernel.start_ticks(marked.pid)
        if marked.pid == marked.session and marked.environment.get(LIFE_VARIABLE) == life and ticks:
            process.life += 1
            process.pid, process.start_ticks = marked.pid, ticks
            supervisor.containers.find(process, marked.pid)
            process.started_at, process.started_monotonic = time.time(), time.monotonic()
            supervisor.found_started(process)
            return


def _was_begun(process: Process) -> bool:
    """Return whether what is to run only once has been, though the earlier keeper did not live to write it down."""
    file = process.spec.output_file
    return process.spec.once and file is not None and os.path.lexists(file)


def _find_over(supervisor: Supervisor, process: Process, survivors: list[kernel.Marked]) -> None:
    """Take in the end of what is to run only once, and have what it has left behind ended."""
    process.life += 1
    for marked in survivors:
        supervisor.containers.find(process, marked.pid)
        process.leftovers[process.container or ""] = 0.0
    process.container = None
    supervisor.found_started(process)
    supervisor.ended(process, None)


def _watch(supervisor: Supervisor, process: Process) -> bool:
    """Have the end of the process's leader noticed; return False when it has ended already."""
    assert process.pid is not None
    if kernel.is_our_child(process.pid):
        supervisor.adopt_child(process, process.pid)
        return True
    process.pidfd = kernel.open_pidfd(process.pid, process.start_ticks or 0)
    return process.pidfd is not None
