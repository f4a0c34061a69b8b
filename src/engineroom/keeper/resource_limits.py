"""The keeper's own resource limits, which are not its children's."""

import resource

_OPEN_FILES = resource.RLIMIT_NOFILE
_OTHERS = 64
"""Descriptors that are needed besides: for clients, the journal, the files of what is started."""

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


def shortage(processes: int) -> str | None:
    """Return what to do before descriptors are missing: the next keeper needs one for each process that it adopts."""
    needed = processes + _OTHERS
    if needed <= open_files():
        return None
    return (
        f"{processes} processes run, and the next keeper needs a file descriptor for each to take them over, but may have "
        f"only {open_files()}; set LimitNOFILE={2 * needed} in the unit of engineroom, or ulimit -Hn {2 * needed} where it "
        "is started, start engineroom serve anew, and end the keeper then: another one follows"
    )
