"""The local runtime: keeps a mirror of what the keeper has, plans from it, and has the keeper do the difference."""

import asyncio
import contextlib
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import structlog

from engineroom import __version__
from engineroom.model.ids import BackgroundProcessId
from engineroom.model.process import Process, ProcessState
from engineroom.model.run import Run, RunState
from engineroom.model.workload import Workload
from engineroom.runtime.base import Capabilities, Listener, Report, RuntimeUnavailableError
from engineroom.runtime.local import translation
from engineroom.runtime.local.keeper import PROTOCOL, Keeper, KeeperError, Launcher
from engineroom.runtime.local.mirror import Mirror, Stop
from engineroom.runtime.local.planner import Plan, Slot, plan
from engineroom.runtime.local.runs import RUNS, Runs

JsonObject = dict[str, Any]

_RECONNECT_SECONDS = 0.5
_log = structlog.get_logger()


class LocalRuntime:
    """Runs workloads on this host through the keeper in `folder`. See `engineroom.runtime.base.Runtime`."""

    capabilities = Capabilities(name="local", multiple_hosts=False)

    def __init__(self, folder: Path) -> None:
        self._launcher = Launcher(folder)
        self._runs = Runs(folder / RUNS)
        self._keeper: Keeper | None = None
        self._listener: Listener = lambda report: None  # noqa: ARG005
        self._cursor = ("", 0)
        self._workloads: dict[BackgroundProcessId, Workload] = {}
        self._leaving: dict[BackgroundProcessId, Stop] = {}
        self._mirror = Mirror()
        self._task: asyncio.Task[None] | None = None
        self._opened = asyncio.Event()
        self._upgrade_asked = False
        self._sequence_seen = 0
        self._timers: dict[BackgroundProcessId, asyncio.TimerHandle] = {}
        self._draining = False

    async def open(self, listener: Listener, cursor: str | None) -> None:
        """See Runtime.open."""
        self._listener = listener
        epoch, _, sequence = (cursor or ":0").partition(":")
        self._cursor = (epoch, int(sequence))
        keeper = await self._launcher.connect()
        self._task = asyncio.create_task(self._stay_connected(keeper))
        waiter = asyncio.ensure_future(self._opened.wait())
        await asyncio.wait([waiter, self._task], return_when=asyncio.FIRST_COMPLETED)
        waiter.cancel()
        if self._task.done():
            self._task.result()

    async def apply(self, workloads: Sequence[Workload]) -> None:
        """See Runtime.apply."""
        for workload in workloads:
            self._workloads[workload.background_process] = workload
            self._leaving.pop(workload.background_process, None)
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
            self._leaving[background_process] = Stop(stop_timeout_seconds, force)
        await self._converge(background_processes)

    async def run_once(self, runs: Sequence[Run]) -> Mapping[str, RunState]:
        """See Runtime.run_once."""
        if not runs and not self._runs.any():
            return {}
        return await asyncio.to_thread(self._runs.have, runs)

    def processes(self, background_process: BackgroundProcessId) -> Sequence[Process]:
        """See Runtime.processes."""
        return self._mirror.processes(background_process)

    def background_processes(self) -> frozenset[BackgroundProcessId]:
        """See Runtime.background_processes."""
        return self._mirror.background_processes()

    async def drain(self, *, stop_timeout_seconds: float) -> None:
        """See Runtime.drain. The keeper ends when it has nothing left to keep."""
        self._draining = True
        self._workloads.clear()
        await asyncio.to_thread(self._runs.end_all)
        if self._keeper is not None:
            await self._keeper.call("shutdown", timeout_seconds=stop_timeout_seconds)
        if self._task is not None:
            await self._task

    async def close(self) -> None:
        """See Runtime.close."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._keeper is not None:
            self._keeper.close()

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
        epoch, sequence = self._cursor
        known = await keeper.call("watch", epoch=epoch, after=sequence)
        if known["epoch"] != epoch:
            self._cursor = (known["epoch"], 0)
        self._mirror.begin_anew(known["processes"])
        self._sequence_seen = known["sequence"]
        self._keeper = keeper
        self._opened.set()
        everything = self._mirror.background_processes() | self._workloads.keys() | self._leaving.keys()
        self._listener(Report(changed=everything, events=(), cursor=self._cursor_text()))
        # Not awaited: its answers are taken in by who waits for this greeting to end.
        self._converge_soon(everything)

    async def _bring_up_to_date(self, keeper: Keeper, hello: JsonObject) -> None:
        """Have a keeper of another version execute itself anew, once; its processes go on. Say so when that is no help.

        Raises RuntimeUnavailableError when we would misunderstand each other.
        """
        if hello["version"] == __version__:
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
            if entry["sequence"] > self._sequence_seen:
                changed.add(self._mirror.take(entry["process"]))
            told = translation.event(entry)
            if told is not None:
                events.append(told)
        self._cursor = (self._cursor[0], entries[-1]["sequence"])
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
                starts += [self._begin(workload, slot) for slot in decided.starts]
                how = Stop(workload.stop_timeout_seconds)
                stops[how] += self._mirror.stop(background_process, decided.stops, how)
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
        spec = translation.spec(f"{workload.background_process}-{uuid.uuid4().hex[:12]}", workload, slot)
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
        calls = [
            keeper.send("stop", ids=ids, timeout_seconds=how.timeout_seconds, force=how.force)
            for how, ids in stops.items()
            if ids
        ]
        if starts:
            calls.append(keeper.send("start", processes=starts))
        return calls


async def _answered(calls: list[asyncio.Future[JsonObject]]) -> None:
    """Wait for the answers. When the keeper is gone meanwhile, what it has is looked at afresh on the next connection."""
    for answer in await asyncio.gather(*calls, return_exceptions=True):
        if isinstance(answer, BaseException) and not isinstance(answer, ConnectionError):
            raise answer


def _report_failure(task: asyncio.Future[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.error("The keeper refused a request.", action="keeper.refused", reason=str(error))
