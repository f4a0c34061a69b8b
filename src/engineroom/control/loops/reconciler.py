"""Turns what should be into what is asked of the runtime. Level-triggered: waking it only makes it look sooner."""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import structlog

from engineroom.control.loops import targets
from engineroom.control.loops.limits_notice import LimitsNotices
from engineroom.control.loops.progress import measure
from engineroom.control.loops.targets import Target, Targets
from engineroom.control.loops.timings import TIMINGS, Timings
from engineroom.control.loops.unknown_processes import UnknownProcesses
from engineroom.control.outbox import Outbox
from engineroom.model.event import Event
from engineroom.model.ids import BackgroundProcessId, OperationId, new_event_id
from engineroom.model.operation import Progress
from engineroom.model.processes.workload import Workload
from engineroom.runtime.base import Runtime
from engineroom.store import Store
from engineroom.store.queries import wanted as wanted_rows
from engineroom.store.queries.hosts import claims

_BATCH = 250

_log = structlog.get_logger()


class Reconciler:
    """Reads what should be of the background processes that it is woken for, and gives the runtime the difference."""

    def __init__(
        self,
        store: Store,
        runtime: Runtime,
        busy: Callable[[BackgroundProcessId], frozenset[str]] = lambda id: frozenset(),  # noqa: ARG005
        timings: Timings = TIMINGS,
    ) -> None:
        """`busy` tells which processes are known to work, so that others go first when some must."""
        self.targets: dict[BackgroundProcessId, Target] = {}
        self.unfinished: dict[BackgroundProcessId, Target] = {}
        self._store = store
        self._runtime = runtime
        self._busy = busy
        self._timings = timings
        self._limits = LimitsNotices(store, runtime)
        self._outbox = Outbox(store)
        self._unknown = UnknownProcesses(store, runtime)
        self._applied: dict[BackgroundProcessId, Workload] = {}
        self._held: dict[BackgroundProcessId, str] = {}
        self._dirty: set[BackgroundProcessId] = set()
        self._all_dirty = False
        self._woken = asyncio.Event()

    def wake(self, ids: Iterable[BackgroundProcessId]) -> None:
        """Have what should be of these looked at now."""
        self._dirty.update(ids)
        self._woken.set()

    def meet(self, ids: Iterable[BackgroundProcessId]) -> None:
        """Reconcile the ids that were not seen before; they may have come back."""
        strangers = [id for id in ids if id not in self.targets]
        # Before the first look at everything, all are.
        if self.targets and strangers:
            self.wake(strangers)

    async def run(self) -> None:
        """Reconcile until cancelled."""
        clock = asyncio.get_running_loop().time
        full_pass_at = clock()
        while True:
            if clock() >= full_pass_at:
                await self._reconcile(None)
                full_pass_at = clock() + self._timings.full_pass
            with contextlib.suppress(TimeoutError):
                # Not wait_for, which until Python 3.12 may swallow being cancelled (python/cpython issue 86296).
                async with asyncio.timeout_at(full_pass_at):
                    await self._woken.wait()
            if not self._woken.is_set():
                continue
            self._woken.clear()
            dirty = None if self._all_dirty else self._dirty
            self._dirty, self._all_dirty = set(), False
            await self._reconcile(dirty)
            await asyncio.sleep(self._timings.gather)

    def progress(self, background_process: BackgroundProcessId) -> Progress | None:
        """Return how far a background process is; None before it was looked at for the first time."""
        target = self.targets.get(background_process)
        if target is None:
            return None
        return measure(target.workload, self._runtime.processes(background_process))

    def forget(self, background_process: BackgroundProcessId) -> None:
        """Take in that a deleted background process is gone for good."""
        self.targets.pop(background_process, None)
        self.unfinished.pop(background_process, None)
        self._applied.pop(background_process, None)
        self._held.pop(background_process, None)
        self._limits.forget(background_process)

    async def _reconcile(self, ids: set[BackgroundProcessId] | None) -> None:
        """Look at these, or at all. An error must not end the loop: the next pass tries again."""
        try:
            await self._claim(ids)
            for some in await self._batches(ids):
                read = await self._store.read(partial(targets.read, ids=some, host=self._store.host))
                await self._tell(read)
                await self._bring_about(read.targets)
                await self._unknown.look(some - read.targets.keys() - read.held.keys())
        except Exception:  # noqa: BLE001
            _log.exception("Cannot reconcile; trying again soon.", action="reconcile.failed")
            asyncio.get_running_loop().call_later(self._timings.retry, self._wake_again, ids)

    async def _claim(self, ids: set[BackgroundProcessId] | None) -> None:
        """Take on what no server has, where there may be several."""
        host = self._store.host
        if host is None:
            return
        found = await self._store.read(lambda connection: claims.unclaimed(connection, ids))
        if found:
            await self._store.write(lambda connection: claims.claim(connection, host, found))

    async def _batches(self, ids: set[BackgroundProcessId] | None) -> Sequence[set[BackgroundProcessId]]:
        """Return these, or all, a few at a time: between two batches others get their turn."""
        found = sorted(await self._all() if ids is None else ids)
        return [set(found[start : start + _BATCH]) for start in range(0, len(found), _BATCH)]

    async def _all(self) -> set[BackgroundProcessId]:
        """Return everything but what rests: where nothing should run, nothing does, and nothing was asked for."""
        host = self._store.host
        unsettled = await self._store.read(lambda connection: wanted_rows.unsettled_ids(connection, host))
        busy = (id for id, applied in self._applied.items() if applied.processes)
        return {*unsettled, *busy, *self._runtime.background_processes()}

    def _wake_again(self, ids: set[BackgroundProcessId] | None) -> None:
        self._all_dirty = self._all_dirty or ids is None
        self.wake(ids or ())

    def finish(self, recorded: Mapping[BackgroundProcessId, Sequence[OperationId]]) -> None:
        """Take in that these operations on each are recorded as over."""
        for background_process, done in recorded.items():
            target = self.unfinished.get(background_process)
            if target is not None:
                target.operations = [operation for operation in target.operations if operation not in done]
                self._aim(background_process, target)

    def _aim(self, background_process: BackgroundProcessId, target: Target) -> None:
        self.targets[background_process] = target
        if target.unfinished:
            self.unfinished[background_process] = target
        else:
            self.unfinished.pop(background_process, None)

    async def _tell(self, read: Targets) -> None:
        """Tell, once, of each that is held as it is, and why: it concerns nothing beside it."""
        for known in read.targets:
            self._held.pop(known, None)
        news = {id: reason for id, reason in read.held.items() if self._held.get(id) != reason}
        self._held.update(news)
        for id, reason in news.items():
            _log.error(
                "A background process is left as it is.",
                action="background_process.held",
                background_process=id,
                reason=reason,
            )
        await self._outbox.flush(_held_event(id, reason) for id, reason in news.items())

    async def _bring_about(self, found: dict[BackgroundProcessId, Target]) -> None:
        changed = []
        leaving: dict[tuple[float, bool], list[BackgroundProcessId]] = {}
        for background_process, target in found.items():
            self._aim(background_process, target)
            if target.workload is None:
                leaving.setdefault((target.stop_timeout_seconds, target.force), []).append(background_process)
            elif self._applied.get(background_process) != target.workload:
                changed.append(replace(target.workload, busy=self._busy(background_process)))
        if changed:
            await self._runtime.apply(changed)
            self._applied.update((workload.background_process, workload) for workload in changed)
        for (timeout, force), background_processes in leaving.items():
            await self._runtime.remove(background_processes, stop_timeout_seconds=timeout, force=force)
        await self._limits.tell(each.workload for each in found.values() if each.workload is not None)


def _held_event(id: BackgroundProcessId, reason: str) -> Event:
    return Event(
        id=new_event_id(),
        background_process_id=id,
        kind="background_process.held",
        message=f"What runs is left as it is, and nothing is started: {reason}.",
        data={"reason": reason},
        at=datetime.now(UTC),
    )
