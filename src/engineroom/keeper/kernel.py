"""What the kernel knows of processes: who is who, how an adopted one ended, who is left of a group."""

import ctypes
import errno
import fcntl
import os
import signal
import struct
from collections.abc import Iterator
from typing import NamedTuple

_PR_SET_CHILD_SUBREAPER = 36

# linux/pidfd.h: PIDFD_GET_INFO is _IOWR(0xFF, 11, struct pidfd_info); the struct's first version has 64 bytes, with
# the mask first and the exit code (a wait status) last. Kernels before 6.15 do not know PIDFD_INFO_EXIT.
_PIDFD_GET_INFO = 0xC040FF0B
_PIDFD_INFO = struct.Struct("=QQ11Ii")
_PIDFD_INFO_EXIT = 1 << 3

# proc(5), /proc/PID/stat, counted from the state, which is the field behind the name.
_STATE, _PARENT, _GROUP, _SESSION, _START_TIME, _RESIDENT_PAGES, _EXIT_CODE = 0, 1, 2, 3, 19, 21, 49
_CPU_TIMES = slice(11, 15)  # of its own and of its ended children, each in user and in system mode
_DEAD = (b"Z", b"X")
_TOO_MANY_FILES = (errno.EMFILE, errno.ENFILE)
_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")

_libc = ctypes.CDLL(None, use_errno=True)
_libc.fallocate.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64]
_FALLOC_FL_KEEP_SIZE = 1


def become_subreaper() -> None:
    """Have orphans among our descendants become our children (prctl(2)), so that they are reaped."""
    _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def reserve(descriptor: int, offset: int, length: int) -> None:
    """Have the disk keep room for this part of a file, though it does not become longer (fallocate(2)). Raises OSError."""
    if _libc.fallocate(descriptor, _FALLOC_FL_KEEP_SIZE, offset, length) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def boot_id() -> str:
    """Return what tells one boot of the host from another."""
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:  # noqa: PTH123
        return file.read().strip()


def start_ticks(pid: int) -> int | None:
    """Return when a process was started, in clock ticks since boot; None when there is none, or only its zombie."""
    fields = _stat(pid)
    if fields is None or fields[_STATE] in _DEAD:
        return None
    return int(fields[_START_TIME])


def is_our_child(pid: int) -> bool:
    """Return whether we are the parent, so that its exit code comes to us."""
    fields = _stat(pid)
    return fields is not None and int(fields[_PARENT]) == os.getpid()


def children(pid: int) -> list[int]:
    """Return the children that the first thread of a process has now; none where the kernel does not tell."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children", "rb", buffering=0) as file:  # noqa: PTH123
            return [int(child) for child in file.read().split()]
    except OSError:
        return []


def executes(pid: int, program: str) -> bool:
    """Return whether a process executes the file of this name; False where that cannot be seen."""
    try:
        return os.path.samefile(f"/proc/{pid}/exe", program)  # noqa: PTH121
    except OSError:
        return False


def signal_child(pid: int, parent: int, number: int) -> int | None:
    """Signal a process if it is a child of this one; return when it began, in ticks, or None when it is not there."""
    try:
        descriptor = os.pidfd_open(pid)
    except OSError:
        return None
    try:
        # The descriptor is of one process beyond doubt, and so is what is read while that lives.
        fields = _stat(pid)
        if fields is None or fields[_STATE] in _DEAD or int(fields[_PARENT]) != parent:
            return None
        signal.pidfd_send_signal(descriptor, number)
        return int(fields[_START_TIME])
    except OSError:
        return None
    finally:
        os.close(descriptor)


def _stat(pid: int) -> list[bytes] | None:
    """Return the fields of /proc/PID/stat behind the command name, which may itself hold blanks and brackets."""
    try:
        with open(f"/proc/{pid}/stat", "rb", buffering=0) as file:  # noqa: PTH123
            return file.read().rpartition(b")")[2].split()
    except OSError:
        return None


class ProcStat(NamedTuple):
    """A living process as the kernel sees it: never a zombie."""

    group: int
    session: int
    start_ticks: int


def seen(pid: int) -> ProcStat | None:
    """Return what is seen of a process; None when there is none, or only its zombie."""
    fields = _stat(pid)
    if fields is None or fields[_STATE] in _DEAD:
        return None
    return ProcStat(int(fields[_GROUP]), int(fields[_SESSION]), int(fields[_START_TIME]))


def environment(pid: int) -> dict[str, str]:
    """Return what is where a process was given its environment; empty when it is gone, or not ours to read."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:  # noqa: PTH123
            pairs = (os.fsdecode(pair).partition("=") for pair in file.read().split(b"\0"))
            return {key: value for key, _, value in pairs}
    except OSError:
        return {}


