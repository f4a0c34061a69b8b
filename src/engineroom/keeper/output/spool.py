"""What the children print: append-only files that a child never waits for, marked with times, and bounded."""

import contextlib
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from engineroom.keeper import log
from engineroom.keeper.output.held_files import HeldFiles, is_held
from engineroom.keeper.output.holes import Puncher
from engineroom.keeper.output.inotify import InotifyWatcher
from engineroom.keeper.output.output_files import OutputFiles
from engineroom.keeper.output.spool_notes import MIN_KEPT_BYTES, is_after_boot, read_bound, write_bound
from engineroom.keeper.output.stream import Stream

_GONE_KEPT_BYTES = 256 * 1024 * 1024
_GONE_KEPT_SECONDS = 7 * 86_400.0
"""What processes that are gone have printed waits for a reader, but not for ever."""

_SCARCE_BYTES = 64 * 1024 * 1024
_SCARCE_PART = 0.02
"""With less room on the disk than either of these, output makes room."""

_LOOK_FOR_ROOM_BYTES = 1024 * 1024


class Spool:
    """Two files a process, one a stream, in `folder`; their marks are in a folder `marks` beside it.

    A stream is named by its file: the process's id, a dot, and `stdout` or `stderr`.
    """

    def __init__(self, folder: Path, *, boot: str = "") -> None:
        self._after_boot = is_after_boot(folder.with_name("boot"), boot)
        self._bound = folder.with_name("kept_bytes")
        self.kept_bytes = read_bound(self._bound)
        """How much of each stream is kept at most."""
        self.changed: dict[str, int | None] = {}
        """Up to where each stream can be read, of those that have changed since somebody looked here; None: gone."""
        self._folder = str(folder)
        self._marks_folder = str(folder.parent / "marks")
        self._make_folders()
        self.notices = InotifyWatcher(folder)
        self.puncher = Puncher()
        self.elsewhere = OutputFiles(self.puncher)
        self.held = HeldFiles(self._folder, self.puncher)
        self._streams: dict[str, Stream] = {}
        self._pids: dict[str, int] = {}
        self._gone: dict[str, float] = {}
        """Since when, by a clock that is never set: one that jumps a year ahead must not have all of it given up."""
        self._lost: dict[str, int] = {}
        """Up to where streams were read of which the host, when it went down, left nothing."""
        self._present = frozenset(os.listdir(self._folder))  # noqa: PTH208
        self._recovered = False
        self._overdue = False
        """Whether all files are to be looked at, as that could not be done when it should have been."""

    def _make_folders(self) -> None:
        for path in (self._folder, self._marks_folder):
            os.makedirs(path, mode=0o700, exist_ok=True)  # noqa: PTH103

    def heal(self) -> bool:
        """Make the folders again where somebody has removed them; return whether it was so.

        What runs goes on printing into files that are gone. What it prints after its next start is behind that.
        """
        if os.path.isdir(self._folder) and os.path.isdir(self._marks_folder):  # noqa: PTH112
            return False
        self._make_folders()
        self.notices.watch(self._folder)
        for name, stream in self._streams.items():
            self._lost[name] = stream.marked
            self.held.remove(f"{self._folder}/{name}")
            stream.remove()
        self._streams.clear()
        return True

    def keep(self, most_bytes: int) -> None:
        """Keep so much of each stream, also when another keeper goes on with it."""
        most_bytes = max(MIN_KEPT_BYTES, most_bytes)
        if most_bytes != self.kept_bytes:
            self.kept_bytes = most_bytes
            write_bound(self._bound, most_bytes)
            for name, stream in self._streams.items():
                with self._going_on(name):
                    stream.bound(most_bytes)

    # The lives of processes

    def paths(self, process: str) -> tuple[str, str]:
        """Return the files of a process's standard output and standard error."""
        stdout, stderr = (f"{self._folder}/{name}" for name in _names(process))
        return stdout, stderr

    def began(self, process: str, pid: int, elsewhere: str | None = None) -> None:
        """Take in that from now on this pid writes; where it does so `elsewhere`, into that file."""
        self._pids[process] = pid
        if elsewhere is not None:
            self.elsewhere.began(process, elsewhere)

    def ended(self, process: str, pid: int) -> None:
        """Take in that the life with this pid (0: unknown) has ended: its last line ends there too."""
        self._pids.pop(process, None)
        for name in _names(process):
            with self._going_on(name):
                stream = self._printed(name)
                if stream is not None:
                    stream.end_life(pid, time.time_ns())
                    self.changed[name] = stream.marked

    def gone(self, process: str) -> None:
        """Take in that a process is gone. What it has printed stays until it is acknowledged, or there is too much."""
        self.ended(process, 0)
        elsewhere = self.elsewhere.ended(process)
        if elsewhere is not None:
            self.held.keep(elsewhere)
        self._gone[process] = time.monotonic()
        self._forget_what_is_read(process)

    def recover(self, pids: Mapping[str, int]) -> None:
        """Go on with what an earlier keeper left, and mark what was written meanwhile; `pids`: who runs, 0 for nobody."""
        self._pids.update({process: pid for process, pid in pids.items() if pid})
        known = {name for process in pids for name in _names(process)}
        absent = set() if self._after_boot else known - self._present
        for name in absent:
            with self._going_on(name):
                self._begin_behind(name)
        self.held.recover(os.listdir(self._folder))  # noqa: PTH208
        for name in self._files():
            with self._going_on(name):
                self._recover(name, pids)
        for name in set(os.listdir(self._marks_folder)) - self._streams.keys() - absent:  # noqa: PTH208
            with self._going_on(name):
                os.unlink(f"{self._marks_folder}/{name}")  # noqa: PTH108
        self._gone = {process: self._gone[process] for process in sorted(self._gone, key=self._last_at)}
        self._recovered = True

    def _begin_behind(self, name: str) -> None:
        """Have a file that is not there yet begin behind every offset that an earlier one of its name can have had.

        An older journal brings back a process whose output was read and removed. Nobody writes a byte in each nanosecond
        since the boot. It is written down before anybody prints: this keeper, too, may be killed before it looks.
        """
        paths = f"{self._folder}/{name}", f"{self._marks_folder}/{name}"
        Stream(*paths, self.puncher).begin_behind(time.monotonic_ns())

    def _recover(self, name: str, pids: Mapping[str, int]) -> None:
        stream, process = self._printed(name), name.rpartition(".")[0]
        if process not in pids:
            self.gone(process)
        elif stream is not None and process in self._pids:
            stream.look(self._pids[process], time.time_ns())
            stream.bound(self.kept_bytes)
        elif stream is not None:
            self.ended(process, 0)

    # What is noticed

    def look(self) -> int:
        """Mark what was written, and keep it in its bounds; return how much the stream that grew most has grown."""
        self.puncher.go_on()
        self.elsewhere.bound()
        names = self.notices.take()
        at_all, self._overdue = names is None or self._overdue, False
        now, most, all_bytes = time.time_ns(), self.held.bound(), 0
        for name in self._files() if names is None or at_all else names:
            try:
                grown = self._look_at(name, now)
            except OSError as error:
                self._failed(name, error)
                continue
            most, all_bytes = max(most, grown), all_bytes + grown
        if all_bytes >= _LOOK_FOR_ROOM_BYTES:
            self._make_room()
        return most

    def _look_at(self, name: str, now: int) -> int:
        """Mark what was written to a stream, and return how much that is. Raises OSError when that cannot be."""
        stream = self._printed(name)
        grown = stream.look(self._pids.get(name.rpartition(".")[0], 0), now) if stream is not None else 0
        if stream is not None and grown:
            stream.bound(self.kept_bytes)
            self.changed[name] = stream.marked
        return grown

    def acknowledge(self, upto: Mapping[str, int]) -> None:
        """Take in that streams were read up to these offsets."""
        now = time.time_ns()
        for name, offset in upto.items():
            stream = self._streams.get(name)
            if stream is not None:
                with self._going_on(name):
                    self._acknowledge(name, stream, offset, now)
            elif self._after_boot:
                self._lost[name] = offset

    def _acknowledge(self, name: str, stream: Stream, offset: int, now: int) -> None:
        process = name.rpartition(".")[0]
        if process in self._gone:
            stream.acknowledge(offset)
            self._forget_what_is_read(process)
            return
        stream.resume(offset)
        stream.acknowledge(offset)
        if stream.look(self._pids.get(process, 0), now):
            self.changed[name] = stream.marked

    def keep_up(self) -> None:
        """Do what is to be done now and then: bound what nobody has noticed, and what is gone."""
        if self._overdue:
            self.look()
        self.puncher.go_on()
        for name, stream in self._streams.items():
            with self._going_on(name):
                if stream.flush():
                    self.changed[name] = stream.marked
                stream.reclaim()
                stream.bound(self.kept_bytes)
        while self._gone and self._has_too_much_of_the_gone():
            self._give_up(next(iter(self._gone)), "nobody has read it for too long, or there is too much")
        self.held.look_again()
        self._make_room()

    def dropped(self, process: str) -> int:
        """Return how many bytes of a process were given up before anybody had read them."""
        return sum(stream.dropped for stream in self._streams_of(process))

    # Space

    def _make_room(self) -> None:
        """Where the disk is nearly full, give up output: the oldest of what is gone first, then all but a little."""
        if not self._is_scarce():
            return
        kept = sum(stream.kept_bytes for stream in self._streams.values())
        while self._gone and self._is_scarce():
            self._give_up(next(iter(self._gone)), "the disk is full")
        for name, stream in sorted(self._streams.items(), key=lambda item: item[1].last_at_nanoseconds):
            if not self._is_scarce():
                break
            with self._going_on(name):
                stream.bound(MIN_KEPT_BYTES)
            self.puncher.wait()
        freed = kept - sum(stream.kept_bytes for stream in self._streams.values())
        if freed > 0:
            log.write(
                "error",
                "output.disk_full",
                "The disk is nearly full, and the oldest output was given up. Make room on it.",
                freed_bytes=freed,
                folder=self._folder,
            )

    def _is_scarce(self) -> bool:
        try:
            found = os.statvfs(self._folder)
        except OSError:
            return False
        room, size = found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize
        return room < min(_SCARCE_BYTES, int(size * _SCARCE_PART))

    def _has_too_much_of_the_gone(self) -> bool:
        if next(iter(self._gone.values())) < time.monotonic() - _GONE_KEPT_SECONDS:
            return True
        kept = (stream.kept_bytes for process in self._gone for stream in self._streams_of(process))
        return sum(kept) > _GONE_KEPT_BYTES

    def _give_up(self, process: str, reason: str) -> None:
        log.write(
            "warning",
            "output.given_up",
            "Output of a process that is gone was given up unread.",
            process=process,
            bytes=sum(stream.kept_bytes for stream in self._streams_of(process)),
            reason=reason,
        )
        self._remove(process)

    def _forget_what_is_read(self, process: str) -> None:
        if all(stream.is_read for stream in self._streams_of(process)):
            self._remove(process)

    def _remove(self, process: str) -> None:
        self._gone.pop(process, None)
        for name, path in zip(_names(process), self.paths(process), strict=True):
            stream = self._streams.pop(name, None)
            self._lost.pop(name, None)
            self.held.remove(path)
            if stream is not None:
                stream.remove()
                self.changed[name] = None

    # What fails

    @contextlib.contextmanager
    def _going_on(self, name: str) -> Iterator[None]:
        """Contain an error to the stream that caused it."""
        try:
            yield
        except OSError as error:
            self._failed(name, error)

    def _failed(self, name: str, error: OSError) -> None:
        """Say so, and look at all files again soon."""
        self._overdue = True
        message = "Nothing can be done with a file of output just now; it is tried again."
        log.write("error", "output.failed", message, name=name, reason=str(error))

    # Files

    def _streams_of(self, process: str) -> Iterable[Stream]:
        found = (self._streams.get(name) for name in _names(process))
        return [stream for stream in found if stream is not None]

    def _printed(self, name: str) -> Stream | None:
        """Return the stream with this name; None when nothing was ever printed to it."""
        stream = self._streams.get(name)
        if stream is None and self._was_printed(name):
            paths = f"{self._folder}/{name}", f"{self._marks_folder}/{name}"
            is_old = self._after_boot and not self._recovered
            stream = self._streams[name] = Stream(*paths, self.puncher, after_boot=is_old)
            stream.resume(self._lost.pop(name, 0))
        return stream

    def _was_printed(self, name: str) -> bool:
        try:
            found = os.stat(f"{self._folder}/{name}")  # noqa: PTH116
            if found.st_size or found.st_blocks:  # what is reserved counts, too
                return True
            return os.path.exists(f"{self._marks_folder}/{name}")  # noqa: PTH110
        except OSError:
            return False

    def _files(self) -> Iterable[str]:
        """Return the names of all files; where they cannot be listed (no descriptor), of those that are known."""
        try:
            found = os.listdir(self._folder)  # noqa: PTH208
        except OSError as error:
            log.write(
                "warning", "spool.failed", "Cannot look for output.", path=self._folder, reason=str(error)
            )
            self._overdue = True
            return list(self._streams)
        return [name for name in found if not is_held(name)]

    def _last_at(self, process: str) -> float:
        found = (stream.last_at_nanoseconds for stream in self._streams_of(process))
        return max(found, default=0) / 1e9


def _names(process: str) -> tuple[str, str]:
    return f"{process}.stdout", f"{process}.stderr"
