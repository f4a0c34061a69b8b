from datetime import UTC, datetime
from typing import Any

import pytest

from engineroom.control.wanted import clean_base, workload
from engineroom.model.background_process import BackgroundProcess, BackgroundProcessType, StrategyType
from engineroom.model.environment import EnvironmentStatus
from engineroom.model.ids import ApplicationId, BackgroundProcessId, EnvironmentId, InstanceId
from engineroom.model.variables import EnvironmentVariable
from engineroom.model.worker_config import WorkerConfig
from engineroom.model.workload import Replacement
from engineroom.store.wanted import Wanted


def row(*, background_process: dict[str, Any] | None = None, **facts: Any) -> Wanted:
    fields: dict[str, Any] = {
        "id": BackgroundProcessId("process-1"),
        "instance_id": InstanceId("inst-1"),
        "type": BackgroundProcessType.CUSTOM,
        "processes": 2,
        "config": None,
        "custom_command": "sleep 60",
        "strategy_type": StrategyType.NONE,
        "strategy_threshold": None,
        "created_at": datetime(2026, 5, 1, tzinfo=UTC),
    }
    usual: dict[str, Any] = {
        "background_process": BackgroundProcess(**(fields | (background_process or {}))),
        "deleted": False,
        "deleted_force": False,
        "application_id": ApplicationId("app-1"),
        "environment_id": EnvironmentId("env-1"),
        "environment_status": EnvironmentStatus.RUNNING,
        "directory": "/srv/shop",
        "variables": (),
        "processes": 2,
        "replicas": 3,
        "shutdown_timeout_seconds": 45,
    }
    return Wanted(**(usual | facts))


def test_a_custom_command_of_plain_words_is_spawned_and_drained_before_it_is_replaced() -> None:
    found = workload(row())

    assert (found.argv, found.signal_group) == (("sleep", "60"), False)
    assert found.replacement is Replacement.DRAIN_FIRST
    assert (found.processes, found.replicas, found.wanted) == (2, 3, 6)
    assert (found.working_directory, found.stop_timeout_seconds) == ("/srv/shop", 45.0)


def test_a_command_with_shell_syntax_goes_through_a_shell_and_is_signalled_as_a_group() -> None:
    found = workload(row(background_process={"custom_command": "a && b"}))
    assert (found.argv, found.signal_group) == (("/bin/sh", "-c", "a && b"), True)


def test_a_worker_starts_its_new_version_first() -> None:
    config = WorkerConfig(connection="redis", queue="a b")
    found = workload(
        row(
            background_process={
                "type": BackgroundProcessType.WORKER,
                "config": config,
                "custom_command": None,
            }
        )
    )

    assert found.argv == ("php", "artisan", "queue:work", "redis", "--queue=a b", "--quiet")
    assert found.replacement is Replacement.START_FIRST
    assert not found.signal_group


@pytest.mark.parametrize(
    ("status", "processes"),
    [
        (EnvironmentStatus.RUNNING, 2),
        (EnvironmentStatus.DEPLOYING, 2),
        (EnvironmentStatus.STOPPED, 0),
        (EnvironmentStatus.HIBERNATING, 0),
    ],
)
def test_in_a_stopped_environment_nothing_runs(status: EnvironmentStatus, processes: int) -> None:
    assert workload(row(environment_status=status)).processes == processes


def test_the_environments_variables_are_apart_from_a_clean_base_and_ours_lie_over_them() -> None:
    variables = tuple(
        EnvironmentVariable(key=key, value=value)
        for key, value in (("LANG", "de_DE"), ("A", "1"), ("A", "2"), ("ENGINEROOM_INSTANCE", "forged"))
    )
    found = workload(
        row(variables=variables), clean_base({"PATH": "/bin", "SECRET": "x", "LANG": "C", "USER": ""})
    )

    assert found.variables == {
        "LANG": "de_DE",
        "A": "2",
        "ENGINEROOM": "1",
        "ENGINEROOM_APPLICATION": "app-1",
        "ENGINEROOM_ENVIRONMENT": "env-1",
        "ENGINEROOM_INSTANCE": "inst-1",
        "ENGINEROOM_BACKGROUND_PROCESS": "process-1",
    }
    assert found.inherited_variables == {"PATH": "/bin", "LANG": "C"}
