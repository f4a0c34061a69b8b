"""The keeper's memory on disk: one line for each spec and each event, in the order in which they happened.

It survives the keeper, not the host: what should run after a boot comes from the control plane's database. So nothing
is flushed to the device. It is also what a client reads that was away and wants to know what happened meanwhile.
"""

import contextlib
import errno
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from engineroom.keeper import kernel, log
from engineroom.keeper.folder.variables import Variables
from engineroom.keeper.processes.process import JsonObject

_COMPACT_ABOVE_BYTES = 8 * 1024 * 1024
_EVENTS_KEPT_BYTES = 2 * 1024 * 1024

_RESERVE_BYTES = 128 * 1024
"""So much of the disk is kept for events: what becomes of that which runs is written down on a full disk, too."""

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


class Journal:
    """An append-only file of JSON lines that is rewritten from time to time.

    The first line is `{"epoch": …, "boot": …, "sequence": …}`; `epoch` changes when the memory was lost. The others are
    `{"limits": …}`, `{"spec": …}`, `{"sequence": …, "event": …, "at": …, "process": …}`, and `{"snapshot": …}`: a process
    as it was when the file was rewritten. Specs are without their variables, which are kept elsewhere.
    """

    def __init__(self, path: Path, *, boot: str) -> None:
        self._path = path
        self.variables = Variables(path.parent)
        self._boot = boot
        self._file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._size = os.fstat(self._file).st_size
        self._base = 0
        self._reserved = 0
        self.epoch = ""
        self.sequence = 0
        self.failing = False
        """Whether the last line could not be written; then the file must be rewritten before it is true again."""
        self.failure = 0
        """Why what should have been written last was not: an error number."""

    @property
    def path(self) -> str:
        """Where it is."""
        return str(self._path)

    def replay(self) -> Iterator[JsonObject]:
        """Yield what was written, oldest first. What is no entry is left out, and a last line that was cut off removed."""
        good = spoilt = 0
        for line in self._lines():
            good += len(line)
            entry = _decoded(line)
            if entry is None:
                spoilt += 1
                continue
            self.epoch = entry.get("epoch", self.epoch)
            self.sequence = max(self.sequence, entry.get("sequence", 0))
            yield entry
        if spoilt:
            log.write("error", "journal.spoilt", "Lines of the journal cannot be read.", lines=spoilt)
        if good < self._size:
            log.write("warning", "journal.cut", "The journal's last line was broken off, and is left out.")
            os.ftruncate(self._file, good)
            self._size = good
        if not self.epoch:
            self.epoch = os.urandom(8).hex()
            self._append(self._header())

    def record_spec(self, spec: JsonObject) -> bool:
        """Write down a spec, before its process is started; return whether it is there.

        What the disk keeps for events is not used for it.
        """
        line = _encode({"spec": _without_variables(spec)})
        if not (self._has_room(len(line)) and self._append(line)):
            return False
        self.variables.keep(spec["id"], spec.get("environment", {}))
        return True

    def record_limits(self, limits: JsonObject) -> None:
        """Write down what groups may use, before a process of them is started."""
        self._append(_encode({"limits": limits}))

    def record_event(self, event: str, process: JsonObject, at: float) -> bytes:
        """Write down an event with the state that it led to, and return the line for those who watch."""
        self.sequence += 1
        line = _encode({"sequence": self.sequence, "event": event, "at": at, "process": process})
        self._append(line)
        return line

    def events_after(self, sequence: int) -> Iterator[bytes]:
        """Yield the lines of the events after `sequence` that are still kept."""
        for line in self._lines():
            entry = _decoded(line) if line.startswith(b'{"sequence":') else None
            if entry is not None and entry["sequence"] > sequence:
                yield line

    @property
    def wants_rewriting(self) -> bool:
        """Whether the file has grown enough since it was last rewritten, has missed a line, or is gone."""
        return self.failing or self._size - self._base > _COMPACT_ABOVE_BYTES or not self.is_in_place

    @property
    def is_in_place(self) -> bool:
        """Whether what is written can be found by the next keeper."""
        try:
            return os.path.samestat(os.stat(self._path), os.fstat(self._file))  # noqa: PTH116
        except FileNotFoundError:
            return False

    def rewrite(self, limits: JsonObject, living: Iterable[tuple[JsonObject, JsonObject]]) -> None:
        """Replace the file by the limits of groups, the (spec, state) of what is alive, and the last events."""
        living = list(living)
        known = {spec["id"]: spec["environment"] for spec, _ in living if "environment" in spec}
        self.variables.rewrite(known)
        temporary = self._path.with_suffix(".new")
        try:
            with temporary.open("wb") as file:
                os.fchmod(file.fileno(), 0o600)
                file.writelines(self._rewritten(limits, living))
            temporary.replace(self._path)
            fresh = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
        except OSError as error:
            self._report(error)
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            return
        os.close(self._file)
        self._file = fresh
        self._size = self._base = os.fstat(fresh).st_size
        self._reserved = 0
        self.failing = False
        self._has_room(0)

    def _rewritten(
        self, limits: JsonObject, living: Iterable[tuple[JsonObject, JsonObject]]
    ) -> Iterator[bytes]:
        """Yield the new lines: old events first, so that what is read last of a process is its snapshot."""
        yield self._header()
        yield from self._last_events()
        yield _encode({"limits": limits})
        for spec, state in living:
            yield _encode({"spec": _without_variables(spec)})
            yield _encode({"snapshot": state})

    def _last_events(self) -> Iterator[bytes]:
        skip = max(0, self._size - _EVENTS_KEPT_BYTES)
        position = 0
        for line in self._lines():
            position += len(line)
            if position > skip and line.startswith(b'{"sequence":'):
                yield line

    def _header(self) -> bytes:
        return _encode({"epoch": self.epoch, "boot": self._boot, "sequence": self.sequence})

    def _has_room(self, length: int) -> bool:
        """Return whether so many bytes can be written, and leave enough for events."""
        needed = self._size + length + _RESERVE_BYTES
        if self.failing or needed <= self._reserved:
            return not self.failing
        try:
            kernel.reserve(self._file, self._size, length + 2 * _RESERVE_BYTES)
        except OSError as error:
            if error.errno in _NO_ROOM:
                self.failure = error.errno
                return False
            return True  # this filesystem keeps no room for anybody
        self._reserved = needed + _RESERVE_BYTES
        return True

    def _append(self, line: bytes) -> bool:
        """Write a line; return whether it is there."""
        if self.failing:
            return False
        self._has_room(len(line))
        try:
            written = os.write(self._file, line)
            if written < len(line):
                raise OSError(errno.ENOSPC, "the line was cut off")  # noqa: TRY301
            self._size += written
        except OSError as error:
            self._report(error)
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, self._size)
        return not self.failing

    def _lines(self) -> Iterator[bytes]:
        """Yield the whole lines of the file, though somebody may have removed it."""
        with open(f"/proc/self/fd/{self._file}", "rb") as file:  # noqa: PTH123
            for line in file:
                if line.endswith(b"\n"):
                    yield line

    def _report(self, error: OSError) -> None:
        if not self.failing:
            log.write(
                "error",
                "journal.failed",
                "The journal cannot be written; what happens now is only in memory. Make room on its disk.",
                path=str(self._path),
                reason=str(error),
            )
        self.failing = True
        self.failure = error.errno or errno.EIO


def _decoded(line: bytes) -> JsonObject | None:
    """Return the entry in a line; None for what is none."""
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    is_entry = isinstance(entry, dict) and isinstance(entry.get("sequence", 0), int)
    return entry if is_entry and isinstance(entry.get("epoch", ""), str) else None


def _without_variables(spec: JsonObject) -> JsonObject:
    return {name: value for name, value in spec.items() if name != "environment"}


def _encode(entry: JsonObject) -> bytes:
    return json.dumps(entry, separators=(",", ":")).encode() + b"\n"
