"""The endpoints of managed queues (contract sheet, section 3.1): there are none here yet, and every one of them says so."""

from typing import NoReturn

from sqlalchemy import Connection

from engineroom.api.calls.call import Answer, Call
from engineroom.api.http.errors import ConflictError, NotFoundError
from engineroom.model.ids import InstanceId
from engineroom.store.queries import instances

NONE_HERE = (
    "engineroom has no managed queues. "
    "Create an instance of the type service, and a background process of the type worker on it."
)


async def make_default(call: Call) -> Answer:
    """Make an instance the environment's default managed queue."""
    await _refuse(call)


async def pause(call: Call) -> Answer:
    """Pause a managed queue."""
    await _refuse(call)


async def resume(call: Call) -> Answer:
    """Resume a managed queue."""
    await _refuse(call)


async def purge(call: Call) -> Answer:
    """Drop the waiting jobs of a managed queue."""
    await _refuse(call)


async def failed_jobs(call: Call) -> Answer:
    """List the failed jobs of a managed queue."""
    await _refuse(call)


async def retry_failed_job(call: Call) -> Answer:
    """Retry a failed job of a managed queue."""
    await _refuse(call)


async def delete_failed_job(call: Call) -> Answer:
    """Delete a failed job of a managed queue."""
    await _refuse(call)


async def delete_failed_jobs(call: Call) -> Answer:
    """Delete failed jobs of a managed queue."""
    await _refuse(call)


async def _refuse(call: Call) -> NoReturn:
    instance_id = InstanceId(call.id("instance"))

    def read(connection: Connection) -> None:
        if instances.find(connection, call.organization_id, instance_id) is None:
            raise NotFoundError

    await call.read(read)
    raise ConflictError(NONE_HERE)
