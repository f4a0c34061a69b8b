"""A run: a command that is carried out once, on one replica of an instance, and then is over."""

from collections.abc import Mapping
from dataclasses import dataclass

from engineroom.model.ids import InstanceId, RunId
from engineroom.model.instances.limits import UNLIMITED, Limits
from engineroom.model.processes.exits import Exit

OUTPUT_KEPT_BYTES = 65_536
"""How much of the end of what it printed is kept, unless it is said otherwise."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """What is to be carried out. The variables, the user, the umask and the limits are as of a `Workload`.

    When it has run for `time_limit_seconds` it is killed with all that it started. Of what it prints the last
    `output_kept_bytes` are kept.
    """

    id: RunId
    argv: tuple[str, ...]
    signal_group: bool
    working_directory: str
    inherited_variables: Mapping[str, str]
    variables: Mapping[str, str]
    replica: int
    instance: InstanceId | None = None
    limits: Limits = UNLIMITED
    size: str | None = None
    os_user: str | None = None
    umask: int | None = None
    time_limit_seconds: float | None = None
    output_kept_bytes: int = OUTPUT_KEPT_BYTES


@dataclass(frozen=True, kw_only=True)
class Finished:
    """A run that is over: how it ended, and the end of what it printed, both streams as they came."""

    id: RunId
    exit: Exit
    output: str
