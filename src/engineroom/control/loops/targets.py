"""What background processes should come to, as stored."""

from dataclasses import dataclass, field

from sqlalchemy import Connection

from engineroom.control.workloads import workload
from engineroom.model.applications.variables import unreadable
from engineroom.model.ids import BackgroundProcessId, OperationId
from engineroom.model.processes.workload import Workload
from engineroom.store.queries import operations
from engineroom.store.queries import wanted as wanted_rows
from engineroom.store.queries.wanted import Wanted


@dataclass(slots=True)
class Target:
    """What one background process should come to, as last read from the store.

    `workload` is None for a tombstone; with `force`, what is left of that is killed instead of drained. `operations` are
    those that are complete once it is reached.
    """

    workload: Workload | None
    stop_timeout_seconds: float
    force: bool
    operations: list[OperationId] = field(default_factory=list)

    @property
    def unfinished(self) -> bool:
        """Whether there is something to be recorded once it is reached."""
        return self.workload is None or bool(self.operations)


@dataclass(frozen=True, slots=True)
class Targets:
    """What was read: the target of each, and why the others are left as they are."""

    targets: dict[BackgroundProcessId, Target]
    held: dict[BackgroundProcessId, str]


def read(connection: Connection, ids: set[BackgroundProcessId], host: str | None) -> Targets:
    """Return the target of each, with the operations that were asked for up to this very state of the store."""
    running = operations.running(connection, ids)
    rows, held = wanted_rows.wanted_or_why(connection, ids, host)
    found = Targets({}, held)
    for row in rows:
        id = row.background_process.id
        if not row.deleted and (reason := unreadable(row.variables)):
            found.held[id] = f"a variable of its environment cannot be read: {reason}"
            continue
        try:
            found.targets[id] = _target(row, running.get(id, []))
        except Exception as error:  # noqa: BLE001 - whatever is in a row that nobody of ours has written
            found.held[id] = f"nothing can be made of what is stored of it: {error!r}"
    return found


def _target(row: Wanted, running: list[OperationId]) -> Target:
    return Target(
        workload=None if row.deleted else workload(row),
        stop_timeout_seconds=float(row.shutdown_timeout_seconds),
        force=row.deleted_force,
        operations=running,
    )
