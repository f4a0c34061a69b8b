"""The seam between what should run and what runs it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from engineroom.model.event import Event
from engineroom.model.ids import BackgroundProcessId
from engineroom.model.process import Process
from engineroom.model.workload import Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a runtime can do beyond the protocol's minimum, and its name: its events are recorded under that."""

    name: str
    multiple_hosts: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What happened since the last report.

    `changed` are the background processes whose processes differ from before. `events` are to be recorded together with
    `cursor`, so that after a restart none is recorded twice and none is left out.
    """

    changed: frozenset[BackgroundProcessId]
    events: Sequence[Event]
    cursor: str


Listener = Callable[[Report], None]


class RuntimeUnavailableError(Exception):
    """The runtime cannot be reached right now. What it runs goes on running; it will be asked again."""


class Runtime(Protocol):
    """Keeps workloads running. Every method may be called again with the same arguments: it then changes nothing."""

    capabilities: Capabilities

    async def open(self, listener: Listener, cursor: str | None) -> None:
        """Connect, and from then on report to `listener` what happens after `cursor` (None: from the beginning).

        Raises RuntimeUnavailableError when there is no hope of connecting, with what to do in its message.
        """

    async def apply(self, workloads: Sequence[Workload]) -> None:
        """Have exactly these workloads running; those not named stay as they are."""

    async def remove(
        self,
        background_processes: Sequence[BackgroundProcessId],
        *,
        stop_timeout_seconds: float,
        force: bool = False,
    ) -> None:
        """Drain all processes of these background processes, and forget them; nothing is left running afterwards.

        With `force` they are killed at once, those that drain already included.
        """

    def processes(self, background_process: BackgroundProcessId) -> Sequence[Process]:
        """Return what is known of the processes of one background process, by replica and index."""

    def background_processes(self) -> frozenset[BackgroundProcessId]:
        """Return the background processes of which at least one process is there, draining ones included."""

    async def drain(self, *, stop_timeout_seconds: float) -> None:
        """Drain everything on this runtime and wait until nothing is left."""

    async def close(self) -> None:
        """Disconnect. What runs goes on running."""
