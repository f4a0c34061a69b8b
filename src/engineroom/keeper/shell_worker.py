"""Slow work that a shell of ours does, one thing after the other, while the keeper goes on.

Not a thread: the keeper forks, and a lock that a thread holds at that moment would stay locked in the child for ever.
"""

import contextlib
import errno
import fcntl
import os
from collections.abc import Iterable

_PIPE_BYTES = 1 << 20
"""So much may wait before the keeper does."""


class ShellWorker:
    """A shell that reads a line for each thing to do, and answers with one; started with the first. It ends with the keeper.

    It is nobody's to wait for: the keeper reaps all its children at one place.
    """

    def __init__(self, script: str, *arguments: str) -> None:
        self._words = ["sh", "-c", script, "sh", *arguments]
        self._pipes: tuple[int, int] | None = None
        self._unanswered = 0

    def send(self, line: str) -> None:
        """Have what a line says done. Raises OSError when there is no shell to do it.

        Raises BrokenPipeError when it was killed with something that it had not done; else another one does it.
        """
        for _ in range(2):
            unanswered = self._unanswered
            with contextlib.suppress(BrokenPipeError):
                os.write(self._starting()[0], f"{line}\n".encode())
                self._unanswered += 1
                return
            self.close()
            if unanswered:
                raise BrokenPipeError
        raise OSError(errno.ENOEXEC, "every shell that is begun ends at once")

    def receive(self, *, wait: bool) -> list[str]:
        """Return the lines that the shell has answered; with `wait`, at least one.

        Raises BrokenPipeError when it was killed, with what it had not done.
        """
        if self._pipes is None:
            return []
        answers = self._pipes[1]
        os.set_blocking(answers, wait)
        with contextlib.suppress(BlockingIOError):
            if data := os.read(answers, _PIPE_BYTES):
                lines = data.decode().splitlines()
                self._unanswered -= len(lines)
                return lines
            self.close()
            raise BrokenPipeError
        return []

    def close(self) -> None:
        """End the shell when it has done what it was asked for."""
        if self._pipes is not None:
            _close(self._pipes)
        self._pipes = None
        self._unanswered = 0

    def _starting(self) -> tuple[int, int]:
        if self._pipes is None:
            descriptors: list[int] = []
            try:
                descriptors += os.pipe2(os.O_CLOEXEC)
                descriptors += os.pipe2(os.O_CLOEXEC)
                theirs_in, ours_out, ours_in, theirs_out = descriptors
                actions = [(theirs_in, 0), (theirs_out, 1)]
                os.posix_spawn(
                    "/bin/sh",
                    self._words,
                    os.environ,
                    file_actions=[
                        *((os.POSIX_SPAWN_DUP2, theirs, fixed) for theirs, fixed in actions),
                        (os.POSIX_SPAWN_OPEN, 2, "/dev/null", os.O_WRONLY, 0),
                    ],
                )
            except OSError:
                _close(descriptors)
                raise
            _close((theirs_in, theirs_out))
            self._pipes = ours_out, ours_in
            with contextlib.suppress(OSError):
                fcntl.fcntl(ours_out, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        return self._pipes


def _close(descriptors: Iterable[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)
