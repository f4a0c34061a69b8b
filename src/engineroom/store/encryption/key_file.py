"""The file with the keys of secrets: one a line, the present one first. No key is ever taken out of it."""

import contextlib
import fcntl
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from engineroom.store.errors import StoreError

_State = tuple[int, int, int]


class KeyringError(StoreError):
    """The keys cannot be used, why, and what to do next."""


class KeyFile:
    """The keys as they are on disk. Whoever changes them holds a lock on the folder, and replaces the file as a whole.

    So a crash leaves the keys of before or those of after, and of several programs that make or rotate them at once each
    sees what the others have done.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read: _State | None = None

    def __str__(self) -> str:
        """Return where it is."""
        return str(self.path)

    def changed(self) -> bool:
        """Return whether the file is another one than was last read, or is gone."""
        return self._state() != self._read

    def exists(self) -> bool:
        """Return whether there is one."""
        return self._state() is not None

    def lines(self) -> list[str]:
        """Return the keys, none when there is no file. Raises KeyringError."""
        state = self._state()
        try:
            lines = self.path.read_text(encoding="ascii").split()
        except FileNotFoundError:
            self._read = None
            return []
        except (OSError, UnicodeDecodeError) as error:
            raise KeyringError(f"cannot read the keys in {self.path}: {error}; put them back") from None
        if not lines:
            raise KeyringError(f"cannot use {self.path}: there is no key in it; put it back")
        self._read = state
        return lines

    def make(self, lines: Sequence[str]) -> None:
        """Make the file, unless another program has. Raises KeyringError."""
        with self._locked(), self._told():
            beside = self._written(lines)
            # Unlike a rename, this never replaces a file that was put there meanwhile by who holds no lock.
            with contextlib.suppress(FileExistsError):
                os.link(beside, self.path)
            beside.unlink()
            self._flush_folder()

    def prepend(self, line: str) -> None:
        """Put a key before all others. Raises KeyringError."""
        with self._locked(), self._told():
            lines = [line, *self.lines()]
            self._written(lines).replace(self.path)
            self._flush_folder()
            if self.lines() != lines:
                raise KeyringError(
                    f"cannot keep a new key in {self.path}: another program has changed the file; look at it, then try again"
                )

    def _state(self) -> _State | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

    def _written(self, lines: Sequence[str]) -> Path:
        """Return a file beside it with these keys, on disk. Only who holds the lock may call this."""
        beside = self.path.with_name(f"{self.path.name}.new")
        # What a crash has left there is not written to: it might be linked to the file itself.
        beside.unlink(missing_ok=True)
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as output:
            output.write("".join(f"{line}\n" for line in lines))
            output.flush()
            os.fsync(output.fileno())
        return beside

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        with self._told():
            folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            with self._told():
                fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise KeyringError(
                f"cannot keep the keys in {self.path}: {error.strerror}; make room, or make the folder writable. "
                "Nothing was changed"
            ) from None

    def _flush_folder(self) -> None:
        folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
