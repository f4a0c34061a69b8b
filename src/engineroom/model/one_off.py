"""A run: one process that is started once, and not again when it ends."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OneOff:
    """What is to be run. When its time is up it is killed with everything that it started, at once.

    `os_user` None is the owner of the folder, `umask` None the usual one.
    """

    id: str
    argv: tuple[str, ...]
    working_directory: str
    variables: Mapping[str, str]
    timeout_seconds: float
    output_limit_bytes: int
    os_user: str | None = None
    umask: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OneOffState:
    """How far a run is. `failure` says why it did not end by itself, or could not begin; `code` is -N for signal N."""

    started_at: datetime | None = None
    ended_at: datetime | None = None
    code: int | None = None
    failure: str | None = None
    output: str = ""
