"""Starting a program without a copy of the keeper, by the C library's `posix_spawn` (posix_spawn(3)).

A fork has to copy the keeper's page tables, and its copy runs Python until it executes the program: that takes three times
as long. This can do less, and says only that it failed: what it does not do is for `spawn` to do, or to say why not.
"""

import contextlib
import ctypes
import errno
import os
import signal
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from engineroom.keeper import resource_limits

# spawn.h of glibc. SETCGROUP is there since 2.39.
_SETSIGDEF, _SETSIGMASK, _SETSID, _SETCGROUP = 0x04, 0x08, 0x80, 0x100

_OPAQUE_BYTES = 1024
"""More than any of the C library's structures has."""

# The interpreter's lock is kept: nobody else is here to want it.
_c: Any = ctypes.PyDLL(None)
_knows_folders = hasattr(_c, "posix_spawn_file_actions_addfchdir_np")
_knows_cgroups = hasattr(_c, "posix_spawnattr_setcgroup_np")

_no_births_in_cgroups: list[int] = []
"""Why a process cannot be born in a cgroup here: the kernel is too old, or the container forbids it."""


def spawn(  # noqa: PLR0913
    program: str,
    argv: Sequence[str],
    environment: Mapping[str, str],
    *,
    folder: int,
    files: Sequence[str],
    umask: int,
    cell: str | None,
) -> int | None:
    """Start the program as ourselves, in a session of its own, and return its pid; None when it was not started.

    It begins in the folder that is open as `folder`. Its input is empty, its output is appended to the two `files`. It is
    born in the cgroup whose folder is `cell`.
    """
    if not _knows_folders or (cell is not None and (not _knows_cgroups or _no_births_in_cgroups)):
        return None
    try:
        words = [_text(word) for word in argv]
        variables = [_pair(name, value) for name, value in environment.items()]
        path, actions = _text(program), _actions(folder, [_text(file) for file in files])
    except ValueError:
        return None
    pid = ctypes.c_int()
    try:
        with _attributes(cell) as attributes, _inherited(umask):
            failure = _c.posix_spawn(
                ctypes.byref(pid), path, actions, attributes, _vector(words), _vector(variables)
            )
    except OSError:
        return None
    finally:
        _c.posix_spawn_file_actions_destroy(actions)
    if cell is not None and failure in (errno.ENOSYS, errno.EOPNOTSUPP):
        _no_births_in_cgroups.append(failure)
    return None if failure else pid.value


def _text(value: str) -> bytes:
    """Return what C takes for this text. Raises ValueError for what it would cut short, or has no bytes for."""
    encoded = os.fsencode(value)
    if b"\0" in encoded:
        raise ValueError
    return encoded


def _pair(name: str, value: str) -> bytes:
    if not name or "=" in name:
        raise ValueError
    return _text(f"{name}={value}")


def _vector(texts: Sequence[bytes]) -> Any:
    return (ctypes.c_char_p * (len(texts) + 1))(*texts, None)


def _actions(folder: int, files: Iterable[bytes]) -> Any:
    """Return the C library's list of what the child does before it executes the program."""
    actions = ctypes.create_string_buffer(_OPAQUE_BYTES)
    _c.posix_spawn_file_actions_init(actions)
    _c.posix_spawn_file_actions_addopen(actions, 0, os.devnull.encode(), os.O_RDONLY, 0)
    for target, file in enumerate(files, start=1):
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        _c.posix_spawn_file_actions_addopen(actions, target, file, flags, 0o600)
    _c.posix_spawn_file_actions_addfchdir_np(actions, folder)
    return actions


@contextlib.contextmanager
def _attributes(cell: str | None) -> Iterator[Any]:
    """Have the C library's attributes of a child. Raises OSError when there is no such cgroup."""
    attributes = _attributes_of_all()
    if cell is None:
        _c.posix_spawnattr_setflags(attributes, _SETSID | _SETSIGDEF | _SETSIGMASK)
        yield attributes
        return
    descriptor = os.open(cell, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _c.posix_spawnattr_setcgroup_np(attributes, descriptor)
        _c.posix_spawnattr_setflags(attributes, _SETSID | _SETSIGDEF | _SETSIGMASK | _SETCGROUP)
        yield attributes
    finally:
        os.close(descriptor)


@cache
def _attributes_of_all() -> Any:
    """Return what is the same for every child: no signal is blocked, each does what it does by default."""
    attributes = ctypes.create_string_buffer(_OPAQUE_BYTES)
    signals = ctypes.create_string_buffer(_OPAQUE_BYTES)
    _c.posix_spawnattr_init(attributes)
    _c.sigemptyset(signals)
    _c.posix_spawnattr_setsigmask(attributes, signals)
    for number in signal.valid_signals():
        _c.sigaddset(signals, number)
    _c.posix_spawnattr_setsigdefault(attributes, signals)
    return attributes


@contextlib.contextmanager
def _inherited(umask: int) -> Iterator[None]:
    """Have for a moment what a child inherits of us."""
    before = os.umask(umask)
    resource_limits.restore_open_files()
    try:
        yield
    finally:
        resource_limits.raise_open_files()
        os.umask(before)
