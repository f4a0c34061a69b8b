"""Run one command once: `python -m engineroom.keeper.once FOLDER`. It outlives whoever asked for it.

The folder has `spec.json`; what the command prints goes into `output`, and `state.json` says how far it is. The descriptor
named by the second argument is locked for as long as this goes on.
"""

import contextlib
import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from engineroom.keeper import user
from engineroom.keeper.launch_error import LaunchError

_PR_SET_CHILD_SUBREAPER = 36
_READ_BYTES = 65536
_USUAL = -1
_LINGER_SECONDS = 0.2
_PAUSE_SECONDS = 0.2


def main(folder: Path) -> None:
    """Run what the folder says, and write down how it ended."""
    # What the command leaves behind becomes a child of ours, so that it can be found and ended (prctl(2)).
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    _default_signals()
    stop = _stop_asked()
    spec = json.loads((folder / "spec.json").read_text())
    state: dict[str, Any] = {"runner": os.getpid(), "started_at": time.time()}
    _write(folder, state)
    try:
        _run(folder, spec, state, stop)
    except LaunchError as error:
        state["failure"] = f"it could not be started: {error}"
    except OSError as error:
        state["failure"] = f"it could not be started: {error.filename or spec['argv'][0]}: {error.strerror}"
    state["ended_at"] = time.time()
    _write_at_last(folder, state, stop)


def _default_signals() -> None:
    """Ignore and block nothing that only our starter did: the command would, too. What Python ignores, it does not."""
    for number in signal.valid_signals() - {signal.SIGPIPE, signal.SIGXFSZ}:
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _stop_asked() -> int:
    """Return a descriptor that can be read from the moment in which we are asked to stop: no stop comes at a bad one."""
    reader, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    signal.signal(signal.SIGTERM, lambda *_: None)
    return reader


def _run(folder: Path, spec: dict[str, Any], state: dict[str, Any], stop: int) -> None:
    identity = user.find(spec["user"], spec["working_directory"])
    with subprocess.Popen(
        spec["argv"],
        cwd=spec["working_directory"],
        env={**identity.variables, **spec["variables"]},
        umask=_USUAL if spec["umask"] is None else spec["umask"],
        **_as_user(identity),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as process:
        state["process"], state["began_at_ticks"] = process.pid, began_at_ticks(process.pid)
        with contextlib.suppress(OSError):
            _write(folder, state)
        try:
            failure = _watch(process, folder / "output", spec, stop)
            if failure is not None:
                state["failure"] = failure
        finally:
            _end_everything(process)
    state["code"] = process.returncode


def _as_user(identity: user.Identity) -> dict[str, Any]:
    """Return what has a process run as somebody else; being whom we are already needs no right."""
    if identity.uid == os.geteuid():
        return {}
    return {"user": identity.uid, "group": identity.gid, "extra_groups": identity.groups}


def _watch(process: "subprocess.Popen[bytes]", path: Path, spec: dict[str, Any], stop: int) -> str | None:
    """Keep what it prints, up to the limit, until it ends; return why it is not let end by itself, if so."""
    assert process.stdout is not None
    printed = process.stdout.fileno()
    room = int(spec["output_limit_bytes"])
    deadline = time.monotonic() + spec["timeout_seconds"]
    exited = os.pidfd_open(process.pid)
    waiting = [exited, printed]
    with os.fdopen(exited):
        while waiting:
            ready, _, _ = select.select([*waiting, stop], [], [], max(0.0, deadline - time.monotonic()))
            if stop in ready:
                return "it was stopped"
            if not ready and exited in waiting:
                return f"it was killed after {spec['timeout_seconds']:g} s"
            if not ready:  # only something that it left behind still holds the pipe
                return None
            if printed in ready:
                chunk = os.read(printed, _READ_BYTES)
                if room:
                    _keep(path, chunk[:room])
                    room -= len(chunk[:room])
                if not chunk:
                    waiting.remove(printed)
            if exited in ready:
                waiting.remove(exited)
                deadline = min(deadline, time.monotonic() + _LINGER_SECONDS)
    return None


def _keep(path: Path, printed: bytes) -> None:
    """Keep what it printed. A full disk is no reason to end it."""
    with contextlib.suppress(OSError), path.open("ab", buffering=0) as output:
        output.write(printed)


def _end_everything(process: "subprocess.Popen[bytes]") -> None:
    """Kill the process with its group, and whatever it has left to us."""
    _kill(-process.pid)
    process.wait()
    while children := Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
        for child in map(int, children):
            _kill(child)
            os.waitpid(child, 0)


def began_at_ticks(pid: int) -> int:
    """Return when a process began, in ticks since the boot (proc_pid_stat(5)): with it a pid means one process only."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])


def _kill(target: int) -> None:
    try:
        os.kill(target, signal.SIGKILL)
    except ProcessLookupError:
        return


def _write_at_last(folder: Path, state: dict[str, Any], stop: int) -> None:
    """Write it when there is room for it, unless we are asked to stop: then nobody wants to know."""
    while True:
        try:
            return _write(folder, state)
        except OSError:
            if stop in select.select([stop], [], [], _PAUSE_SECONDS)[0]:
                return None


def _write(folder: Path, state: dict[str, Any]) -> None:
    new = folder / "state.new"
    new.write_text(json.dumps(state))
    new.rename(folder / "state.json")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
