"""Commands that version 0.1.0 began, each with a runner of its own: they go on, and their ends are told as of runs."""

import contextlib
import fcntl
import json
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path

from engineroom.model.ids import RunId
from engineroom.model.processes.exits import Exit
from engineroom.model.processes.run import Finished

_KEPT_SECONDS = 86_400.0
"""A server may die before it has stored how one ended."""


class EarlierRuns:
    """The folders of those runners: each has a locked file while the runner lives, and a state that it has written."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def open(self) -> None:
        """Forget those that were over long ago."""
        oldest = time.time() - _KEPT_SECONDS
        for run in self._all():
            if not _is_going(run) and run.stat().st_mtime < oldest:
                shutil.rmtree(run, ignore_errors=True)

    def going(self) -> frozenset[RunId]:
        """Return those that are not over."""
        return frozenset(RunId(run.name) for run in self._all() if _is_going(run))

    def has_begun(self, run: RunId) -> bool:
        """Return whether it was begun in this way."""
        return (self._folder / run).is_dir()

    def finished(self, run: RunId) -> Finished | None:
        """Return how it ended; None when it has not."""
        folder = self._folder / run
        if not folder.is_dir() or _is_going(folder):
            return None
        state = {}
        with contextlib.suppress(
            OSError, ValueError
        ):  # its runner, or the host, was killed before it wrote that
            state = json.loads((folder / "state.json").read_text())
        ended = state.get("ended_at", time.time())
        code = state.get("code")
        printed = folder / "output"
        return Finished(
            id=run,
            exit=Exit(
                at=datetime.fromtimestamp(ended, UTC),
                lived_seconds=max(0.0, ended - state.get("started_at", ended)),
                code=code if code is not None and code >= 0 else None,
                signal=-code if code is not None and code < 0 else None,
            ),
            output=printed.read_bytes().decode(errors="replace") if printed.exists() else "",
        )

    def _all(self) -> list[Path]:
        return list(self._folder.iterdir()) if self._folder.is_dir() else []


def _is_going(folder: Path) -> bool:
    """Return whether the runner lives: for so long it has the lock (flock(2))."""
    try:
        with (folder / "lock").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False
