"""Which host runs what, where several servers work on one database: an environment runs on the host that claimed it.

The first server to look after an environment claims it for good, so no two hosts ever start the same processes.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, or_, select, update

from engineroom.model.ids import BackgroundProcessId, EnvironmentId, OrganizationId
from engineroom.store.schema.tables import applications, background_processes, environments, instances

_UNCLAIMED = (
    select(environments.c.id)
    .join(instances, instances.c.environment_id == environments.c.id)
    .join(background_processes, background_processes.c.instance_id == instances.c.id)
    .where(environments.c.host.is_(None))
    .distinct()
)
_UNCLAIMED_OF = _UNCLAIMED.where(background_processes.c.id.in_(bindparam("ids", expanding=True)))
_CLAIM = update(environments).where(
    environments.c.id.in_(bindparam("environment_ids", expanding=True)), environments.c.host.is_(None)
)
_OF_ENVIRONMENT = select(environments.c.host).where(environments.c.id == bindparam("id"))
_CLAIMED = (
    select(
        environments.c.host,
        environments.c.id,
        environments.c.name,
        applications.c.name.label("application_name"),
        applications.c.organization_id,
    )
    .join(applications, applications.c.id == environments.c.application_id)
    .where(environments.c.host.in_(bindparam("hosts", expanding=True)), environments.c.deleted_at.is_(None))
    .order_by(applications.c.name, environments.c.name, environments.c.id)
)


_FOLDERS = (
    select(environments.c.directory, environments.c.os_user, applications.c.organization_id)
    .join(applications, applications.c.id == environments.c.application_id)
    .where(environments.c.directory != "", environments.c.deleted_at.is_(None))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A folder that an environment of an organization runs code in; `os_user` None is its owner."""

    path: str
    os_user: str | None
    organization_id: OrganizationId


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """An environment that belongs to a host; `name` is its application's and its own, for people."""

    host: str
    organization_id: OrganizationId
    environment_id: EnvironmentId
    name: str


def folders(connection: Connection, host: str | None) -> list[Folder]:
    """Return the folders of the environments that run on this host, or that no host has claimed."""
    ours = or_(environments.c.host == host, environments.c.host.is_(None))
    rows = connection.execute(_FOLDERS.where(ours).distinct())
    return [
        Folder(path=row.directory, os_user=row.os_user, organization_id=row.organization_id) for row in rows
    ]


def unclaimed(
    connection: Connection, ids: Iterable[BackgroundProcessId] | None = None
) -> list[EnvironmentId]:
    """Return the environments that have some of these background processes, or any, and that no host has claimed."""
    found = (
        connection.execute(_UNCLAIMED)
        if ids is None
        else connection.execute(_UNCLAIMED_OF, {"ids": list(ids)})
    )
    return list(found.scalars())


def claim(connection: Connection, host: str, environment_ids: Iterable[EnvironmentId]) -> None:
    """Have these environments run on a host, those that are claimed already excepted."""
    connection.execute(_CLAIM, {"environment_ids": list(environment_ids), "host": host})


def of_environment(connection: Connection, environment: EnvironmentId) -> str | None:
    """Return the host that an environment belongs to; None where none has claimed it."""
    found: str | None = connection.execute(_OF_ENVIRONMENT, {"id": environment}).scalar_one_or_none()
    return found


def claimed(connection: Connection, hosts: Collection[str]) -> list[Claimed]:
    """Return the environments that belong to these hosts, by name; deleted ones are left out."""
    if not hosts:
        return []
    return [
        Claimed(
            host=row.host,
            organization_id=row.organization_id,
            environment_id=row.id,
            name=f"{row.application_name} ({row.name})",
        )
        for row in connection.execute(_CLAIMED, {"hosts": list(hosts)})
    ]
