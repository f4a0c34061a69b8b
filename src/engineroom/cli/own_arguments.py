"""Hides secrets among our own arguments, which every user of the host may read in the list of processes."""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

_KEYED = (b"--variable",)
"""Those that take a KEY=VALUE, of which the key is no secret."""
SECRET_OPTIONS = (*_KEYED, b"--token")

_MASK = b"x"
# proc_pid_stat(5), counted from the state, which is the field behind the name.
_ARG_START, _ARG_END = 45, 46


def hide() -> None:
    """Overwrite them where the kernel shows them (proc_pid_cmdline(5)). Whatever was read of them before stays as it is.

    Where the kernel does not let us, they are seen as long as we run.
    """
    with contextlib.suppress(OSError):
        start, end = _area()
        with Path("/proc/self/mem").open("r+b", buffering=0) as memory:
            memory.seek(start)
            shown = memory.read(end - start)
            for offset, length in secrets_in(shown.split(b"\0")):
                memory.seek(start + offset)
                memory.write(_MASK * length)


def secrets_in(words: Sequence[bytes]) -> Iterator[tuple[int, int]]:
    """Yield where each secret begins among the words, which are a byte apart, and its length."""
    offset, before = 0, b""
    for word in words:
        length = _secret_bytes(before, word)
        if length:
            yield offset + len(word) - length, length
        offset += len(word) + 1
        before = word


def _secret_bytes(before: bytes, word: bytes) -> int:
    """Return how much of the end of a word, which this one stands before, is a secret."""
    option, value = (before, word) if before in SECRET_OPTIONS else word.partition(b"=")[::2]
    if option not in SECRET_OPTIONS:
        return 0
    return len(value.partition(b"=")[2] if option in _KEYED else value)


def _area() -> tuple[int, int]:
    """Return where in our memory our arguments begin and end."""
    fields = Path("/proc/self/stat").read_bytes().rpartition(b")")[2].split()
    return int(fields[_ARG_START]), int(fields[_ARG_END])
