from dataclasses import replace

from engineroom.model.ids import BackgroundProcessId
from engineroom.model.processes.lifecycle import Replacement
from engineroom.model.processes.workload import Workload

WORKLOAD = Workload(
    background_process=BackgroundProcessId("process-1"),
    argv=("sleep", "600"),
    signal_group=False,
    working_directory="/srv/shop",
    inherited_variables={"PATH": "/bin"},
    variables={"GREETING": "hello"},
    processes=2,
    replicas=1,
    replacement=Replacement.DRAIN_FIRST,
    stop_timeout_seconds=5.0,
)


def test_a_fingerprint_is_the_same_in_every_version_of_engineroom() -> None:
    """Another one would have an upgrade replace every process of every host."""
    assert WORKLOAD.fingerprint == "49c39f82e242af1b"


def test_every_restart_changes_the_fingerprint() -> None:
    generations = [replace(WORKLOAD, generation=number).fingerprint for number in range(4)]
    assert len(set(generations)) == 4


def test_what_is_no_reason_to_replace_a_process_leaves_the_fingerprint() -> None:
    others = replace(
        WORKLOAD,
        processes=5,
        replicas=3,
        replacement=Replacement.START_FIRST,
        stop_timeout_seconds=9.0,
        inherited_variables={},
        worker_timeout_seconds=60,
    )
    assert others.fingerprint == WORKLOAD.fingerprint
