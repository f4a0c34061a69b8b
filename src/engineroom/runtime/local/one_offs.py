"""Runs on this host: each by a small runner of its own, in a folder that says how far it is."""

import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engineroom.model.one_off import OneOff, OneOffState
from engineroom.runtime.local.translation import OWNER_OF_THE_FOLDER

ONE_OFFS = "one-offs"
"""The folder of the runs, in that of the keeper."""

_MARK = "ENGINEROOM_ONE_OFF"
"""In the environment of everything that a run starts, unless it was taken out: the run's id."""

_PAUSE_SECONDS = 0.02
_KILL_ROUNDS = 20
_LOST = "it was lost: its runner was killed, or the host was restarted"
_NEVER_BEGAN = OneOffState()


class OneOffs:
    """The runs of one folder. A run goes on when the server does not; nothing is started twice."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._runners: list[subprocess.Popen[bytes]] = []

    def have(self, runs: Sequence[OneOff]) -> Mapping[str, OneOffState]:
        """Start those runs that are not known yet, end and forget those that are not named, and tell how far each is."""
        self._runners = [runner for runner in self._runners if runner.poll() is None]
        named = {run.id for run in runs}
        if self._folder.is_dir():
            for folder in self._folder.iterdir():
                if folder.name not in named:
                    _forget(folder)
        return {run.id: self._have(run) for run in runs}

    def any(self) -> bool:
        """Return whether there is any run."""
        return self._folder.is_dir() and next(self._folder.iterdir(), None) is not None

    def end_all(self) -> None:
        """End everything, and wait for it."""
        while self.any():
            self.have([])
            time.sleep(_PAUSE_SECONDS)
        for runner in self._runners:
            runner.wait()

    def _have(self, run: OneOff) -> OneOffState:
        folder = self._folder / run.id
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = _lock(folder)
        if lock is None:
            return _state(folder)
        with contextlib.closing(lock):
            found = _state(folder)
            if found == _NEVER_BEGAN:
                self._start(run, folder, lock.fileno())
            elif found.ended_at is None:
                _kill_lost(folder)
                return OneOffState(
                    started_at=found.started_at,
                    ended_at=datetime.now(UTC),
                    failure=_LOST,
                    output=found.output,
                )
            return found

    def _start(self, run: OneOff, folder: Path, lock: int) -> None:
        spec = {
            "argv": run.argv,
            "working_directory": run.working_directory,
            "variables": {**run.variables, _MARK: run.id},
            "timeout_seconds": run.timeout_seconds,
            "output_limit_bytes": run.output_limit_bytes,
            # Never as root by accident: see `translation.spec`.
            "user": run.os_user or OWNER_OF_THE_FOLDER,
            "umask": run.umask,
        }
        (folder / "spec.json").write_text(json.dumps(spec))
        runner = subprocess.Popen(
            [sys.executable, "-I", "-m", "engineroom.keeper.once", str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # The lock is its from now on: it is free when, and only when, the runner is gone (flock(2)).
            pass_fds=(lock,),
            start_new_session=True,
        )
        self._runners.append(runner)


def _lock(folder: Path) -> Any:
    """Return the locked file of a folder, None while its runner has it."""
    file = (folder / "lock").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


def _forget(folder: Path) -> None:
    """Ask the runner to end what it runs; once it has, remove the folder."""
    lock = _lock(folder)
    if lock is not None:
        lock.close()
        if _state(folder) != _NEVER_BEGAN and _state(folder).ended_at is None:
            _kill_lost(folder)
        shutil.rmtree(folder)
        return
    stored = _stored(folder)
    with contextlib.suppress(ProcessLookupError):
        # While the lock is held the runner lives, so the pid is its own.
        if stored and "runner" in stored:
            os.kill(stored["runner"], signal.SIGTERM)


def _kill_lost(folder: Path) -> None:
    """Kill what a runner left behind that was killed itself, also what it did not live to write down."""
    state = _stored(folder) or {}
    pid = state.get("process")
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        # A pid that came to mean another process began at another moment.
        if pid and _began_at_ticks(pid) == state["began_at_ticks"]:
            os.killpg(pid, signal.SIGKILL)
    for _ in range(_KILL_ROUNDS):  # until nothing more is born
        if not _kill_marked(f"{_MARK}={folder.name}".encode()):
            return
        time.sleep(_PAUSE_SECONDS)


def _kill_marked(mark: bytes) -> bool:
    """Kill every process that was started with this in its environment; return whether there was one."""
    found = False
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            pidfd = os.pidfd_open(int(process.name))
            with os.fdopen(pidfd):
                if mark in (process / "environ").read_bytes().split(b"\0"):
                    signal.pidfd_send_signal(pidfd, signal.SIGKILL)
                    found = True
    return found


def _began_at_ticks(pid: int) -> int:
    """Return when a process began (proc_pid_stat(5))."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])


def _stored(folder: Path) -> dict[str, Any] | None:
    """Return what the runner has written; None when there is nothing. When the host went down, it may have lost that."""
    path = folder / "state.json"
    try:
        stored: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    except ValueError:
        return {"started_at": path.stat().st_mtime}
    return stored


def _state(folder: Path) -> OneOffState:
    state = _stored(folder)
    if state is None:
        return _NEVER_BEGAN
    output = folder / "output"
    return OneOffState(
        started_at=_moment(state["started_at"]),
        ended_at=_moment(state.get("ended_at")),
        code=state.get("code"),
        failure=state.get("failure"),
        output=output.read_bytes().decode(errors="replace") if output.exists() else "",
    )


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
