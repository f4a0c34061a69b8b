"""Answer for managed queues: there are none here yet, and every endpoint of theirs says so."""

from typing import NoReturn

from engineroom.api.calls.call import Call
from engineroom.api.http.answer import Answer
from engineroom.api.http.errors import ConflictError
from engineroom.api.managed_queues.absence import NONE_HERE
from engineroom.model.instances.instance import Instance


async def make_default(_call: Call, _instance: Instance) -> Answer:
    """Make an instance the environment's default managed queue."""
    _refuse()


async def pause(_call: Call, _instance: Instance) -> Answer:
    """Pause a managed queue."""
    _refuse()


async def resume(_call: Call, _instance: Instance) -> Answer:
    """Resume a managed queue."""
    _refuse()


async def purge(_call: Call, _instance: Instance) -> Answer:
    """Drop the waiting jobs of a managed queue."""
    _refuse()


async def failed_jobs(_call: Call, _instance: Instance) -> Answer:
    """List the failed jobs of a managed queue."""
    _refuse()


async def retry_failed_job(_call: Call, _instance: Instance) -> Answer:
    """Retry a failed job of a managed queue."""
    _refuse()


async def delete_failed_job(_call: Call, _instance: Instance) -> Answer:
    """Delete a failed job of a managed queue."""
    _refuse()


async def delete_failed_jobs(_call: Call, _instance: Instance) -> Answer:
    """Delete failed jobs of a managed queue."""
    _refuse()


def _refuse() -> NoReturn:
    raise ConflictError(NONE_HERE)
