"""Changes of environments: each is one write of the rows and the operation, and then a wake-up."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from engineroom.control.changes.changing import (
    Actor,
    Changed,
    Changing,
    OperationNotice,
    OperationRecorder,
    end,
    existing,
)
from engineroom.control.changes.defaults import NewEnvironment, app_instance
from engineroom.control.changes.defaults import environment as environment_of
from engineroom.model.applications.deployment import DeploymentStatus
from engineroom.model.applications.environment import Environment, EnvironmentStatus
from engineroom.model.applications.variables import Variables
from engineroom.model.changes import fields_changed
from engineroom.model.ids import ApplicationId, EnvironmentId
from engineroom.model.operation import Operation, OperationAction, OperationStatus
from engineroom.model.processes.background_process import BackgroundProcess
from engineroom.model.slug import unique_slug
from engineroom.model.token import Token
from engineroom.store.queries import (
    applications,
    background_processes,
    deployments,
    environment_variables,
    environments,
    instances,
)
from engineroom.store.queries.hosts import claims

Change = Callable[[Environment], Environment]
"""Returns what an environment becomes; may raise, and then nothing is written."""

ChangeVariables = Callable[[Variables], Variables]
"""Returns what an environment's variables become; may raise, and then nothing is written."""

_FELT_BY_PROCESSES = frozenset({"directory", "shutdown_timeout_seconds"})


async def create(
    control: Changing, actor: Token, application_id: ApplicationId, new: NewEnvironment
) -> tuple[Environment, Operation]:
    """Store a new environment and its app instance; return it with the operation.

    Raises GoneError when the organization of `actor` has no such application.
    """

    def write(connection: Connection) -> tuple[Environment, Operation]:
        application = existing(
            applications.find(connection, actor.organization_id, application_id), application_id
        )
        slug = unique_slug(new.name, environments.slugs(connection, application_id))
        made = replace(environment_of(application, new), slug=slug)
        add(connection, made, control.store.host)
        recorder = OperationRecorder(connection, actor, OperationAction.CREATE)
        return made, recorder.record_with(made.id, fields_changed(None, made), [])

    return await control.store.write(write)


def add(connection: Connection, new: Environment, host: str | None) -> None:
    """Store a new environment with the app instance that comes with it (contract sheet, section 3.5)."""
    environments.add(connection, new)
    _claim_folder(connection, new, host)
    instances.add(connection, app_instance(new))


async def update(
    control: Changing, actor: Token, environment_id: EnvironmentId, change: Change
) -> tuple[Environment, Operation]:
    """Change an environment as it is at the moment of writing; return it with its operation.

    Raises GoneError when the organization of `actor` has none of this id, and what `change` raises.
    """

    def write(connection: Connection) -> tuple[Environment, Operation, Sequence[BackgroundProcess]]:
        before = require(connection, actor, environment_id)
        after = _with_unique_slug(connection, before, change(before))
        environments.replace(connection, after)
        _claim_folder(connection, after, control.store.host)
        changed = fields_changed(before, after)
        felt = not _FELT_BY_PROCESSES.isdisjoint(changed)
        affected = background_processes.of_environment(connection, environment_id) if felt else []
        recorder = OperationRecorder(connection, actor, OperationAction.UPDATE)
        return after, recorder.record_with(environment_id, changed, affected), affected

    after, operation, affected = await control.store.write(write)
    control.wake([background_process.id for background_process in affected])
    return after, operation


async def change_variables(
    control: Changing,
    actor: Token,
    environment_id: EnvironmentId,
    change: ChangeVariables,
    *,
    at_once: bool | None,
) -> tuple[Environment, Operation]:
    """Change the variables as they are at the moment of writing; return the environment with its operation.

    Processes are replaced `at_once`, or by the next deployment; None leaves that to the environment.
    Raises GoneError when the organization of `actor` has none of this id, and what `change` raises.
    """

    def write(connection: Connection) -> tuple[Environment, Operation, Sequence[BackgroundProcess]]:
        before = require(connection, actor, environment_id)
        after = replace(before, variables=change(before.variables))
        deployed = before.settings.applies_variables_at_once if at_once is None else at_once
        environment_variables.put(connection, before, after.variables, deployed=deployed)
        affected = background_processes.of_environment(connection, environment_id) if deployed else []
        recorder = OperationRecorder(connection, actor, OperationAction.UPDATE)
        operation = recorder.record_with(environment_id, _keys_changed(before, after), affected)
        return after, operation, affected

    after, operation, affected = await control.store.write(write)
    control.wake([background_process.id for background_process in affected])
    return after, operation


