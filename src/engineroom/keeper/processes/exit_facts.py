"""What is told of an end: plain facts, of which the control plane makes words."""

import os
import time
from typing import Any

from engineroom.keeper.containment.containers import MemoryUsedUp
from engineroom.keeper.launch.launch_error import LaunchError
from engineroom.keeper.processes import backoff
from engineroom.keeper.processes.process import JsonObject, Subprocess

_UNKNOWN = ("code", "signal", "error_number", "path", "memory_bytes", "memory_limit_bytes")


def of_exit(
    process: Subprocess, lived_seconds: float, status: int | None, memory: MemoryUsedUp | None
) -> JsonObject:
    """Return the facts of a leader that ended with this wait status; None when nobody knows it.

    `expected` says that it ended as its spec says that it should. `memory` says that the kernel killed it, or a child that
    it died with, because its group's memory was used up.
    """
    code = number = None
    if status is not None:
        ended = os.waitstatus_to_exitcode(status)
        code, number = (ended, None) if ended >= 0 else (None, -ended)
    return _facts(
        lived_seconds,
        code=code,
        signal=number,
        asked=process.stop_asked,
        out_of_memory=memory is not None,
        memory_bytes=None if memory is None else memory.used_bytes,
        memory_limit_bytes=None if memory is None else memory.limit_bytes,
        expected=memory is None and backoff.is_expected(code, process.spec.expected_exit_codes),
    )


def of_start_failure(error: LaunchError) -> JsonObject:
    """Return the facts of a program that could not be executed."""
    return _facts(0.0, error_number=error.error_number, path=error.path)


def _facts(lived_seconds: float, **known: Any) -> JsonObject:
    facts: JsonObject = dict.fromkeys(_UNKNOWN)
    flags = dict.fromkeys(("asked", "out_of_memory", "expected"), False)
    return {**facts, **flags, "at": time.time(), "lived_seconds": lived_seconds, **known}
