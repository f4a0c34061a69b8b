"""Linking: an application, with one environment and its instance, that runs code in place in a folder."""

import os
import pwd
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection

from engineroom.control.changes import applications as applications_control
from engineroom.control.changes import environments as environments_control
from engineroom.control.changes.changing import Actor
from engineroom.control.changes.defaults import app_instance
from engineroom.model.applications.application import Application
from engineroom.model.applications.environment import (
    DEFAULT_SHUTDOWN_TIMEOUT_SECONDS,
    Environment,
    EnvironmentStatus,
)
from engineroom.model.applications.variables import EnvironmentVariable
from engineroom.model.ids import (
    ApplicationId,
    BackgroundProcessId,
    EnvironmentId,
    InstanceId,
    new_application_id,
    new_environment_id,
)
from engineroom.model.instances import sizes
from engineroom.model.instances.instance import HOST_SIZE
from engineroom.model.slug import new_vanity_domain, unique_slug
from engineroom.store import Store
from engineroom.store.queries import applications, environment_variables, environments, instances
from engineroom.store.queries.access import organizations
from engineroom.store.queries.hosts import claims

_REGION = "us-east-2"
_ENVIRONMENT = "production"
_MIN_NAME_LENGTH, _MAX_NAME_LENGTH = 3, 40
_KEY = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


