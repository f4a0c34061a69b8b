"""The local runtime: keeps a mirror of what the keeper has, plans from it, and has the keeper do the difference."""

import asyncio
import contextlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import structlog

from engineroom.model.event import Event
from engineroom.model.ids import BackgroundProcessId, InstanceId, RunId
from engineroom.model.instances.limits import Usage
from engineroom.model.instances.replica import Replica
from engineroom.model.logs.output import Chunk, StreamId
from engineroom.model.processes.process import Process
from engineroom.model.processes.run import Run
from engineroom.model.processes.workload import Workload
from engineroom.runtime.base import Capabilities, Listener, Report, RunRefusedError, RuntimeUnavailableError
from engineroom.runtime.local import translation
from engineroom.runtime.local.difference import Difference
from engineroom.runtime.local.earlier_runs import EarlierRuns
from engineroom.runtime.local.keeper import PROTOCOL, Keeper, KeeperError, KeeperLauncher, answered
from engineroom.runtime.local.limits import LimitsTold
from engineroom.runtime.local.messages import (
    Counted,
    Happened,
    Hello,
    Known,
    OutputTold,
    ProtocolError,
    RefusedError,
    understood,
)
from engineroom.runtime.local.mirror import Mirror, Stop
from engineroom.runtime.local.output import OutputReader
from engineroom.runtime.local.presence import Presence
from engineroom.runtime.local.runs import Runs
from engineroom.runtime.local.session import Handlers, Session
from engineroom.runtime.local.upgrades import Upgrades
from engineroom.runtime.local.usage import Gauge
from engineroom.runtime.replicas import replicas_of

JsonObject = dict[str, Any]

_DRAIN_SLACK_SECONDS = 30.0
"""So much longer than processes may take to stop is waited for the keeper, which kills them then."""

_DELETED = "its background process was deleted"
_log = structlog.get_logger()


