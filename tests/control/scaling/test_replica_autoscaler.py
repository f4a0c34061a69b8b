"""Replicas follow what they use of their size, on a real database, with a clock that goes by hand."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, update

from engineroom.control.folders.links import link
from engineroom.control.host_probe import HostProbe
from engineroom.control.scaling.replica_autoscaler import ReplicaAutoscaler
from engineroom.model.ids import BackgroundProcessId, InstanceId
from engineroom.model.instances.capacity import UNKNOWN, Capacity
from engineroom.model.instances.instance import DEFAULT_SIZE
from engineroom.model.instances.limits import UNLIMITED, Usage
from engineroom.model.instances.replica import Replica
from engineroom.model.processes.background_process import BackgroundProcess
from engineroom.model.processes.process import Process, ProcessState
from engineroom.model.scaling.host import Host
from engineroom.store import Store
from engineroom.store.queries import background_processes, events
from engineroom.store.queries import wanted as wanted_rows
from engineroom.store.schema.tables import instances
from tests.runtime.asynchronous import asynchronous
from tests.store.rows import a_background_process
from tests.support.databases import new_sqlite

MIB = 1 << 20


class Replicas:
    """An instance of one vCPU and 512 MiB whose replicas run one process each."""

    def __init__(self, store: Store, of: BackgroundProcess) -> None:
        self.store = store
        self.of = of
        self.now = 1000.0
        self.replicas = 1
        self.cores = 0.0
        self.memory_bytes = 50 * MIB
        self.host: Host | None = None
        self.capacity = UNKNOWN
        self.woken: list[BackgroundProcessId] = []
        self._cpu_seconds: dict[int, float] = {}
        probe = HostProbe(host=lambda: self.host, capacity=lambda: self.capacity, clock=lambda: self.now)
        self.autoscaler = ReplicaAutoscaler(store, self.processes, self.used, self.woken.extend, probe)

    def processes(self, of: BackgroundProcessId) -> list[Process]:
        return [
            Process(
                id=f"p{replica}",
                background_process=of,
                replica=replica,
                index=0,
                fingerprint="",
                state=ProcessState.RUNNING,
                pid=replica,
            )
            for replica in range(1, self.replicas + 1)
        ]

    def used(self, instance: InstanceId) -> list[Replica]:
        return [
            Replica(
                instance=instance,
                number=number,
                limits=UNLIMITED,
                usage=Usage(
                    cpu_seconds=self._cpu_seconds.get(number, 0.0),
                    cpu_percent=None,
                    memory_bytes=self.memory_bytes,
                    processes=1,
                ),
                running=1,
                draining=0,
            )
            for number in range(1, self.replicas + 1)
        ]

    async def after(self, seconds: int) -> int:
        """Let time go by, and return how many replicas there should be then."""
        for _ in range(seconds // 15):
            self.now += 15
            for number in range(1, self.replicas + 1):
                self._cpu_seconds[number] = self._cpu_seconds.get(number, 0.0) + 15 * self.cores
            await self.autoscaler.look()
            [row] = await self.store.read(lambda c: wanted_rows.wanted(c, [self.of.id]))
            self.replicas = row.replicas
        return self.replicas

    async def messages(self) -> list[str]:
        page = await self.store.read(
            lambda connection: events.page(connection, events.Scope("background_process", self.of.id), 1)
        )
        return [event.message for event in reversed(page.items)]


@asynccontextmanager
async def scaled(folder: Path, **fields: Any) -> AsyncIterator[Replicas]:
    store = new_sqlite(folder).open()
    try:
        linked = await link(store, folder, "Shop", {})
        new = a_background_process(linked.instance, processes=1)
        values = {
            "scaling_type": "custom",
            "size": DEFAULT_SIZE,
            "min_replicas": 1,
            "max_replicas": 4,
        } | fields

        def write(connection: Connection) -> None:
            background_processes.add(connection, new)
            connection.execute(update(instances).values(**values))

        await store.write(write)
        yield Replicas(store, new)
    finally:
        store.close()


@asynchronous
async def test_more_replicas_share_the_cpu_and_fewer_do_when_they_are_idle(tmp_path: Path) -> None:
    async with scaled(tmp_path, scaling_cpu_threshold_percentage=50) as instance:
        instance.cores = 0.9
        assert await instance.after(30) == 1, "a replica is not looked at in its first 30 s"
        assert await instance.after(15) == 2
        assert instance.woken == [instance.of.id]
        instance.cores = 0.0
        assert await instance.after(240) == 2
        assert await instance.after(120) == 1
        assert (await instance.messages())[0] == (
            "Scaled replicas 1 → 2: CPU at 90 % of the limit, target 50 %."
        )


@asynchronous
async def test_memory_counts_where_it_has_a_threshold(tmp_path: Path) -> None:
    async with scaled(tmp_path, scaling_memory_threshold_percentage=60) as instance:
        instance.memory_bytes = 480 * MIB
        assert await instance.after(60) == 2


@asynchronous
async def test_auto_has_thresholds_and_bounds_of_its_own(tmp_path: Path) -> None:
    async with scaled(tmp_path, scaling_type="auto", max_replicas=1) as instance:
        instance.cores = 1.0
        assert await instance.after(600) == 10


@asynchronous
async def test_the_size_of_the_host_is_measured_against_what_the_host_has(tmp_path: Path) -> None:
    async with scaled(tmp_path, size="host", scaling_cpu_threshold_percentage=50) as instance:
        instance.capacity = Capacity(memory_bytes=4096 * MIB, cpus=2.0)
        instance.cores = 0.9
        assert await instance.after(60) == 1
        instance.cores = 1.8
        assert await instance.after(30) == 2
        assert (await instance.messages())[0] == (
            "Scaled replicas 1 → 2: CPU at 90 % of what the host has, target 50 %."
        )


@asynchronous
async def test_auto_counts_the_memory_of_the_host_too(tmp_path: Path) -> None:
    async with scaled(tmp_path, size="host", scaling_type="auto") as instance:
        instance.capacity = Capacity(memory_bytes=100 * MIB, cpus=2.0)
        instance.memory_bytes = 95 * MIB
        assert await instance.after(60) == 2


@asynchronous
async def test_where_it_is_not_known_what_the_host_has_the_number_stays(tmp_path: Path) -> None:
    async with scaled(tmp_path, size="host", scaling_type="auto") as instance:
        instance.cores = 64.0
        assert await instance.after(120) == 1
        assert await instance.messages() == []


@asynchronous
async def test_the_number_never_leaves_its_bounds(tmp_path: Path) -> None:
    async with scaled(tmp_path, scaling_cpu_threshold_percentage=50) as instance:
        instance.cores = 1.0
        assert await instance.after(600) == 4


@asynchronous
async def test_a_host_without_room_gets_no_more_replicas(tmp_path: Path) -> None:
    async with scaled(tmp_path, scaling_cpu_threshold_percentage=50) as instance:
        instance.cores = 0.9
        instance.host = Host(
            memory_bytes=1000 * MIB, memory_available_bytes=180 * MIB, cores=8, cores_used=0.0
        )
        assert await instance.after(90) == 1
        [told] = await instance.messages()
        assert told.startswith(
            "Not scaled replicas stays 1: CPU at 90 % of the limit, target 50 %; the host has no memory"
        )


@asynchronous
async def test_instances_that_are_not_scaled_are_left_alone(tmp_path: Path) -> None:
    async with scaled(tmp_path, scaling_type="none", min_replicas=2) as instance:
        instance.cores = 1.0
        assert await instance.after(60) == 2
        assert await instance.messages() == []
