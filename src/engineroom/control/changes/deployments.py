"""Asking for deployments; what comes of them is the deployer's."""

from collections.abc import Mapping

from sqlalchemy import Connection

from engineroom.control.changes import environments as environments_control
from engineroom.control.changes.changing import Changing, OperationRecorder
from engineroom.model.applications import deployment as deployments_model
from engineroom.model.applications.deployment import Commit, Deployment
from engineroom.model.applications.environment import EnvironmentStatus
from engineroom.model.ids import EnvironmentId, new_deployment_id
from engineroom.model.operation import Operation, OperationAction
from engineroom.model.token import Token
from engineroom.store.queries import deployments, environments

_DEPLOYING: Mapping[str, tuple[None, str]] = {"status": (None, EnvironmentStatus.DEPLOYING)}


async def deploy(
    control: Changing, actor: Token, environment_id: EnvironmentId, commit: Commit
) -> tuple[Deployment, Operation]:
    """Store a deployment that is to be begun; one of the environment that is under way is over by it.

    Raises GoneError when the organization of `actor` has no such environment.
    """

    def write(connection: Connection) -> tuple[Deployment, Operation]:
        environment = environments_control.require(connection, actor, environment_id)
        recorder = OperationRecorder(connection, actor, OperationAction.DEPLOY)
        identifier = new_deployment_id()
        operation = recorder.record(identifier, _DEPLOYING)
        environments_control.cancel_deployments(
            connection, environment_id, operation.created_at, "A newer deployment took over."
        )
        deployment = deployments_model.pending(
            identifier, operation.id, environment, commit, operation.created_at
        )
        deployments.add(connection, deployment)
        environments.set_status(connection, environment_id, EnvironmentStatus.DEPLOYING)
        return deployment, operation

    recorded = await control.store.write(write)
    control.begin()
    return recorded
