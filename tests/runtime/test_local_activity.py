"""What the kernel says of a process, read from a real one."""

import subprocess

from engineroom.runtime.local import activity
from tests.support.waiting import wait_until


def test_work_waits_and_children_are_seen() -> None:
    body = "sleep 600 & while :; do :; done"
    process = subprocess.Popen(["sh", "-c", body], start_new_session=True)
    try:

        def works() -> bool:
            found = activity.read(process.pid)
            return found is not None and found.cpu_seconds > 0.05 and found.has_children

        wait_until("it has burned CPU, and has a child", works)
        found = activity.read(process.pid)
        assert found is not None
        assert found.memory_bytes > 100_000
    finally:
        subprocess.run(["kill", "-KILL", "--", f"-{process.pid}"], check=True)
        process.wait()


def test_a_process_that_is_gone_has_no_figures() -> None:
    process = subprocess.Popen(["true"])
    process.wait()

    assert activity.read(process.pid) is None
