"""A program that is run as the tenant, and what it printed."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from engineroom.sandbox.frames import Frames
from engineroom.sandbox.task import Service

NOT_EXECUTED = 126
"""The exit code when there is no such program, or it may not be executed, as shells have it for the latter."""


class TenantCommand(msgspec.Struct, frozen=True, kw_only=True):
    """`variables` are all that it gets, besides those that say whose it is, and PATH."""

    argv: tuple[str, ...]
    folder: str = "/"
    variables: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Ran:
    """What a program printed, and its exit code, or a signal's number below zero."""

    output: bytes = field(repr=False)
    code: int


def _execute(frames: Frames) -> None:
    """Become the program, which reads and writes the same stream: whatever limits and rights this process has stay."""
    command = msgspec.json.decode(frames.receive() or b"", type=TenantCommand)
    try:
        os.chdir(command.folder)
        for standard in (0, 1):
            os.dup2(frames.socket.fileno(), standard)
        os.execvpe(command.argv[0], command.argv, {**os.environ, **command.variables})  # noqa: S606
    except (OSError, ValueError):
        sys.exit(NOT_EXECUTED)


PROGRAM = Service(name="engineroom.sandbox.program:PROGRAM", run=_execute)
