"""Replicas come with what those that are there use of the size of their instance."""

from pathlib import Path

from tests.support.engineroom_server import EngineroomServer
from tests.support.waiting import wait_until

HOLDS = "import time; held = bytearray(400 * 1024 * 1024); time.sleep(1000)"


def test_the_memory_of_a_grandchild_brings_a_second_replica(engineroom: EngineroomServer, code: Path) -> None:
    linked = engineroom.link(code, "--size", "flex.g-1vcpu-512mb")
    instance = f"/api/instances/{linked.instance}"
    fields = {"scaling_type": "custom", "min_replicas": 1, "max_replicas": 2}
    engineroom.api.patch(instance, **fields, scaling_memory_threshold_percentage=60)
    command = f"sh -c 'python3 -c \"{HOLDS}\"; true'"
    holder = engineroom.api.create(linked.instance, type="custom", command=command, processes=1)

    # A replica is not judged in its first half minute, and looked at each quarter of one.
    wait_until("there are two", lambda: len(holder.running_pids()) == 2, timeout_seconds=90)

    [told] = [message for message in holder.events() if message.startswith("Scaled replicas")]
    assert told.startswith("Scaled replicas 1 → 2: memory at ")
    assert told.endswith(" % of the limit, target 60 %.")