class LocalRuntime:
    """Runs workloads on this host through the keeper in `folder`. See `engineroom.runtime.base.Runtime`."""

    def __init__(self, folder: Path, *, output_kept_bytes: int = 8 * 1024 * 1024) -> None:
        self._launcher = KeeperLauncher(folder)
        self._presence = Presence(self._tell)
        self._session = Session(
            self._launcher,
            Handlers(
                greet=self._greet,
                take=self._take,
                misunderstood=self._misunderstood,
                heard=self._presence.heard,
                lost=self._lost,
            ),
        )
        self._output = OutputReader(folder)
        self._output_kept_bytes = output_kept_bytes
        self._keeper: Keeper | None = None
        self._listener: Listener = lambda report: None  # noqa: ARG005
        self._cursor = ("", 0)
        self._mirror = Mirror()
        self._difference = Difference(self._mirror, self._converge_soon)
        self._runs = Runs(folder / "runs")
        self._earlier_runs = EarlierRuns(folder / "one-offs")
        self._usage_task: asyncio.Task[None] | None = None
        self._upgrades = Upgrades()
        self._sequence_seen = 0
        self._skips_history = False
        self._drain_seconds: float | None = None
        self._protocol = PROTOCOL
        self._limits = LimitsTold()
        self._gauge = Gauge()

    @property
    def capabilities(self) -> Capabilities:
        """See Runtime.capabilities."""
        return Capabilities(name="local", multiple_hosts=False, unlimited=self._limits.unlimited)

    @property
    def reachable(self) -> bool:
        """See Runtime.reachable."""
        return self._presence.is_there

    @property
    def missed(self) -> bool:
        """See Runtime.missed."""
        return self._presence.is_missed

    @property
    def absence(self) -> str | None:
        """See Runtime.absence."""
        return self._presence.reason if self._presence.is_missed else None

    async def open(self, listener: Listener, cursor: str | None) -> None:
        """See Runtime.open."""
        self._listener = listener
        self._earlier_runs.open()
        epoch, _, sequence = (cursor or ":0").partition(":")
        self._cursor = (epoch, int(sequence))
        await self._session.open()
        self._usage_task = asyncio.create_task(self._gauge.watch(self._count_usage))

    async def apply(self, workloads: Sequence[Workload]) -> None:
        """See Runtime.apply."""
        for workload in workloads:
            self._difference.want(workload)
        self._limit(workloads)
        await self._converge(workload.background_process for workload in workloads)

    async def remove(
        self,
        background_processes: Sequence[BackgroundProcessId],
        *,
        stop_timeout_seconds: float,
        force: bool = False,
    ) -> None:
        """See Runtime.remove."""
        for background_process in background_processes:
            self._difference.let_go(background_process, Stop(stop_timeout_seconds, force, _DELETED))
        await self._converge(background_processes)

    def processes(self, background_process: BackgroundProcessId) -> Sequence[Process]:
        """See Runtime.processes."""
        known = self._mirror.processes(background_process)
        if self._presence.is_stale:
            return self._presence.aged(known)
        return [self._gauge.complete(process) for process in known]

    def replicas(self, instance: InstanceId) -> Sequence[Replica]:
        """See Runtime.replicas."""

        def usage(number: int) -> Usage | None:
            return None if self._presence.is_stale else self._gauge.read(f"{instance}.{number}")

        return replicas_of(instance, self._difference.workloads.values(), self.processes, usage)

    def background_processes(self) -> frozenset[BackgroundProcessId]:
        """See Runtime.background_processes."""
        return self._mirror.background_processes()

    async def run(self, runs: Sequence[Run]) -> None:
        """See Runtime.run. Raises RuntimeUnavailableError while the keeper is away."""
        earlier = [run.id for run in runs if self._earlier_runs.has_begun(run.id)]
        if over := [ended for run in earlier if (ended := self._earlier_runs.finished(run)) is not None]:
            self._listener(Report(changed=frozenset(), events=(), cursor=self._cursor_text(), finished=over))
        if new := [run for run in runs if not (run.id in earlier or self._runs.has_begun(run.id))]:
            self._present()
            try:
                await answered(self._send([(self._runs.spec(run), run) for run in new], {}))
            except KeeperError as error:
                self._runs.refused(new)
                raise RunRefusedError(str(error)) from None

    async def end_runs(self, runs: Sequence[RunId], *, stop_timeout_seconds: float) -> None:
        """See Runtime.end_runs. Raises RuntimeUnavailableError while the keeper is away."""
        ids = [run for run in runs if run in self._runs.going()]
        if ids:
            call = self._present().send("stop", ids=ids, timeout_seconds=stop_timeout_seconds, force=False)
            await answered([call])

    def runs(self) -> frozenset[RunId]:
        """See Runtime.runs."""
        return self._runs.going() | self._earlier_runs.going()

    def _present(self) -> Keeper:
        if self._keeper is None:
            raise RuntimeUnavailableError(self._presence.reason)
        return self._keeper

    async def drain(self, *, stop_timeout_seconds: float) -> None:
        """See Runtime.drain. The keeper ends when it has nothing left to keep."""
        self._difference.workloads.clear()
        self._drain_seconds = stop_timeout_seconds
        if self._keeper is not None:
            await answered([self._keeper.send("shutdown", timeout_seconds=stop_timeout_seconds)])
        try:
            async with asyncio.timeout(stop_timeout_seconds + _DRAIN_SLACK_SECONDS):
                await self._session.ended()
        except TimeoutError:
            raise RuntimeUnavailableError(f"{self._launcher.why_silent()}; what runs goes on") from None
        finally:
            await self.close()

    async def close(self) -> None:
        """See Runtime.close."""
        if self._usage_task is not None:
            self._usage_task.cancel()
        await self._session.close()
        if self._keeper is not None:
            self._keeper.close()
        self._output.close()

    async def read_output(self, after: Mapping[StreamId, int], *, limit_bytes: int) -> Sequence[Chunk]:
        """See Output.read_output. Needs no keeper."""
        return await asyncio.to_thread(self._output.read, after, limit_bytes)

    def look_at_output(self, processes: Iterable[str]) -> None:
        """See Output.look_at_output."""
        self._output.look_at(processes)

    async def acknowledge_output(self, upto: Mapping[StreamId, int]) -> None:
        """See Output.acknowledge_output. A keeper that is away hears of it when it is there again."""
        self._output.acknowledge(upto)
        if self._keeper is not None and upto:
            names = {f"{id.process}.{id.stream}": offset for id, offset in upto.items()}
            await answered([self._keeper.send("acknowledge_output", upto=names)])

    # The connection

    def _lost(self, silent: str | None) -> bool:
        """Take in that the keeper is gone; return whether there must be another, which drains what is left if need be."""
        self._keeper = None
        if self._drain_seconds is not None and not (
            self._mirror.background_processes() or self._runs.going()
        ):
            return False
        self._presence.lost(silent)
        return True

    def _misunderstood(self, error: ProtocolError) -> None:
        """Say loudly what makes no sense, and ask no more for its event, or for any from before if it had no number."""
        if isinstance(error, RefusedError):
            self._refused(str(error))
            return
        self._skips_history = error.sequence is None
        if error.sequence is not None:
            self._cursor = (self._cursor[0], max(error.sequence, self._cursor[1]))
        self._complain(str(error))

    def _complain(self, reason: str) -> None:
        _log.error("The keeper is not understood.", action="keeper.misunderstood", reason=reason)
        self._tell(translation.keeper_misunderstood(reason))

    def _refused(self, reason: str) -> None:
        _log.error("The keeper does not understand the server.", action="keeper.refused", reason=reason)
        self._tell(translation.keeper_refused(reason))

    def _tell(self, event: Event) -> None:
        self._listener(Report(changed=frozenset(), events=[event], cursor=self._cursor_text()))

    async def _greet(self, keeper: Keeper, hello: Hello) -> None:
        """Learn what the keeper has, and have it tell what happened since we last listened."""
        await self._upgrades.bring_up_to_date(keeper, hello)
        self._protocol = hello.protocol
        self._limits.begin_anew(hello)
        if self._skips_history:
            self._cursor = (hello.epoch, hello.sequence)
            self._skips_history = False
        epoch, sequence = self._cursor
        known = await keeper.ask(Known, "watch", epoch=epoch, after=sequence)
        if known.epoch != epoch:
            self._cursor = (known.epoch, 0)
        elif known.sequence < sequence:
            _log.error(
                "The keeper has gone back to an older state.",
                action="keeper.older",
                lost=sequence - known.sequence,
            )
            self._cursor = (known.epoch, known.sequence)
        processes, faults = understood(known)
        if faults:
            self._complain(f"{len(faults)} of its processes are left alone: {'; '.join(faults[:3])}")
        self._runs.begin_anew(processes)
        self._mirror.begin_anew(kept for kept in processes if kept.run is None and not kept.is_unknown)
        self._sequence_seen = known.sequence
        self._keeper = keeper
        self._presence.greeted(hello)
        everything = self._mirror.background_processes() | self._difference.background_processes()
        self._listener(Report(changed=everything, events=(), cursor=self._cursor_text()))
        # Not awaited: their answers are taken in by who waits for this greeting to end.
        self._limit(self._difference.workloads.values())
        asyncio.ensure_future(self._watch_output(keeper)).add_done_callback(self._report_refusal)
        self._converge_soon(everything)
        if self._drain_seconds is not None:
            self._unwaited([keeper.send("shutdown", timeout_seconds=self._drain_seconds)])

    async def _watch_output(self, keeper: Keeper) -> None:
        """Have the keeper tell what can be read, look once at what it told nobody before, and say what was stored."""
        with contextlib.suppress(ConnectionError, KeeperError):  # an earlier version does not know of it
            await keeper.call("watch_output", kept_bytes=self._output_kept_bytes)
            self._output.look_again()
            await self.acknowledge_output(dict(self._output.acknowledged))

    def _take(self, entries: list[Happened | OutputTold]) -> None:
        """Take in events that arrived together, tell the listener, and do what follows from them."""
        changed: set[BackgroundProcessId] = set()
        events = []
        finished = []
        for entry in entries:
            if isinstance(entry, OutputTold):
                self._output.take(entry.output)
                continue
            self._cursor = (self._cursor[0], entry.sequence)
            if entry.process.run is not None:
                finished.append(self._runs.take(entry.process))
                continue
            if entry.sequence > self._sequence_seen and not entry.process.is_unknown:
                changed.add(self._mirror.take(entry.process))
            told = translation.event(entry)
            if told is not None:
                events.append(told)
        if not (changed or events or finished):
            return
        self._listener(
            Report(
                changed=frozenset(changed),
                events=events,
                cursor=self._cursor_text(),
                finished=[one for one in finished if one is not None],
            )
        )
        self._converge_soon(changed)

    def _cursor_text(self) -> str:
        return "{}:{}".format(*self._cursor)

    # The difference

    def _converge_soon(self, background_processes: Iterable[BackgroundProcessId]) -> None:
        wanted = list(background_processes)
        self._unwaited(self._adjust(wanted))
        self._unwaited(self._send(*self._difference.of(wanted, self._protocol)))

    async def _converge(self, background_processes: Iterable[BackgroundProcessId]) -> None:
        if self._keeper is not None:
            wanted = list(background_processes)
            # Before what is stopped is stopped, and in the same order on the connection.
            adjusted = self._adjust(wanted)
            await answered(adjusted + self._send(*self._difference.of(wanted, self._protocol)))

    def _adjust(
        self, background_processes: Sequence[BackgroundProcessId]
    ) -> list[asyncio.Future[JsonObject]]:
        """Tell the keeper how processes are to be stopped, where it knows otherwise."""
        if self._keeper is None or not (manners := self._difference.manners(background_processes)):
            return []
        return [self._keeper.send("adjust", manners=manners)]

    def _send(
        self, starts: Sequence[tuple[JsonObject, Workload | Run]], stops: Mapping[Stop, list[str]]
    ) -> list[asyncio.Future[JsonObject]]:
        """Ask the keeper for it at once, so that it hears of decisions in the order in which they were made."""
        keeper = self._keeper
        if keeper is None:
            return []
        calls = [keeper.send("stop", ids=ids, **how._asdict()) for how, ids in stops.items() if ids]
        for some in translation.in_requests(starts):
            specs = [spec for spec, _ in some]
            calls.append(keeper.send("start", processes=specs, groups=self._limits.of_starts(some)))
        return calls

    # Limits and usage

    def _limit(self, workloads: Iterable[Workload]) -> None:
        """Tell the keeper of limits that have changed."""
        if self._keeper is None or self._protocol < translation.LIMITS_PROTOCOL:
            return
        changed = self._limits.changed(workloads, self._mirror)
        if changed:
            self._unwaited([self._keeper.send("limit", groups=changed)])

    async def _count_usage(self) -> Counted | None:
        if self._keeper is None or self._protocol < translation.LIMITS_PROTOCOL:
            return None
        with contextlib.suppress(ConnectionError, KeeperError):
            return await self._keeper.ask(Counted, "usage")
        return None

    # What nobody waits for

    def _unwaited(self, calls: list[asyncio.Future[JsonObject]]) -> None:
        """Have it told when the keeper refuses one of these."""
        if calls:
            asyncio.ensure_future(answered(calls)).add_done_callback(self._report_refusal)

    def _report_refusal(self, task: asyncio.Future[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is None:
            return
        if self._drain_seconds is None:
            self._refused(str(error))
        else:
            _log.warning(
                "The keeper ends, and refused a request.", action="keeper.refused", reason=str(error)
            )
