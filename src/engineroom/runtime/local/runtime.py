"""The local runtime: keeps a mirror of what the keeper has, plans from it, and has the keeper do the difference."""

import asyncio
import contextlib
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import structlog

from engineroom import __version__
from engineroom.model.ids import BackgroundProcessId, InstanceId
from engineroom.model.limits import Usage
from engineroom.model.one_off import OneOff, OneOffState
from engineroom.model.output import Chunk, StreamId
from engineroom.model.process import Process, ProcessState
from engineroom.model.replica import Replica
from engineroom.model.workload import Workload
from engineroom.runtime.base import Capabilities, Listener, Report, RuntimeUnavailableError
from engineroom.runtime.local import translation
from engineroom.runtime.local.keeper import PROTOCOL, Keeper, KeeperError, Launcher
from engineroom.runtime.local.mirror import Mirror, Stop
from engineroom.runtime.local.one_offs import ONE_OFFS, OneOffs
from engineroom.runtime.local.output import OutputReader
from engineroom.runtime.local.planner import Plan, Slot, plan
from engineroom.runtime.local.usage import Gauge
from engineroom.runtime.replicas import replicas_of

JsonObject = dict[str, Any]

_RECONNECT_SECONDS = 0.5
_DELETED = "its background process was deleted"
_REPLACED = "another one takes its place"
_SURPLUS = "fewer processes are wanted"
_USAGE_SECONDS = 5.0
_UNLIMITED_BY_OLD_KEEPER = dict.fromkeys(
    ("memory", "cpu", "processes"), "the keeper that runs is an old one; upgrade it"
)
_log = structlog.get_logger()


