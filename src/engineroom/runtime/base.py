"""The seam between what should run and what runs it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from engineroom.model.event import Event
from engineroom.model.ids import BackgroundProcessId, InstanceId, RunId
from engineroom.model.instances.replica import Replica
from engineroom.model.logs.output import Chunk, StreamId
from engineroom.model.processes.process import Process
from engineroom.model.processes.run import Finished, Run
from engineroom.model.processes.workload import Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a runtime can do beyond the protocol's minimum, and its name: its events are recorded under that.

    `unlimited` says of memory, cpu and processes why they cannot be limited, where they cannot.
    """

    name: str
    multiple_hosts: bool
    unlimited: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What happened since the last report.

    `changed` are the background processes whose processes differ from before. `events` are to be recorded together with
    `cursor`, so that after a restart none is recorded twice and none is left out; so are the runs that have `finished`.
    """

    changed: frozenset[BackgroundProcessId]
    events: Sequence[Event]
    cursor: str
    finished: Sequence[Finished] = ()


Listener = Callable[[Report], None]


class RuntimeUnavailableError(Exception):
    """The runtime cannot be reached right now. What it runs goes on running; it will be asked again."""

    is_outage = True


class RunRefusedError(Exception):
    """A run cannot be carried out as it was asked for, and why."""


class Output(Protocol):
    """What processes print, for a reader that keeps it: each line once and in order, whatever is killed meanwhile.

    The reader stores its position of each stream (the `end` of the last chunk) in the same write as the lines. What it
    does not read in time is bounded: the oldest is dropped, and counted.
    """

    async def read_output(self, after: Mapping[StreamId, int], *, limit_bytes: int) -> Sequence[Chunk]:
        """Return what is behind these positions, not much more than so many bytes; nothing when there is nothing new.

        A stream that is not named is read from its first byte that is still kept and not acknowledged. Processes that
        are gone are read too, until all of theirs is acknowledged. Asked again with the same positions, it returns at
        least the same again. A line that has no end yet is told of whenever it has grown, by a chunk without data.
        """

    def look_at_output(self, processes: Iterable[str]) -> None:
        """Have the next reading see all that these processes have printed by now, be it told of already or not."""

    async def acknowledge_output(self, upto: Mapping[StreamId, int]) -> None:
        """Let everything before these positions go: the reader has stored it durably.

        What is gone and acknowledged to its end is forgotten. Acknowledging again changes nothing; after `open`, a reader
        does so once for all positions that it has stored, as the last ones may not have been heard.
        """


class Runtime(Output, Protocol):
    """Keeps workloads running. Every method may be called again with the same arguments: it then changes nothing."""

    @property
    def capabilities(self) -> Capabilities:
        """What it can do, as far as it is known; all of it once it is open."""

    @property
    def reachable(self) -> bool:
        """Whether it answers right now; what it runs goes on running when it does not."""

    @property
    def missed(self) -> bool:
        """Whether it has not answered for so long that people should know."""

    @property
    def absence(self) -> str | None:
        """Why it has not answered for so long that people should know, and what to do; None while it is not missed."""

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

    def replicas(self, instance: InstanceId) -> Sequence[Replica]:
        """Return the replicas of an instance in which at least one process is there, by number."""

    def background_processes(self) -> frozenset[BackgroundProcessId]:
        """Return the background processes of which at least one process is there, draining ones included."""

    async def run(self, runs: Sequence[Run]) -> None:
        """Carry these out, each once; one that was begun before is left alone.

        They are on their own from then on: what becomes of a workload, or of us, means nothing to them. Raises
        RuntimeUnavailableError, and RunRefusedError when it will not carry them out.
        """

    async def end_runs(self, runs: Sequence[RunId], *, stop_timeout_seconds: float) -> None:
        """Ask these to end, and kill them after this time; one that is over, or unknown, is left alone."""

    def runs(self) -> frozenset[RunId]:
        """Return the runs that are not over."""

    async def drain(self, *, stop_timeout_seconds: float) -> None:
        """Drain everything on this runtime and wait until nothing is left."""

    async def close(self) -> None:
        """Disconnect. What runs goes on running."""
