"""Values to store: each has what is usual, but for what a test names."""

from datetime import UTC, datetime
from typing import Any

from engineroom.model.applications.application import Application, Organization
from engineroom.model.applications.command import Command, CommandStatus
from engineroom.model.applications.deployment import Commit, Deployment, DeploymentStatus
from engineroom.model.applications.environment import Environment, EnvironmentStatus
from engineroom.model.event import Event
from engineroom.model.ids import (
    ApplicationId,
    BackgroundProcessId,
    EnvironmentId,
    InstanceId,
    OrganizationId,
    new_application_id,
    new_background_process_id,
    new_command_id,
    new_deployment_id,
    new_environment_id,
    new_event_id,
    new_instance_id,
    new_operation_id,
    new_organization_id,
    new_run_id,
    new_token_id,
)
from engineroom.model.instances.instance import Instance, InstanceType, ScalingType
from engineroom.model.instances.schedule import RunStatus, ScheduledRun
from engineroom.model.operation import Operation, OperationAction, OperationStatus
from engineroom.model.processes.background_process import (
    BackgroundProcess,
    BackgroundProcessType,
    StrategyType,
)
from engineroom.model.token import Ability, Token


def an_event(**facts: Any) -> Event:
    usual: dict[str, Any] = {
        "id": new_event_id(),
        "background_process_id": None,
        "kind": "process.started",
        "message": "It started.",
        "data": {"pid": 1},
        "at": datetime.now(UTC),
    }
    return Event(**(usual | facts))


def a_background_process(instance: InstanceId, **fields: Any) -> BackgroundProcess:
    usual: dict[str, Any] = {
        "id": new_background_process_id(),
        "instance_id": instance,
        "type": BackgroundProcessType.CUSTOM,
        "processes": 2,
        "config": None,
        "custom_command": "sleep 60",
        "strategy_type": StrategyType.NONE,
        "strategy_threshold": None,
        "created_at": datetime.now(UTC),
    }
    return BackgroundProcess(**(usual | fields))


def an_operation(organization: OrganizationId, of: BackgroundProcessId, **facts: Any) -> Operation:
    usual: dict[str, Any] = {
        "id": new_operation_id(),
        "organization_id": organization,
        "subject_id": of,
        "action": OperationAction.CREATE,
        "status": OperationStatus.RUNNING,
        "actor": "test",
        "changes": {"processes": (None, 2)},
        "created_at": datetime.now(UTC),
        "finished_at": None,
    }
    return Operation(**(usual | facts))


def an_organization(slug: str) -> Organization:
    return Organization(id=new_organization_id(), name=slug.capitalize(), slug=slug)


def an_application(organization: OrganizationId, slug: str, **fields: Any) -> Application:
    usual: dict[str, Any] = {
        "id": new_application_id(),
        "organization_id": organization,
        "default_environment_id": None,
        "name": slug.capitalize(),
        "slug": slug,
        "region": "us-east-2",
        "repository": f"acme/{slug}",
        "created_at": datetime.now(UTC),
    }
    return Application(**(usual | fields))


def an_environment(application: ApplicationId, slug: str, **fields: Any) -> Environment:
    usual: dict[str, Any] = {
        "id": new_environment_id(),
        "application_id": application,
        "name": slug,
        "slug": slug,
        "status": EnvironmentStatus.RUNNING,
        "vanity_domain": f"{slug}.example",
        "directory": f"/srv/{slug}",
        "variables": (),
        "shutdown_timeout_seconds": 60,
        "created_at": datetime.now(UTC),
    }
    return Environment(**(usual | fields))


def an_instance(environment: EnvironmentId, name: str, **fields: Any) -> Instance:
    usual: dict[str, Any] = {
        "id": new_instance_id(),
        "environment_id": environment,
        "name": name,
        "type": InstanceType.APP,
        "size": "host",
        "scaling_type": ScalingType.NONE,
        "min_replicas": 1,
        "max_replicas": 1,
        "shutdown_timeout_seconds": None,
        "uses_scheduler": False,
        "sleep_with_app": None,
        "scaling_cpu_threshold_percentage": None,
        "scaling_memory_threshold_percentage": None,
        "created_at": datetime.now(UTC),
    }
    return Instance(**(usual | fields))


def a_deployment(environment: EnvironmentId, **fields: Any) -> Deployment:
    usual: dict[str, Any] = {
        "id": new_deployment_id(),
        "environment_id": environment,
        "operation_id": new_operation_id(),
        "status": DeploymentStatus.PENDING,
        "branch": "main",
        "commit": Commit(hash="abc", message="Sell shoes", author="Ada"),
        "failure_reason": None,
        "php_version": "8.4",
        "build_command": None,
        "node_version": "24",
        "uses_octane": False,
        "uses_hibernation": False,
        "hibernation_wake_up_interval": None,
        "created_at": datetime.now(UTC),
        "started_at": None,
        "finished_at": None,
    }
    return Deployment(**(usual | fields))


def a_command(environment: EnvironmentId, **fields: Any) -> Command:
    usual: dict[str, Any] = {
        "id": new_command_id(),
        "environment_id": environment,
        "operation_id": new_operation_id(),
        "command": "php artisan migrate",
        "output": None,
        "status": CommandStatus.PENDING,
        "exit_code": None,
        "failure_reason": None,
        "created_at": datetime.now(UTC),
        "started_at": None,
        "finished_at": None,
    }
    return Command(**(usual | fields))


def a_token(organization: OrganizationId, **fields: Any) -> Token:
    usual: dict[str, Any] = {
        "id": new_token_id(),
        "organization_id": organization,
        "name": "deploy",
        "abilities": frozenset({Ability.READ, Ability.WRITE}),
        "created_at": datetime.now(UTC),
    }
    return Token(**(usual | fields))


def a_run(instance: InstanceId, due_at: datetime, **fields: Any) -> ScheduledRun:
    usual: dict[str, Any] = {
        "id": new_run_id(),
        "instance_id": instance,
        "replica": 1,
        "command": "php artisan schedule:run",
        "due_at": due_at,
        "status": RunStatus.RUNNING,
        "started_at": due_at,
    }
    return ScheduledRun(**(usual | fields))