class LinkError(Exception):
    """A folder cannot be linked, why, and what to do next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """The ids of what linking made, or had made before. `changed` says what differs since then, None when it is new."""

    application: ApplicationId
    environment: EnvironmentId
    instance: InstanceId
    changed: Sequence[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunAs:
    """Who runs the processes on this host, None for the owner of the folder, and with which umask, None for the usual one.

    It is chosen on the host, by whoever administers it, and never over HTTP.
    """

    os_user: str | None = None
    umask: int | None = None


AS_ITS_OWNER = RunAs()


async def link(
    store: Store, directory: Path, name: str, variables: Mapping[str, str], run_as: RunAs = AS_ITS_OWNER
) -> Linked:
    """Make an application `name` whose environment runs the code in `directory`, with these variables.

    Raises LinkError when there is no such folder or user, or when the name or a variable does not fit the contract.
    """
    _check_name(name)
    _check_variables(variables)
    _check_user(run_as.os_user)
    folder = given_path(directory)

    def write(connection: Connection) -> Linked:
        linked = _make(connection, folder, name, variables, run_as)
        if store.host is not None:
            # The folder is on this host, so its processes have to be, too.
            claims.claim(connection, store.host, [linked.environment])
        return linked

    return await store.write(write)


async def link_once(
    store: Store,
    directory: Path,
    name: str | None,
    variables: Mapping[str, str],
    run_as: RunAs = AS_ITS_OWNER,
) -> Linked:
    """Link the folder, or bring what it was linked as before up to date with what is said now.

    Without a name a new application has that of the folder, and an old one keeps its own. Raises LinkError.
    """
    _check_variables(variables)
    _check_user(run_as.os_user)
    folder = given_path(directory)

    def write(connection: Connection) -> Linked | None:
        before = _linked_as(connection, folder)
        return None if before is None else _update(connection, before, name, variables, run_as)

    if name is not None:
        _check_name(name)
    return await store.write(write) or await link(
        store, directory, Path(folder).name if name is None else name, variables, run_as
    )


async def unlink(store: Store, directory: Path) -> str:
    """Delete the application that a folder was linked as, so that everything in it drains, and return the folder's path.

    Of an application with other environments only the one in this folder is deleted. Raises LinkError.
    """
    folder = absolute(directory)

    def read(connection: Connection) -> tuple[Environment | None, bool]:
        before = _linked_as(connection, folder)
        if before is None:
            return None, False
        organization = organizations.default(connection).id
        return before, len(
            environments.of_applications(connection, organization, [before.application_id])
        ) == 1

    before, alone = await store.read(read)
    if before is None:
        raise LinkError(f"cannot unlink {folder}: it is not linked; give the path that it was linked by")
    actor = Actor(organization_id=(await store.read(organizations.default)).id, name="engineroom unlink")
    if alone:
        await applications_control.delete(_Alone(store), actor, before.application_id)
    else:
        await environments_control.delete(_Alone(store), actor, before.id)
    return folder


@dataclass(frozen=True, slots=True)
class _Alone:
    """A command that changes the store; the server sees by itself what has changed."""

    store: Store

    def wake(self, ids: Iterable[BackgroundProcessId]) -> None:
        """Nobody is here to be woken."""

    def begin(self) -> None:
        """Nobody is here to begin."""


def _linked_as(connection: Connection, folder: str) -> Environment | None:
    """Return the environment of the first organization that runs the code in a folder."""
    organization = organizations.default(connection).id
    owned = environments.in_folder(connection, organization, folder)
    return owned[0] if owned else None


def _update(
    connection: Connection,
    before: Environment,
    name: str | None,
    variables: Mapping[str, str],
    run_as: RunAs,
) -> Linked:
    organization = organizations.default(connection).id
    [application] = applications.some(connection, organization, [before.application_id])
    [instance, *_] = instances.of_environments(connection, organization, [before.id])
    changed = []
    if name is not None and name != application.name:
        applications.replace(connection, replace(application, name=name))
        changed.append("name")
    known = {variable.key: str(variable.value) for variable in before.variables}
    if not variables.items() <= known.items():
        merged = {**known, **variables}
        new = tuple(EnvironmentVariable(key=key, value=value) for key, value in merged.items())
        environment_variables.put(connection, before, new, deployed=True)
        changed.append("variables")
    given = {key: value for key, value in asdict(run_as).items() if value is not None}
    after = replace(before, **given)
    if after != before:
        environments.replace(connection, after)
        changed += given
    return Linked(
        application=application.id, environment=before.id, instance=instance.id, changed=tuple(changed)
    )


async def resize(store: Store, instance: InstanceId, size: str | None) -> str:
    """Give an instance this size, None for the one that it has, and return what it is now. Raises LinkError."""
    check_size(size)

    def write(connection: Connection) -> str:
        (found,) = instances.some(connection, organizations.default(connection).id, [instance])
        if size is None:
            return found.size
        instances.replace(connection, replace(found, size=size))
        return size

    return await store.write(write)


def check_size(size: str | None) -> None:
    """Raise LinkError when there is no such size."""
    if size is not None and size != HOST_SIZE and sizes.find(size) is None:
        raise LinkError(
            f"cannot give it the size {size!r}: there is none of this name; give --size {HOST_SIZE}, or one that "
            "GET /api/instances/sizes lists"
        )


def _make(
    connection: Connection, folder: str, name: str, variables: Mapping[str, str], run_as: RunAs
) -> Linked:
    application = _application(connection, name)
    environment = replace(_environment(application, folder, variables), **asdict(run_as))
    instance = app_instance(environment, HOST_SIZE)
    applications.add(connection, application)
    environments.add(connection, environment)
    instances.add(connection, instance)
    return Linked(application=application.id, environment=environment.id, instance=instance.id)


def _application(connection: Connection, name: str) -> Application:
    organization = organizations.default(connection)
    return Application(
        id=new_application_id(),
        organization_id=organization.id,
        default_environment_id=new_environment_id(),
        name=name,
        slug=unique_slug(name, applications.slugs(connection, organization.id)),
        region=_REGION,
        repository=None,
        created_at=datetime.now(UTC),
    )


def _environment(application: Application, folder: str, variables: Mapping[str, str]) -> Environment:
    return Environment(
        id=application.default_environment_id or new_environment_id(),
        application_id=application.id,
        name=_ENVIRONMENT,
        slug=_ENVIRONMENT,
        status=EnvironmentStatus.RUNNING,
        vanity_domain=new_vanity_domain(application.slug, _ENVIRONMENT),
        directory=folder,
        variables=tuple(EnvironmentVariable(key=key, value=value) for key, value in variables.items()),
        shutdown_timeout_seconds=DEFAULT_SHUTDOWN_TIMEOUT_SECONDS,
        created_at=application.created_at,
    )


def _check_name(name: str) -> None:
    if not _MIN_NAME_LENGTH <= len(name) <= _MAX_NAME_LENGTH or not name.isprintable():
        raise LinkError(
            f"cannot use {name!r} as an application's name: it must have {_MIN_NAME_LENGTH} to {_MAX_NAME_LENGTH} "
            "characters; give another one with --name"
        )


def _check_variables(variables: Mapping[str, str]) -> None:
    for key, value in variables.items():
        if not _KEY.fullmatch(key):
            raise LinkError(
                f"cannot use {key!r} as a variable's name: letters, digits and underscores may be in it, and no digit "
                "at its start; rename it"
            )
        if "\0" in value:
            raise LinkError(
                f"cannot use the value of {key}: no process can be given a NUL character; remove it"
            )


def _check_user(os_user: str | None) -> None:
    if os_user is None or os_user.isdecimal():
        return
    try:
        pwd.getpwnam(os_user)
    except (KeyError, ValueError):
        raise LinkError(
            f"cannot run processes as {os_user!r}: this host has no such user; make it, or give another --user"
        ) from None


def given_path(directory: Path) -> str:
    """Return the absolute path of a folder as it was given, links in it included: they are followed at each start.

    Raises LinkError when there is no such folder.
    """
    folder = absolute(directory)
    if not os.path.isdir(folder):  # noqa: PTH112
        reason = "it is not a folder" if os.path.lexists(folder) else "there is no such folder"
        raise LinkError(f"cannot link {folder}: {reason}; give the folder that the application's code is in")
    try:
        folder.encode()
    except UnicodeEncodeError:
        raise LinkError(f"cannot link {folder!s:.200a}: its path is not UTF-8; rename or move it") from None
    return folder


def absolute(directory: Path) -> str:
    """Return the absolute path of a folder that may be gone; links in it stay."""
    path = directory.expanduser()
    if ".." in path.parts:
        path = path.resolve()  # what is above a link is not what is above its name
    return str(_here() / path)


def _here() -> Path:
    """Return the present folder as the shell shows it (POSIX, `pwd -L`): in `current` it is `current`, and no release."""
    shown = os.environ.get("PWD", "")
    try:
        if shown.startswith("/") and ".." not in shown.split("/") and os.path.samefile(shown, "."):  # noqa: PTH121
            return Path(shown)
    except OSError:
        pass
    return Path.cwd()
