import errno
from datetime import UTC, datetime
from typing import Any

import pytest

from engineroom.model.processes.exits import Exit, describe

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"code": 0}, "finished (exit 0)"),
        ({"code": 1, "lived_seconds": 0.2}, "failed at start (exit 1)"),
        ({"code": 1}, "failed (exit 1)"),
        ({"code": 3, "expected": True}, "finished (exit 3, which is expected of it)"),
        ({"code": 12, "expected": True}, "memory limit of the worker (exit 12)"),
        ({"code": 12}, "memory limit of the worker (exit 12)"),
        ({"signal": 9}, "killed by signal 9 (SIGKILL)"),
        ({"signal": 60}, "killed by signal 60"),
        ({"code": 0, "asked": True}, "asked to stop"),
        ({"signal": 15, "asked": True}, "asked to stop"),
        ({"signal": 9, "asked": True}, "asked to stop, and killed when its time was up"),
        (
            {"signal": 9, "out_of_memory": True},
            "out of memory: killed by the kernel, because its replica had used up the memory of its size",
        ),
        (
            {
                "signal": 9,
                "out_of_memory": True,
                "memory_bytes": 500 * 1024**2,
                "memory_limit_bytes": 512 * 1024**2,
                "size": "flex.g-1vcpu-512mb",
            },
            (
                "out of memory: killed by the kernel, when it had used 500 MiB, as all processes of its replica may use "
                "512 MiB together by its size flex.g-1vcpu-512mb; give its instance a larger size, or run fewer of them"
            ),
        ),
        (
            {"signal": 9, "out_of_memory": True, "asked": True},
            "asked to stop, and killed when its time was up",
        ),
        ({}, "unknown: it died while the keeper was away"),
        ({"error_number": errno.ENOENT, "path": "php"}, "could not be started: php was not found"),
    ],
)
def test_an_exit_is_described_in_words(facts: dict[str, Any], reason: str) -> None:
    usual: dict[str, Any] = {"at": NOON, "lived_seconds": 100.0}
    assert describe(Exit(**(usual | facts))) == reason
