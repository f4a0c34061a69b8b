"""What runs and has no row in the database: it was deleted and came back, or the database is an older or another one."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
from sqlalchemy import Connection

from engineroom.control.outbox import Outbox
from engineroom.model.applications.environment import DEFAULT_SHUTDOWN_TIMEOUT_SECONDS
from engineroom.model.event import Event
from engineroom.model.ids import BackgroundProcessId, new_event_id
from engineroom.model.processes.process import ProcessState
from engineroom.runtime.base import Runtime
from engineroom.store import Store
from engineroom.store.queries import background_processes, operations

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Found:
    """Of which the database remembers that they were deleted, and of which it never knew."""

    deleted: list[BackgroundProcessId]
    unknown: list[BackgroundProcessId]


class UnknownProcesses:
    """Removes what was deleted: a runtime that has gone back to an older state runs it again. Leaves all else, and says so.

    Operations outlive what they are about. So what has some and no row was deleted, and what has none may be of a newer
    database than this one: that is nobody's to end here.
    """

    def __init__(self, store: Store, runtime: Runtime) -> None:
        self._store = store
        self._runtime = runtime
        self._outbox = Outbox(store)
        self._told: set[BackgroundProcessId] = set()

    async def look(self, missing: Collection[BackgroundProcessId]) -> None:
        """Look at these, which were asked for and have no row that this server works for."""
        running = [id for id in missing if self._runs(id)]
        if running:
            found = await self._store.read(lambda connection: _find(connection, running))
            await self._remove(found.deleted)
            self._tell([id for id in found.unknown if id not in self._told])
        await self._outbox.flush()

    def _runs(self, id: BackgroundProcessId) -> bool:
        return any(process.state is not ProcessState.DRAINING for process in self._runtime.processes(id))

    async def _remove(self, deleted: list[BackgroundProcessId]) -> None:
        for id in deleted:
            message = (
                f"{id} was deleted, and runs again: the keeper has gone back to an older state, as when its journal was "
                "put back from a copy. It is removed again."
            )
            _log.error(message, action="background_process.removed_again", background_process=id)
            self._outbox.add([_event("background_process.removed_again", message, id)])
        if deleted:
            seconds = float(DEFAULT_SHUTDOWN_TIMEOUT_SECONDS)
            await self._runtime.remove(deleted, stop_timeout_seconds=seconds)

    def _tell(self, unknown: list[BackgroundProcessId]) -> None:
        if not unknown:
            return
        self._told.update(unknown)
        message = (
            f"Something runs that the database does not know of: {', '.join(unknown)}. It goes on, and nobody looks after "
            "it. If the database is an older one, put the newer one back; or stop everything with `engineroom down`, and "
            "start what the database knows with `engineroom serve`."
        )
        _log.error(message, action="background_process.unknown")
        self._outbox.add([_event("background_process.unknown", message)])


def _find(connection: Connection, running: list[BackgroundProcessId]) -> _Found:
    there = background_processes.present(connection, running)
    missing = [id for id in running if id not in there]
    remembered = operations.known_subjects(connection, missing)
    return _Found(
        deleted=[id for id in missing if id in remembered],
        unknown=[id for id in missing if id not in remembered],
    )


def _event(kind: str, message: str, of: BackgroundProcessId | None = None) -> Event:
    return Event(
        id=new_event_id(),
        background_process_id=of,
        kind=kind,
        message=message,
        data={},
        at=datetime.now(UTC),
    )