def living_groups() -> set[int]:
    """Return the process groups of this host that have a member which is not a zombie."""
    members = (_stat(pid) for pid in pids())
    return {int(fields[_GROUP]) for fields in members if fields is not None and fields[_STATE] not in _DEAD}


class ResourceUsage(NamedTuple):
    """What one or more processes use. CPU time counts from their beginning. None: nobody counts it here."""

    cpu_seconds: float | None
    memory_bytes: int | None
    processes: int | None


def usage_by_session() -> dict[int, ResourceUsage]:
    """Return for each session of this host its CPU seconds, its resident bytes, and how many processes are in it."""
    totals: dict[int, tuple[float, int, int]] = {}
    for pid in pids():
        fields = _stat(pid)
        if fields is None or fields[_STATE] in _DEAD:
            continue
        session = int(fields[_SESSION])
        seconds, resident, count = totals.get(session, (0.0, 0, 0))
        seconds += sum(map(int, fields[_CPU_TIMES])) / _TICKS_A_SECOND
        resident += int(fields[_RESIDENT_PAGES]) * _PAGE_BYTES
        totals[session] = seconds, resident, count + 1
    return {session: ResourceUsage(*total) for session, total in totals.items()}


def resident_bytes(pid: int) -> int:
    """Return how much memory of a process is in memory; 0 when it is gone."""
    try:
        with open(f"/proc/{pid}/statm", "rb", buffering=0) as file:  # noqa: PTH123
            return int(file.read().split()[1]) * _PAGE_BYTES
    except OSError:
        return 0


def pids() -> Iterator[int]:
    """Return the processes of this host."""
    return (int(name) for name in os.listdir("/proc") if name.isdigit())  # noqa: PTH208


def open_pidfd(pid: int, expected_start_ticks: int) -> int | None:
    """Return a descriptor of the process with this pid and start time; None when it has ended or is another one.

    Raises OSError when too many files are open to tell.
    """
    try:
        descriptor = os.pidfd_open(pid)
    except OSError as error:
        if error.errno in _TOO_MANY_FILES:
            raise
        return None
    try:
        with open(f"/proc/{pid}/stat", "rb", buffering=0):  # noqa: PTH123 - or it would be taken for gone below
            pass
    except OSError as error:
        if error.errno in _TOO_MANY_FILES:
            os.close(descriptor)
            raise
    if start_ticks(pid) == expected_start_ticks:
        return descriptor
    os.close(descriptor)
    return None


def exit_status(pidfd: int, pid: int, expected_start_ticks: int) -> int | None:
    """Return the wait status of an ended process that is not our child; None where the kernel does not tell, or yet.

    The descriptor tells it once the process is reaped (Linux 6.15), /proc as long as it is a zombie.
    """
    fields = _stat(pid)
    if fields is not None and fields[_STATE] in _DEAD and int(fields[_START_TIME]) == expected_start_ticks:
        return int(fields[_EXIT_CODE])
    buffer = bytearray(_PIDFD_INFO.pack(_PIDFD_INFO_EXIT, *([0] * 13)))
    try:
        fcntl.ioctl(pidfd, _PIDFD_GET_INFO, buffer)
    except OSError:
        return None
    information = _PIDFD_INFO.unpack(buffer)
    status: int = information[-1]
    return status if information[0] & _PIDFD_INFO_EXIT else None


def signal_group(group: int, number: int) -> bool:
    """Signal every process of a group; return whether there was any. Signal 0 only asks."""
    try:
        os.killpg(group, number)
    except OSError as error:
        return error.errno != errno.ESRCH
    return True
