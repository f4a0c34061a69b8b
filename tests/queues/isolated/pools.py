"""A pool that measures as a user of this host, from tests that are no coroutines."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from engineroom.model.queue import Measurement, Unknown
from engineroom.queues.base import QueueConnection
from engineroom.queues.isolated.driver import isolated
from engineroom.queues.isolated.pool import Pool
from engineroom.queues.meter import Meter
from engineroom.queues.networks import ANY_NETWORK, Networks
from engineroom.sandbox import Account, Sandbox, Tenant
from engineroom.sandbox.limits import TaskLimits
from engineroom.sandbox.program import TenantCommand
from tests.support.waiting import patient

T = TypeVar("T")

ANSWER_SECONDS = 2.0
_PATIENCE_SECONDS = 60.0


async def a_pool(
    sandbox: Sandbox, home: Path, networks: Networks = ANY_NETWORK, *, answer_seconds: float = ANSWER_SECONDS
) -> Pool:
    tenant = Tenant(folder=str(home))
    ran = await sandbox.run(
        TenantCommand(argv=("sh", "-c", "id -u; id -g")), tenant, TaskLimits(seconds=60, processes=8)
    )
    uid, gid = map(int, ran.output.split())
    return Pool(sandbox, Account(uid, gid), networks, answer_seconds, tenant=tenant)


def a_meter_of(pool: Pool) -> Meter:
    return Meter(driver=isolated(pool), answer_seconds=_PATIENCE_SECONDS)


def with_meter(
    home: Path,
    ask: Callable[[Meter], Awaitable[T]],
    networks: Networks = ANY_NETWORK,
    *,
    answer_seconds: float = 2.0,
) -> T:
    async def asked() -> T:
        sandbox = Sandbox()
        try:
            pool = await a_pool(sandbox, home, networks, answer_seconds=answer_seconds)
            meter = a_meter_of(pool)
            try:
                return await ask(meter)
            finally:
                await meter.close()
                pool.close()
        finally:
            await sandbox.close()

    return asyncio.run(asked())


def measured(
    home: Path, connection: QueueConnection, networks: Networks = ANY_NETWORK, *, answer_seconds: float = 2.0
) -> Measurement | Unknown:
    return with_meter(
        home, lambda meter: meter.measure(connection, "default"), networks, answer_seconds=answer_seconds
    )


async def until_known(meter: Meter, connection: QueueConnection) -> Measurement:
    """Measure until there is a figure."""
    async with asyncio.timeout(patient(_PATIENCE_SECONDS)):
        while isinstance(found := await meter.measure(connection, "default"), Unknown):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return found
