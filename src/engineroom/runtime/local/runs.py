"""Runs on this host: processes that the keeper starts once, each with its output in a file of its own."""

import contextlib
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from engineroom.model.ids import RunId
from engineroom.model.logs.characters import cut_behind
from engineroom.model.processes.run import OUTPUT_KEPT_BYTES, Finished, Run
from engineroom.runtime.local import translation
from engineroom.runtime.local.messages import RUN, KeptProcess

JsonObject = dict[str, Any]

_OUTPUT_KEPT = "output_kept_bytes"
"""The label that says how much of the end of a run's output is read, for a server that did not begin the run itself."""

_KEPT_SECONDS = 86_400.0
"""An output is read again when the server died before it stored it, so its file stays for a while."""


class Runs:
    """The runs of this host that are not over, as last heard of, and the files of their output below `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._going: set[RunId] = set()
        self._unstarted: set[RunId] = set()

    def begin_anew(self, processes: Iterable[KeptProcess]) -> None:
        """Take in all that the keeper has, and forget everything else."""
        self._going = {RunId(kept.run) for kept in processes if kept.run is not None}

    def going(self) -> frozenset[RunId]:
        """Return those that are not over."""
        return frozenset(self._going)

    def has_begun(self, run: RunId) -> bool:
        """Return whether a run was begun before, be it over or not: the keeper makes its file when it starts it."""
        return run in self._going or run in self._unstarted or os.path.lexists(self._output(run))

    def refused(self, runs: Iterable[Run]) -> None:
        """Take in that the keeper does not carry these out."""
        self._going.difference_update(run.id for run in runs)

    def spec(self, run: Run) -> JsonObject:
        """Return what the keeper needs to carry out a run, which from now on counts as going."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._prune()
        self._going.add(run.id)
        return {
            "id": run.id,
            "argv": list(run.argv),
            "working_directory": run.working_directory,
            "environment": {
                **run.inherited_variables,
                **run.variables,
                "ENGINEROOM_REPLICA": str(run.replica),
            },
            "signal_group": run.signal_group,
            "stop_target": "programs" if run.signal_group else "leader",
            "labels": {RUN: run.id, _OUTPUT_KEPT: str(run.output_kept_bytes), **translation.size_label(run)},
            "once": True,
            "time_limit_seconds": run.time_limit_seconds,
            "output_file": str(self._output(run.id)),
            **translation.placed(run, run.replica),
        }

    def take(self, kept: KeptProcess) -> Finished | None:
        """Take in what happened to a run; return what is to be told when it is over."""
        if not kept.is_over or kept.run is None:
            return None
        run = RunId(kept.run)
        self._going.discard(run)
        ended = translation.exit_of(kept)
        if ended is None:
            return None
        if not os.path.lexists(self._output(run)):
            self._unstarted.add(run)
        kept_bytes = int(kept.labels.get(_OUTPUT_KEPT, OUTPUT_KEPT_BYTES))
        return Finished(id=run, exit=ended, output=self._read(run, kept_bytes))

    def _output(self, run: RunId) -> Path:
        return self._folder / f"{run}.output"

    def _read(self, run: RunId, kept_bytes: int) -> str:
        try:
            with self._output(run).open("rb") as output:
                begin = max(0, output.seek(0, 2) - kept_bytes)
                output.seek(begin)
                # Whoever else has it open may make it longer meanwhile, without end.
                printed = output.read(kept_bytes)
                return printed[cut_behind(printed, 0) if begin else 0 :].decode(errors="replace")
        except FileNotFoundError:
            return ""

    def _prune(self) -> None:
        oldest = time.time() - _KEPT_SECONDS
        for path in self._folder.iterdir():
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < oldest and RunId(path.stem) not in self._going:
                    path.unlink()
