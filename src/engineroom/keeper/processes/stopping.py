"""Asking a process to end: with the signal that its program wants, sent to whom it is meant for."""

import os
import signal

from engineroom.keeper import kernel, log
from engineroom.keeper.processes.process import SignalTarget, Subprocess


def ask_to_end(process: Subprocess) -> None:
    """Send the stop signal of a process that runs, and note in `asked` who got it besides its leader."""
    assert process.pid is not None
    number = signal.Signals[process.spec.stop_signal]
    match process.spec.target:
        case SignalTarget.GROUP:
            kernel.signal_group(process.pid, number)
            return
        case SignalTarget.PROGRAMS:
            process.asked = _ask_programs(process.spec.argv[0], process.pid, number)
        case SignalTarget.LEADER:
            process.asked = {}
    _ask_leader(process, number)


def still_asked(process: Subprocess) -> bool:
    """Return whether anybody of those lives who were asked to end besides the leader, and finishes what it does."""
    process.asked = {
        pid: ticks for pid, ticks in process.asked.items() if kernel.start_ticks(pid) == ticks and ticks
    }
    return bool(process.asked)


def _ask_leader(process: Subprocess, number: int) -> None:
    assert process.pid is not None
    try:
        if process.pidfd is None:
            os.kill(process.pid, number)
        else:
            signal.pidfd_send_signal(process.pidfd, number)
    except (ProcessLookupError, PermissionError) as error:
        # It has just ended, or has become another user's.
        log.write("warning", "signal.failed", "Cannot signal one.", pid=process.pid, reason=str(error))


def _ask_programs(shell: str, leader: int, number: int) -> dict[int, int]:
    """Ask the programs that a shell waits for, and return their pids with when they began.

    A shell passes no signal on to what it waits for, and a program's own children are the program's to end: signalled
    themselves, they would take the job in hand down. Many shells execute the last program in their own place (dash since
    0.5.11): then the leader is that program, and nobody else is asked. They are asked before the shell is, as its end makes
    orphans of them.
    """
    waited_for: list[tuple[int, int]] = []
    shells = [leader] if kernel.executes(leader, shell) else []
    while shells:
        parent = shells.pop()
        for child in kernel.children(parent):
            waited_for.append((child, parent))
            if kernel.executes(child, shell):
                shells.append(child)
    # From the bottom up: the end of a subshell, too, makes orphans of what it waits for.
    asked = {child: kernel.signal_child(child, parent, number) for child, parent in reversed(waited_for)}
    return {child: ticks for child, ticks in asked.items() if ticks is not None}
