"""Values to store."""

from datetime import UTC, datetime
from typing import Any

from engineroom.model.event import Event
from engineroom.model.ids import (
    BackgroundProcessId,
    InstanceId,
    OrganizationId,
    new_background_process_id,
    new_event_id,
    new_operation_id,
)
from engineroom.model.operation import Operation, OperationAction, OperationStatus
from engineroom.model.processes.background_process import (
    BackgroundProcess,
    BackgroundProcessType,
    StrategyType,
)


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