class LocalRuntime:
    """Runs workloads on this host through the keeper in `folder`. See `engineroom.runtime.base.Runtime`."""

    def __init__(self, folder: Path, *, output_kept_bytes: int = 8 * 1024 * 1024) -> None:
        self._launcher = Launcher(folder)
        self._one_offs = OneOffs(folder / ONE_OFFS)
        self._output = OutputReader(folder)
        self._output_kept_bytes = output_kept_bytes
        self._keeper: Keeper | None = None
        self._listener: Listener = lambda report: None  # noqa: ARG005
        self._cursor = ("", 0)
        self._workloads: dict[BackgroundProcessId, Workload] = {}
        self._leaving: dict[BackgroundProcessId, Stop] = {}
        self._mirror = Mirror()
        self._task: asyncio.Task[None] | None = None
        self._usage_task: asyncio.Task[None] | None = None
        self._opened = asyncio.Event()
        self._upgrade_asked = False
        self._sequence_seen = 0
        self._timers: dict[BackgroundProcessId, asyncio.TimerHandle] = {}
        self._draining = False
        self._protocol = PROTOCOL
        self._limits: dict[str, JsonObject] = {}
        self._gauge = Gauge()
        self._unlimited: Mapping[str, str] = {}

    @property
    def capabilities(self) -> Capabilities:
        """See Runtime.capabilities."""
        return Capabilities(name="local", multiple_hosts=False, unlimited=self._unlimited)

    async def open(self, listener: Listener, cursor: str | None) -> None:
        """See Runtime.open."""
        self._listener = listener
        epoch, _, sequence = (cursor or ":0").partition(":")
        self._cursor = (epoch, int(sequence))
        keeper = await self._launcher.connect()
        self._task = asyncio.create_task(self._stay_connected(keeper))
        self._usage_task = asyncio.create_task(self._watch_usage())
        waiter = asyncio.ensure_future(self._opened.wait())
        await asyncio.wait([waiter, self._task], return_when=asyncio.FIRST_COMPLETED)
        waiter.cancel()
        if self._task.done():
            self._task.result()

    async def apply(self, workloads: Sequence[Workload]) -> None:
        """See Runtime.apply."""
        self._tell_of_missing_limits(workloads)
        for workload in workloads:
            self._workloads[workload.background_process] = workload
            self._leaving.pop(workload.background_process, None)
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
            self._workloads.pop(background_process, None)
            self._leaving[background_process] = Stop(stop_timeout_seconds, force, _DELETED)
        await self._converge(background_processes)

    async def run_once(self, runs: Sequence[OneOff]) -> Mapping[str, OneOffState]:
        """See Runtime.run_once."""
        if not runs and not self._one_offs.any():
            return {}
        return await asyncio.to_thread(self._one_offs.have, runs)

    def processes(self, background_process: BackgroundProcessId) -> Sequence[Process]:
        """See Runtime.processes."""
        found = self._mirror.processes(background_process)
        return [replace(process, usage=self._gauge.read(process.id)) for process in found]

    def replicas(self, instance: InstanceId) -> Sequence[Replica]:
        """See Runtime.replicas."""

        def usage(number: int) -> Usage | None:
            return self._gauge.read(f"{instance}.{number}")

        return replicas_of(instance, self._workloads.values(), self.processes, usage)

    def background_processes(self) -> frozenset[BackgroundProcessId]:
        """See Runtime.background_processes."""
        return self._mirror.background_processes()

    async def drain(self, *, stop_timeout_seconds: float) -> None:
        """See Runtime.drain. The keeper ends when it has nothing left to keep."""
        self._draining = True
        self._workloads.clear()
        await asyncio.to_thread(self._one_offs.end_all)
        if self._keeper is not None:
            await self._keeper.call("shutdown", timeout_seconds=stop_timeout_seconds)
        if self._task is not None:
            await self._task
        await self.close()

    async def close(self) -> None:
        """See Runtime.close."""
        if self._usage_task is not None:
            self._usage_task.cancel()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._keeper is not None:
            self._keeper.close()
        self._output.close()

    async def read_output(self, after: Mapping[StreamId, int], *, limit_bytes: int) -> Sequence[Chunk]:
        """See Output.read_output. Needs no keeper."""
        return await asyncio.to_thread(self._output.read, after, limit_bytes)

    async def acknowledge_output(self, upto: Mapping[StreamId, int]) -> None:
        """See Output.acknowledge_output. While the keeper is away, there is nobody to hear it."""
        if self._keeper is not None and upto:
            names = {f"{id.process}.{id.stream}": offset for id, offset in upto.items()}
            await _answered([self._keeper.send("acknowledge_output", upto=names)])

    # The connection

    async def _stay_connected(self, keeper: Keeper) -> None:
        """Listen to the keeper; when it is gone, start another, which finds the processes again.

        Raises RuntimeUnavailableError when the first connection comes to nothing.
        """
        while True:
            try:
                await self._listen(keeper)
            except RuntimeUnavailableError as error:
                if not self._opened.is_set():
                    raise
                _log.error("Cannot work with the keeper.", action="keeper.unavailable", reason=str(error))
                await asyncio.sleep(_RECONNECT_SECONDS)
            self._keeper = None
            if self._draining:
                return
            _log.warning("The keeper is gone; connecting again.", action="keeper.lost")
            keeper = await self._reconnect()

    async def _reconnect(self) -> Keeper:
        while True:
            try:
                return await self._launcher.connect()
            except (RuntimeUnavailableError, OSError) as error:
                _log.exception("Cannot reach the keeper.", action="keeper.unavailable", reason=str(error))
                await asyncio.sleep(_RECONNECT_SECONDS)

    async def _listen(self, keeper: Keeper) -> None:
        """Take in what the keeper says, until it is gone. Raises what makes the greeting fail, but for its end."""
        greeting = asyncio.create_task(self._greet(keeper))
        greeting.add_done_callback(
            lambda done: keeper.close() if done.cancelled() or done.exception() else None
        )
        try:
            async for entries in keeper.events():
                await asyncio.wait([greeting])
                if greeting.exception() is None:
                    self._take(entries)
        finally:
            greeting.cancel()
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await greeting

    async def _greet(self, keeper: Keeper) -> None:
        """Learn what the keeper has, and have it tell what happened since we last listened."""
        try:
            hello = await keeper.call("hello")
        except KeeperError as error:
            raise RuntimeUnavailableError(f"the keeper refuses to talk: {error}") from None
        await self._bring_up_to_date(keeper, hello)
        self._protocol = hello["protocol"]
        self._unlimited = hello.get("unlimited", _UNLIMITED_BY_OLD_KEEPER)
        for what, reason in self._unlimited.items():
            _log.warning("Processes run without a limit.", action="limits.unenforced", of=what, reason=reason)
        epoch, sequence = self._cursor
        known = await keeper.call("watch", epoch=epoch, after=sequence)
        if known["epoch"] != epoch:
            self._cursor = (known["epoch"], 0)
        self._mirror.begin_anew(known["processes"])
        self._limits.clear()
        self._sequence_seen = known["sequence"]
        self._keeper = keeper
        self._opened.set()
        everything = self._mirror.background_processes() | self._workloads.keys() | self._leaving.keys()
        self._listener(Report(changed=everything, events=(), cursor=self._cursor_text()))
        # Not awaited: its answers are taken in by who waits for this greeting to end.
        self._limit(self._workloads.values())
        # Not awaited: their answers are taken in by who waits for this greeting to end.
        asyncio.ensure_future(self._watch_output(keeper)).add_done_callback(_report_failure)
        self._converge_soon(everything)

    async def _watch_output(self, keeper: Keeper) -> None:
        """Have the keeper tell what can be read, and look once at what it told nobody before."""
        with contextlib.suppress(ConnectionError):
            await keeper.call("watch_output", kept_bytes=self._output_kept_bytes)
            self._output.look_again()

    async def _bring_up_to_date(self, keeper: Keeper, hello: JsonObject) -> None:
        """Have a keeper of another version execute itself anew, once; its processes go on. Say so when that is no help.

        Raises RuntimeUnavailableError when we would misunderstand each other.
        """
        if hello["version"] == __version__ and hello["protocol"] == PROTOCOL:
            return
        versions = {"keeper": hello["version"], "ours": __version__}
        if not self._upgrade_asked:
            self._upgrade_asked = True
            _log.info("The keeper is of another version; upgrading it.", action="keeper.upgrade", **versions)
            with contextlib.suppress(KeeperError):
                await keeper.call("upgrade")
                raise ConnectionError("the keeper executes itself anew")
        if abs(hello["protocol"] - PROTOCOL) > 1:
            raise RuntimeUnavailableError(
                f"the keeper is of version {hello['version']}, which this server ({__version__}) cannot talk to; "
                "install both from the same version"
            )
        _log.warning("The keeper stays of another version.", action="keeper.version", **versions)

    def _take(self, entries: list[JsonObject]) -> None:
        """Take in events that arrived together, tell the listener, and do what follows from them."""
        changed: set[BackgroundProcessId] = set()
        events = []
        for entry in entries:
            if "output" in entry:
                self._output.take(entry["output"])
                continue
            if entry["sequence"] > self._sequence_seen:
                changed.add(self._mirror.take(entry["process"]))
            told = translation.event(entry)
            if told is not None:
                events.append(told)
            self._cursor = (self._cursor[0], entry["sequence"])
        if not (changed or events):
            return
        self._listener(Report(changed=frozenset(changed), events=events, cursor=self._cursor_text()))
        self._converge_soon(changed)

    def _cursor_text(self) -> str:
        return "{}:{}".format(*self._cursor)

    # The difference

    def _converge_soon(self, background_processes: Iterable[BackgroundProcessId]) -> None:
        calls = self._send(*self._differences(background_processes))
        if calls:
            asyncio.ensure_future(_answered(calls)).add_done_callback(_report_failure)

    async def _converge(self, background_processes: Iterable[BackgroundProcessId]) -> None:
        if self._keeper is not None:
            await _answered(self._send(*self._differences(background_processes)))

    def _differences(
        self, background_processes: Iterable[BackgroundProcessId]
    ) -> tuple[list[JsonObject], dict[Stop, list[str]]]:
        """Return the specs to start, and the processes to stop by how that is done; the mirror shows them at once."""
        starts: list[JsonObject] = []
        stops: dict[Stop, list[str]] = defaultdict(list)
        for background_process in background_processes:
            workload = self._workloads.get(background_process)
            if workload is not None:
                decided = self._plan(workload)
                if translation.can_start(workload, protocol=self._protocol):
                    starts += [self._begin(workload, slot) for slot in decided.starts]
                for ending, reason in ((decided.stops, _REPLACED), (decided.surplus, _SURPLUS)):
                    how = Stop(workload.stop_timeout_seconds, force=False, reason=reason)
                    stops[how] += self._mirror.stop(background_process, ending, how)
            elif background_process in self._leaving:
                ids = self._mirror.ids(background_process)
                if not ids:
                    self._forget(background_process)
                    continue
                how = self._leaving[background_process]
                stops[how] += self._mirror.stop(background_process, ids, how)
        return starts, stops

    def _forget(self, background_process: BackgroundProcessId) -> None:
        """Drop what is known of a background process that is to be removed and has nothing left."""
        self._mirror.forget(background_process)
        del self._leaving[background_process]
        timer = self._timers.pop(background_process, None)
        if timer is not None:
            timer.cancel()

    def _plan(self, workload: Workload) -> Plan:
        background_process = workload.background_process
        decided = plan(workload, self._mirror.occupants(background_process))
        if decided.look_again_seconds is not None:
            previous = self._timers.pop(background_process, None)
            if previous is not None:
                previous.cancel()
            self._timers[background_process] = asyncio.get_running_loop().call_later(
                max(0.001, decided.look_again_seconds), self._converge_soon, [background_process]
            )
        return decided

    def _begin(self, workload: Workload, slot: Slot) -> JsonObject:
        """Return the spec for a slot, which from now on counts as starting."""
        owner = translation.Owner(workload.background_process, slot.replica, slot.index)
        id = translation.new_process_id(owner)
        spec = translation.spec(id, workload, slot, protocol=self._protocol)
        if spec.get("group"):
            self._limits[spec["group"]] = translation.limits(workload)
        self._mirror.start(
            Process(
                id=spec["id"],
                background_process=workload.background_process,
                replica=slot.replica,
                index=slot.index,
                fingerprint=workload.fingerprint,
                state=ProcessState.STARTING,
            )
        )
        return spec

    def _send(
        self, starts: list[JsonObject], stops: dict[Stop, list[str]]
    ) -> list[asyncio.Future[JsonObject]]:
        """Ask the keeper for it at once, so that it hears of decisions in the order in which they were made."""
        keeper = self._keeper
        if keeper is None:
            return []
        calls = [keeper.send("stop", ids=ids, **how._asdict()) for how, ids in stops.items() if ids]
        if starts:
            groups = {name: self._limits[name] for name in {spec.get("group") for spec in starts} if name}
            calls.append(keeper.send("start", processes=starts, groups=groups))
        return calls

    # Limits and usage

    def _limit(self, workloads: Iterable[Workload]) -> None:
        """Tell the keeper of limits that have changed, of replicas in which something runs."""
        changed = {}
        for workload in workloads:
            for occupant in self._mirror.occupants(workload.background_process):
                group, limits = translation.group(workload, occupant.slot), translation.limits(workload)
                if group and self._limits.get(group) != limits:
                    self._limits[group] = changed[group] = limits
        if changed and self._keeper is not None and self._protocol >= translation.LIMITS_PROTOCOL:
            call = self._keeper.send("limit", groups=changed)
            asyncio.ensure_future(_answered([call])).add_done_callback(_report_failure)

    def _tell_of_missing_limits(self, workloads: Sequence[Workload]) -> None:
        new = [each for each in workloads if each.instance and each.background_process not in self._workloads]
        if new and self._unlimited:
            events = [translation.unlimited_event(each, self._unlimited) for each in new]
            self._listener(Report(changed=frozenset(), events=events, cursor=self._cursor_text()))

    async def _watch_usage(self) -> None:
        """Have the keeper count what is used, again and again."""
        counted_at = time.monotonic()
        while True:
            await asyncio.sleep(_USAGE_SECONDS)
            if self._keeper is None or self._protocol < translation.LIMITS_PROTOCOL:
                continue
            with contextlib.suppress(ConnectionError, KeeperError):
                counted = await self._keeper.call("usage")
                now = time.monotonic()
                self._gauge.take({**counted["processes"], **counted["groups"]}, now - counted_at)
                counted_at = now


async def _answered(calls: list[asyncio.Future[JsonObject]]) -> None:
    """Wait for the answers. When the keeper is gone meanwhile, what it has is looked at afresh on the next connection."""
    for answer in await asyncio.gather(*calls, return_exceptions=True):
        if isinstance(answer, BaseException) and not isinstance(answer, ConnectionError):
            raise answer


def _report_failure(task: asyncio.Future[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.error("The keeper refused a request.", action="keeper.refused", reason=str(error))
