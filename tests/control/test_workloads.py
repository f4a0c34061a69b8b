from datetime import UTC, datetime
from typing import Any

import pytest

from engineroom.control.workloads import clean_base, workload
from engineroom.model.applications.environment import EnvironmentStatus
from engineroom.model.applications.variables import EnvironmentVariable
from engineroom.model.ids import ApplicationId, BackgroundProcessId, EnvironmentId, InstanceId
from engineroom.model.instances.limits import UNLIMITED
from engineroom.model.processes.background_process import (
    BackgroundProcess,
    BackgroundProcessType,
    StrategyType,
)
from engineroom.model.processes.lifecycle import Lifecycle, Replacement, StopSignal, StopTarget
from engineroom.model.processes.worker_config import WorkerConfig
from engineroom.store.queries.wanted import Wanted


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
        "application_name": "Shop",
        "environment_name": "production",
        "directory": "/srv/shop",
        "os_user": None,
        "umask": None,
        "size": "flex.g-1vcpu-512mb",
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


def test_a_worker_may_end_at_its_memory_limit_and_a_custom_process_may_not() -> None:
    worker = {"type": BackgroundProcessType.WORKER, "config": WorkerConfig(), "custom_command": None}
    assert workload(row(background_process=worker)).expected_exit_codes == (0, 12)
    assert workload(row()).expected_exit_codes == (0,)


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
        row(variables=variables),
        clean_base({"PATH": "/bin", "SECRET": "x", "LANG": "C", "USER": ""}, root=False),
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
    assert found.inherited_variables == {
        "PATH": "/bin",
        "LANG": "C",
        "ENGINEROOM_APPLICATION_NAME": "Shop",
        "ENGINEROOM_ENVIRONMENT_NAME": "production",
    }


def test_root_gives_nobody_its_own_home() -> None:
    environ = {"PATH": "/bin", "LANG": "C", "HOME": "/root", "USER": "root", "LOGNAME": "root"}
    assert clean_base(environ, root=True) == {"PATH": "/bin", "LANG": "C"}
    assert clean_base(environ, root=False) == environ


def test_a_replica_may_use_what_its_size_says() -> None:
    limits = workload(row(size="flex.g-2vcpu-1gb")).limits
    assert (limits.memory_bytes, limits.cpus, limits.processes) == (1024**3, 2.0, 2048)
    assert workload(row(size="of another day")).limits == UNLIMITED


def test_who_runs_it_and_with_which_umask_is_part_of_the_version() -> None:
    fingerprints = {
        workload(row(os_user=os_user, umask=umask)).fingerprint
        for os_user, umask in ((None, None), ("deploy", None), (None, 0o027))
    }
    assert len(fingerprints) == 3


def test_neither_a_name_nor_a_size_is_a_reason_to_restart() -> None:
    changed = row(application_name="Store", environment_name="live", size="pro.g-1vcpu-2gb")
    assert workload(changed).fingerprint == workload(row()).fingerprint


def test_what_is_asked_for_of_its_life_goes_before_what_is_usual_and_makes_no_new_version() -> None:
    asked = Lifecycle(
        stop_signal=StopSignal.SIGQUIT,
        stop_target=StopTarget.GROUP,
        stop_timeout=5,
        replacement=Replacement.START_FIRST,
        expected_exit_codes=(3,),
    )
    found = workload(row(background_process={"lifecycle": asked}))
    assert (found.stop_signal, found.stop_target) == (StopSignal.SIGQUIT, StopTarget.GROUP)
    assert (found.stop_timeout_seconds, found.replacement) == (5.0, Replacement.START_FIRST)
    assert found.expected_exit_codes == (3,)
    assert found.fingerprint == workload(row()).fingerprint
