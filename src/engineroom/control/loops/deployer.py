"""Bring deployments about. Level-triggered: go on with whatever the store says is under way.

A deployment bumps the generation of everything in its environment, and is watched until all is replaced. How many are
replaced at a time, the planner of the runtime decides (`runtime/local/planner.py`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy import Connection

from engineroom.control.changes.background_processes import bump_generation
from engineroom.control.changes.changing import Actor, OperationNotice, end
from engineroom.control.loops.reconciler import Reconciler
from engineroom.model.applications.deployment import NO_FOLDER, Deployment, DeploymentStatus
from engineroom.model.applications.environment import EnvironmentStatus
from engineroom.model.ids import BackgroundProcessId, DeploymentId
from engineroom.model.operation import OperationStatus
from engineroom.model.processes.exits import describe
from engineroom.model.processes.process import Process, ProcessState
from engineroom.runtime.base import Runtime
from engineroom.store import Store
from engineroom.store.queries import (
    background_processes,
    deployments,
    environment_variables,
    environments,
    operations,
)


class Deployer:
    """Begins the deployments that are asked for, and ends them when every process runs anew, or cannot."""

    def __init__(self, store: Store, runtime: Runtime, reconciler: Reconciler) -> None:
        self._store = store
        self._runtime = runtime
        self._reconciler = reconciler
        self._broken_before: dict[DeploymentId, frozenset[BackgroundProcessId]] = {}

    async def look(self) -> bool:
        """Take every deployment one step further; return whether one is under way."""
        found = await self._store.read(deployments.under_way)
        under_way = {deployment.id for deployment in found}
        self._broken_before = {id: broken for id, broken in self._broken_before.items() if id in under_way}
        for deployment in found:
            if deployment.status is DeploymentStatus.PENDING:
                await self._begin(deployment)
            else:
                await self._end(deployment)
        return bool(found)

    async def _begin(self, deployment: Deployment) -> None:
        """Ask for every process to be replaced, and remember what did not run before either."""
        affected = await self._affected(deployment)
        # Known before it is begun: the answer to that may be lost, and then it goes on all the same.
        broken = frozenset(id for id in affected if does_not_run(self._runtime.processes(id)))
        self._broken_before[deployment.id] = broken
        try:
            await self._store.write(lambda connection: _begin(connection, deployment))
        finally:
            self._reconciler.wake(affected)

    async def _end(self, deployment: Deployment) -> None:
        """End a deployment when all that it began is done, or when what runs the new code dies at once.

        What did not run before it either is no fault of the new code, and nothing that the others wait for.
        """
        failures = self._failures(await self._affected(deployment))
        broken = self._broken_before.get(deployment.id, frozenset())
        reason = next((reason for id, reason in failures.items() if id not in broken), None)
        excused = {id: reason for id, reason in failures.items() if id in broken}
        await self._store.write(lambda connection: _end_if_over(connection, deployment, reason, excused))

    async def _affected(self, deployment: Deployment) -> Sequence[BackgroundProcessId]:
        found = await self._store.read(
            lambda connection: background_processes.of_environment(connection, deployment.environment_id)
        )
        return [each.id for each in found]

    def _failures(self, ids: Sequence[BackgroundProcessId]) -> dict[BackgroundProcessId, str]:
        """Return why the new version of each does not run, of those that do not."""
        found = {}
        for identifier in ids:
            target = self._reconciler.targets.get(identifier)
            if target is None or target.workload is None:
                continue
            reason = failure(target.workload.fingerprint, self._runtime.processes(identifier))
            if reason:
                found[identifier] = f"{' '.join(target.workload.argv)}: {reason}"
        return found


def does_not_run(processes: Sequence[Process]) -> bool:
    """Return whether every process of a background process dies young again and again, or cannot be started."""
    return bool(processes) and all(
        process.state is ProcessState.BACKING_OFF
        and process.last_exit is not None
        and (process.crash_looping or process.last_exit.error_number is not None)
        for process in processes
    )


def failure(fingerprint: str, processes: Sequence[Process]) -> str | None:
    """Return why the version with this fingerprint does not run; None while it may still."""
    for process in processes:
        ended = process.last_exit
        if (
            process.fingerprint != fingerprint
            or process.state is not ProcessState.BACKING_OFF
            or ended is None
        ):
            continue
        if process.crash_looping or ended.error_number is not None:
            return f"process {process.index} of replica {process.replica} {describe(ended)}"
    return None


def _begin(connection: Connection, deployment: Deployment) -> None:
    """Ask for every process of the environment to be replaced."""
    now = datetime.now(UTC)
    if not _is_still(connection, deployment):
        return
    [environment] = environments.some_of_any(connection, [deployment.environment_id])
    if environment.directory is None:
        _finish(connection, replace(deployment, started_at=now), NO_FOLDER)
        return
    operation = operations.get(connection, deployment.operation_id)
    actor = Actor(organization_id=operation.organization_id, name=operation.actor)
    affected = background_processes.of_environment(connection, deployment.environment_id)
    environment_variables.deploy(connection, deployment.environment_id)
    for background_process in affected:
        bump_generation(connection, actor, background_process, operation.id)
    running = replace(deployment, status=DeploymentStatus.DEPLOYMENT_RUNNING, started_at=now)
    deployments.replace(connection, running)


def _end_if_over(
    connection: Connection,
    deployment: Deployment,
    reason: str | None,
    excused: Mapping[BackgroundProcessId, str],
) -> None:
    """End a deployment that failed, or of which only what is excused still goes on."""
    running = operations.running_children(connection, deployment.operation_id)
    over = reason is not None or set(running.values()) <= excused.keys()
    if not over or not _is_still(connection, deployment):
        return
    now = datetime.now(UTC)
    for operation_id, subject in running.items():
        why = excused.get(BackgroundProcessId(subject))
        if reason is None and why is not None:
            failed = OperationStatus.FAILED
            message = f"It did not run before the deployment, and does not run now: {why}"
            end(connection, operation_id, failed, OperationNotice(failed, message, {"reason": why}, now))
    _finish(connection, deployment, reason)


def _is_still(connection: Connection, deployment: Deployment) -> bool:
    """Return whether a deployment is what it was: a stop, a newer one or another server may have come first."""
    return deployment in deployments.under_way(connection, deployment.environment_id)


def _finish(connection: Connection, deployment: Deployment, reason: str | None) -> None:
    now = datetime.now(UTC)
    succeeded = reason is None
    status = DeploymentStatus.DEPLOYMENT_SUCCEEDED if succeeded else DeploymentStatus.DEPLOYMENT_FAILED
    deployments.replace(
        connection, replace(deployment, status=status, failure_reason=reason, finished_at=now)
    )
    outcome = OperationStatus.SUCCEEDED if succeeded else OperationStatus.FAILED
    message = "Every process runs anew." if succeeded else f"It failed: {reason}"
    end(
        connection,
        deployment.operation_id,
        outcome,
        OperationNotice(outcome, message, {"reason": reason}, now),
    )
    environments.set_status(connection, deployment.environment_id, EnvironmentStatus.RUNNING)
