"""A workload: what a runtime is asked to keep running for one background process."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from engineroom.model.ids import BackgroundProcessId, InstanceId
from engineroom.model.instances.limits import UNLIMITED, Limits
from engineroom.model.processes.exits import EXPECTED_OF_OTHERS
from engineroom.model.processes.lifecycle import Replacement, StopSignal, StopTarget


@dataclass(frozen=True, kw_only=True)
class Workload:
    """`processes` processes on each of `replicas` replicas, all of the same command, folder and variables.

    With `signal_group` the words are a shell, which passes no signal on. `inherited_variables` come from
    engineroom's own environment; they are no reason to replace a process, or a server that is started another way would
    restart everything. `variables` win over them.
    """

    background_process: BackgroundProcessId
    argv: tuple[str, ...]
    signal_group: bool
    working_directory: str
    inherited_variables: Mapping[str, str]
    variables: Mapping[str, str]
    processes: int
    replicas: int
    replacement: Replacement
    stop_timeout_seconds: float
    worker_timeout_seconds: int | None = None
    """A queue worker's own `--timeout`, to tell its end by it from other kills."""
    stop_signal: StopSignal = StopSignal.SIGTERM
    stop_target: StopTarget = StopTarget.PROGRAM
    expected_exit_codes: tuple[int, ...] = EXPECTED_OF_OTHERS
    """A process that ends with one of these has not failed, and starts again at once."""
    generation: int = 0
    """How often it was asked to be restarted."""
    instance: InstanceId | None = None
    limits: Limits = UNLIMITED
    os_user: str | None = None
    umask: int | None = None
    size: str | None = field(default=None, compare=False)
    """The name of what the limits are of, for people."""
    busy: frozenset[str] = field(default=frozenset(), compare=False)
    """Processes that are known to work: when some must go, others go first. No reason to change anything by itself."""

    @cached_property
    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that change when, and only when, running processes must be replaced."""
        parts = [list(self.argv), self.signal_group, self.working_directory, sorted(self.variables.items())]
        # Left out where nothing was asked for: fingerprints of what an earlier engineroom started must stay as they are.
        if self.generation:
            parts.append(self.generation)
        if self.os_user is not None or self.umask is not None:
            parts.append([self.os_user, self.umask])
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]

    @property
    def wanted(self) -> int:
        """How many processes should run in all."""
        return self.processes * self.replicas
