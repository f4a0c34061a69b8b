"""Linking: an application, with one environment and its instance, that runs code in place in a folder."""

import pwd
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection

from engineroom.control.fresh import app_instance
from engineroom.model.application import Application
from engineroom.model.environment import (
    DEFAULT_SHUTDOWN_TIMEOUT_SECONDS,
    Environment,
    EnvironmentStatus,
)
from engineroom.model.ids import (
    ApplicationId,
    EnvironmentId,
    InstanceId,
    new_application_id,
    new_environment_id,
)
from engineroom.model.slug import new_vanity_domain, unique_slug
from engineroom.model.variables import EnvironmentVariable
from engineroom.store import Store, applications, environments, hosts, instances, organizations

_REGION = "us-east-2"
_ENVIRONMENT = "production"
_SHORTEST_NAME, _LONGEST_NAME = 3, 40
_KEY = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


class LinkError(Exception):
    """A folder cannot be linked, why, and what to do next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """The ids of what linking made."""

    application: ApplicationId
    environment: EnvironmentId
    instance: InstanceId


@dataclass(frozen=True, slots=True, kw_only=True)
class RunAs:
    """Who runs the processes on this host, None for the owner of the folder, and with which umask, None for the usual one.

    It is chosen on the host, by whoever administers it, and never over HTTP.
    """

    os_user: str | None = None
    umask: int | None = None


async def link(
    store: Store, directory: Path, name: str, variables: Mapping[str, str], run_as: RunAs = RunAs()
) -> Linked:
    """Make an application `name` whose environment runs the code in `directory`, with these variables.

    Raises LinkError when there is no such folder or user, or when the name or a variable does not fit the contract.
    """
    _check_name(name)
    _check_variables(variables)
    _check_user(run_as.os_user)
    folder = _existing(directory)

    def write(connection: Connection) -> Linked:
        linked = _make(connection, folder, name, variables, run_as)
        if store.host is not None:
            # The folder is on this host, so its processes have to be, too.
            hosts.claim(connection, store.host, [linked.environment])
        return linked

    return await store.write(write)


def _make(
    connection: Connection, folder: Path, name: str, variables: Mapping[str, str], run_as: RunAs
) -> Linked:
    application = _application(connection, name)
    environment = replace(_environment(application, folder, variables), **asdict(run_as))
    instance = app_instance(environment)
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


def _environment(application: Application, folder: Path, variables: Mapping[str, str]) -> Environment:
    return Environment(
        id=application.default_environment_id or new_environment_id(),
        application_id=application.id,
        name=_ENVIRONMENT,
        slug=_ENVIRONMENT,
        status=EnvironmentStatus.RUNNING,
        vanity_domain=new_vanity_domain(application.slug, _ENVIRONMENT),
        directory=str(folder),
        variables=tuple(EnvironmentVariable(key=key, value=value) for key, value in variables.items()),
        shutdown_timeout_seconds=DEFAULT_SHUTDOWN_TIMEOUT_SECONDS,
        created_at=application.created_at,
    )


def _check_name(name: str) -> None:
    if not _SHORTEST_NAME <= len(name) <= _LONGEST_NAME or not name.isprintable():
        raise LinkError(
            f"cannot use {name!r} as an application's name: it must have {_SHORTEST_NAME} to {_LONGEST_NAME} "
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


def _existing(directory: Path) -> Path:
    folder = directory.expanduser().resolve()
    if not folder.is_dir():
        reason = "it is not a folder" if folder.exists() else "there is no such folder"
        raise LinkError(f"cannot link {folder}: {reason}; give the folder that the application's code is in")
    try:
        str(folder).encode()
    except UnicodeEncodeError:
        raise LinkError(f"cannot link {folder!s:.200a}: its path is not UTF-8; rename or move it") from None
    return folder
