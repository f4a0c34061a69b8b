"""Changes of applications: each is one write of the rows and the operation, and then a wake-up."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from engineroom.control.changes import defaults
from engineroom.control.changes import environments as environments_control
from engineroom.control.changes.changing import Actor, Changing, OperationRecorder, existing
from engineroom.model.applications.application import Application
from engineroom.model.changes import fields_changed
from engineroom.model.ids import ApplicationId, new_environment_id
from engineroom.model.operation import Operation, OperationAction
from engineroom.model.processes.background_process import BackgroundProcess
from engineroom.model.slug import unique_slug
from engineroom.model.token import Token
from engineroom.store.queries import applications, avatars, background_processes, environments, instances
from engineroom.store.queries.avatars import Avatar

DEFAULT_ENVIRONMENT = "main"
"""An environment is named after its branch, as the contract's clients expect to find it."""

Change = Callable[[Application], Application]
"""Returns what an application becomes; may raise, and then nothing is written."""


class UnknownEnvironmentError(Exception):
    """The environment that was to be the default does not belong to the application."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeLocation:
    """The folder whose code an application's default environment runs, and who runs it; without one nothing runs."""

    directory: str | None = None
    os_user: str | None = None


async def create(
    control: Changing, actor: Token, new: Application, where: CodeLocation
) -> tuple[Application, Operation]:
    """Store a new application, its default environment and the app instance of that; return it and the operation."""

    def write(connection: Connection) -> tuple[Application, Operation]:
        slug = unique_slug(new.name, applications.slugs(connection, actor.organization_id))
        made = replace(new, slug=slug, default_environment_id=new_environment_id())
        applications.add(connection, made)
        assert made.default_environment_id is not None
        environment = defaults.environment(
            made,
            defaults.NewEnvironment(
                name=DEFAULT_ENVIRONMENT, directory=where.directory, os_user=where.os_user
            ),
            made.default_environment_id,
        )
        environments_control.add(connection, environment, control.store.host)
        recorder = OperationRecorder(connection, actor, OperationAction.CREATE)
        return made, recorder.record_with(made.id, fields_changed(None, made), [])

    return await control.store.write(write)


async def update(
    control: Changing, actor: Token, application_id: ApplicationId, change: Change
) -> tuple[Application, Operation]:
    """Change an application as it is at the moment of writing; return it with its operation.

    Raises GoneError when the organization of `actor` has none of this id, UnknownEnvironmentError, and what `change` raises.
    """

    def write(connection: Connection) -> tuple[Application, Operation]:
        before = _require(connection, actor, application_id)
        after = _with_unique_slug(connection, before, change(before))
        _check_default(connection, after)
        applications.replace(connection, after)
        recorder = OperationRecorder(connection, actor, OperationAction.UPDATE)
        return after, recorder.record_with(application_id, fields_changed(before, after), [])

    return await control.store.write(write)


async def set_avatar(
    control: Changing, actor: Token, application_id: ApplicationId, avatar: Avatar | None
) -> tuple[Application, Operation]:
    """Store the picture of an application, or remove it. Raises GoneError."""

    def write(connection: Connection) -> tuple[Application, Operation]:
        before = _require(connection, actor, application_id)
        after = replace(before, avatar=avatar.digest if avatar else None)
        applications.replace(connection, after)
        if avatar is None:
            avatars.remove(connection, application_id)
        else:
            avatars.put(connection, application_id, avatar)
        recorder = OperationRecorder(connection, actor, OperationAction.UPDATE)
        return after, recorder.record_with(application_id, fields_changed(before, after), [])

    return await control.store.write(write)


async def delete(control: Changing, actor: Token | Actor, application_id: ApplicationId) -> Operation:
    """Delete an application with its environments, so that everything in it drains; return the operation.

    Raises GoneError when the organization of `actor` has none of this id.
    """

    def write(connection: Connection) -> tuple[Operation, Sequence[BackgroundProcess]]:
        found = _require(connection, actor, application_id)
        of_it = environments.of_applications(connection, actor.organization_id, [application_id])
        affected = [
            background_process
            for environment in of_it
            for background_process in background_processes.of_environment(connection, environment.id)
        ]
        recorder = OperationRecorder(connection, actor, OperationAction.DELETE)
        operation = recorder.record_deletion(application_id, fields_changed(found, None), affected)
        for environment in of_it:
            environments_control.mark_deleted(connection, actor, environment, operation)
        applications.mark_deleted(connection, application_id, operation.created_at)
        purge(connection)
        return operation, affected

    operation, affected = await control.store.write(write)
    control.wake([background_process.id for background_process in affected])
    return operation


def purge(connection: Connection) -> None:
    """Remove the tombstones of which nothing is left."""
    instances.purge(connection)
    environments.purge(connection)
    applications.purge(connection)


def _require(connection: Connection, actor: Token | Actor, application_id: ApplicationId) -> Application:
    return existing(applications.find(connection, actor.organization_id, application_id), application_id)


def _check_default(connection: Connection, application: Application) -> None:
    if application.default_environment_id is None:
        return
    of_it = environments.of_applications(connection, application.organization_id, [application.id])
    if application.default_environment_id not in {environment.id for environment in of_it}:
        raise UnknownEnvironmentError(application.default_environment_id)


def _with_unique_slug(connection: Connection, before: Application, after: Application) -> Application:
    if after.slug == before.slug:
        return after
    taken = applications.slugs(connection, after.organization_id) - {before.slug}
    return replace(after, slug=unique_slug(after.slug, taken))
