"""What is told of an end: plain facts, of which the control plane makes words."""

import os
import time
from typing import Any

from engineroom.keeper.process import JsonObject, Process
from engineroom.keeper.spawn import LaunchError


def of_exit(process: Process, lived_seconds: float, status: int | None) -> JsonObject:
    """Return the facts of a leader that ended with this wait status; None when nobody knows it."""
    code = number = None
    if status is not None:
        ended = os.waitstatus_to_exitcode(status)
        code, number = (ended, None) if ended >= 0 else (None, -ended)
    return _facts(lived_seconds, code=code, signal=number, asked=process.stop_asked)


def of_start_failure(error: LaunchError) -> JsonObject:
    """Return the facts of a program that could not be executed."""
    return _facts(0.0, error_number=error.error_number, path=error.path)


def _facts(lived_seconds: float, **known: Any) -> JsonObject:
    facts: JsonObject = {"code": None, "signal": None, "error_number": None, "path": None, "asked": False}
    return {**facts, "at": time.time(), "lived_seconds": lived_seconds, **known}
