"""Instances whose number of replicas is decided, with all that decides it."""

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, select

from engineroom.model.applications.environment import EnvironmentStatus
from engineroom.model.ids import BackgroundProcessId, InstanceId
from engineroom.model.instances.instance import ScalingType
from engineroom.model.scaling import effect
from engineroom.store.databases.rows import AnyRow, converted, readable
from engineroom.store.schema.tables import background_processes, environments, instances, scales

_SCALED = (
    select(
        instances.c.id,
        instances.c.size,
        instances.c.scaling_type,
        instances.c.min_replicas,
        instances.c.max_replicas,
        instances.c.scaling_cpu_threshold_percentage,
        instances.c.scaling_memory_threshold_percentage,
        scales.c.number,
    )
    .join(environments, environments.c.id == instances.c.environment_id)
    .outerjoin(scales, scales.c.subject_id == instances.c.id)
    .where(
        instances.c.scaling_type != ScalingType.NONE,
        environments.c.status == EnvironmentStatus.RUNNING,
        instances.c.deleted_at.is_(None),
    )
    .order_by(instances.c.created_at, instances.c.id)
)
_SCALED_ON = _SCALED.where(environments.c.host == bindparam("of_host"))
_PROCESSES = (
    select(background_processes.c.id, background_processes.c.instance_id)
    .where(
        background_processes.c.instance_id.in_(bindparam("ids", expanding=True)),
        background_processes.c.deleted_at.is_(None),
    )
    .order_by(background_processes.c.created_at, background_processes.c.id)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaledInstance:
    """An instance, its present number of replicas, and what runs on each of them."""

    id: InstanceId
    size: str
    scaling_type: ScalingType
    min_replicas: int
    max_replicas: int
    cpu_percentage: int | None
    memory_percentage: int | None
    replicas: int
    background_processes: tuple[BackgroundProcessId, ...]


def scaled_instances(connection: Connection, host: str | None = None) -> list[ScaledInstance]:
    """Return all of them, oldest first; with a host, those in the environments that it has claimed.

    In an environment that does not run, nothing is scaled.
    """
    statement = _SCALED if host is None else _SCALED_ON
    rows = readable(lambda: connection.execute(statement, {"of_host": host} if host else {}), lambda row: row)
    of: dict[str, list[BackgroundProcessId]] = {row.id: [] for row in rows}
    for found in connection.execute(_PROCESSES, {"ids": list(of)}) if of else ():
        of[found.instance_id].append(found.id)
    return converted(rows, lambda row: _from_row(row, of[row.id]))


def _from_row(row: AnyRow, of: list[BackgroundProcessId]) -> ScaledInstance:
    kind = ScalingType(row.scaling_type)
    min_replicas, max_replicas = effect.replica_bounds(kind, row.min_replicas, row.max_replicas)
    return ScaledInstance(
        id=row.id,
        size=row.size,
        scaling_type=kind,
        min_replicas=min_replicas,
        max_replicas=max_replicas,
        cpu_percentage=row.scaling_cpu_threshold_percentage,
        memory_percentage=row.scaling_memory_threshold_percentage,
        replicas=effect.replicas(kind, row.min_replicas, row.max_replicas, row.number),
        background_processes=tuple(of),
    )