async def stop(
    control: Changing, actor: Token, environment_id: EnvironmentId
) -> tuple[Environment, Operation]:
    """Drain everything in an environment, and let nothing run until it is started; a deployment under way is over.

    Raises GoneError when the organization of `actor` has none of this id.
    """

    def write(connection: Connection) -> tuple[Environment, Operation, Sequence[BackgroundProcess]]:
        before = require(connection, actor, environment_id)
        after = replace(before, status=EnvironmentStatus.STOPPED)
        environments.set_status(connection, environment_id, after.status)
        affected = background_processes.of_environment(connection, environment_id)
        recorder = OperationRecorder(connection, actor, OperationAction.STOP)
        operation = recorder.record_with(environment_id, {"status": (before.status, after.status)}, affected)
        cancel_deployments(connection, environment_id, operation.created_at, "The environment was stopped.")
        return after, operation, affected

    after, operation, affected = await control.store.write(write)
    control.wake([background_process.id for background_process in affected])
    return after, operation


def cancel_deployments(
    connection: Connection, environment_id: EnvironmentId, at: datetime, reason: str
) -> None:
    """End the deployments of an environment that are under way: something else takes over."""
    for deployment in deployments.under_way(connection, environment_id):
        cancelled = replace(
            deployment, status=DeploymentStatus.CANCELLED, failure_reason=reason, finished_at=at
        )
        deployments.replace(connection, cancelled)
        told = OperationNotice("cancelled", reason, {"reason": reason}, at)
        end(connection, deployment.operation_id, OperationStatus.SUPERSEDED, told)


async def delete(control: Changing, actor: Token | Actor, environment_id: EnvironmentId) -> Operation:
    """Delete an environment, so that everything in it drains; return the operation.

    Raises GoneError when the organization of `actor` has none of this id.
    """

    def write(connection: Connection) -> tuple[Operation, Sequence[BackgroundProcess]]:
        found = require(connection, actor, environment_id)
        affected = background_processes.of_environment(connection, environment_id)
        recorder = OperationRecorder(connection, actor, OperationAction.DELETE)
        operation = recorder.record_deletion(environment_id, fields_changed(found, None), affected)
        mark_deleted(connection, actor, found, operation)
        _choose_default(connection, actor, found.application_id)
        instances.purge(connection)
        environments.purge(connection)
        return operation, affected

    operation, affected = await control.store.write(write)
    control.wake([background_process.id for background_process in affected])
    return operation


def mark_deleted(
    connection: Connection, actor: Token | Actor, environment: Environment, operation: Operation
) -> None:
    """Make tombstones of an environment and its instances."""
    cancel_deployments(connection, environment.id, operation.created_at, "The environment was deleted.")
    for instance in instances.of_environments(connection, actor.organization_id, [environment.id]):
        instances.mark_deleted(connection, instance.id, operation.created_at)
    environments.mark_deleted(connection, environment.id, operation.created_at)


def require(connection: Connection, actor: Token | Actor, environment_id: EnvironmentId) -> Environment:
    """Return an environment of the organization of `actor`. Raises GoneError."""
    return existing(environments.find(connection, actor.organization_id, environment_id), environment_id)


def _claim_folder(connection: Connection, environment: Environment, host: str | None) -> None:
    """Have an environment run where its folder is, as it was seen there just now."""
    if host is not None and environment.directory is not None:
        claims.claim(connection, host, [environment.id])


def _choose_default(connection: Connection, actor: Token | Actor, application_id: ApplicationId) -> None:
    """Make the oldest environment the default where the one that was has been deleted."""
    [application] = applications.some(connection, actor.organization_id, [application_id])
    left = [
        each.id for each in environments.of_applications(connection, actor.organization_id, [application_id])
    ]
    if application.default_environment_id not in left:
        applications.replace(
            connection, replace(application, default_environment_id=left[0] if left else None)
        )


def _with_unique_slug(connection: Connection, before: Environment, after: Environment) -> Environment:
    if after.slug == before.slug:
        return after
    taken = environments.slugs(connection, after.application_id) - {before.slug}
    return replace(after, slug=unique_slug(after.slug, taken))


def _keys_changed(before: Environment, after: Environment) -> Changed:
    """Return the keys before and after: the values may be secrets."""
    old, new = ([variable.key for variable in of.variables] for of in (before, after))
    return {"variables": (old, new)}
