"""The keeper's own resource limits, which are not its children's."""

import resource

_OPEN_FILES = resource.RLIMIT_NOFILE
_inherited = resource.getrlimit(_OPEN_FILES)


def raise_open_files() -> None:
    """Let the keeper have as many open files as it may: it has one for each adopted process."""
    _, most = _inherited
    resource.setrlimit(_OPEN_FILES, (most, most))


def open_files() -> int:
    """Return how many files the keeper may have open."""
    return resource.getrlimit(_OPEN_FILES)[0]


def restore_open_files() -> None:
    """Give a child the limit that the keeper was started with: programs with select(2) rely on a low one."""
    if resource.getrlimit(_OPEN_FILES) != _inherited:
        resource.setrlimit(_OPEN_FILES, _inherited)
