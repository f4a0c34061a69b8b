"""What processes use is measured, and shown in charts and to Prometheus."""

from pathlib import Path
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.support.engineroom_server import EngineroomServer
from tests.support.waiting import patient, wait_until

BURNING = """
held = bytearray(32 << 20)
while True:
    pass
"""


def average(answer: Any, metric: str) -> float | None:
    found = answer["data"][metric]["average"]
    return found[0] if found else None


def test_a_process_that_burns_cpu_and_holds_memory_is_seen_to(
    engineroom: EngineroomServer, code: Path
) -> None:
    linked, program = engineroom.run_script(code, "burning", BURNING)

    def charts() -> Any:
        found = engineroom.api.get(f"/api/background-processes/{program.id}/metrics?period=6h")
        return found if average(found, "cpu") else None

    own = wait_until("what it uses is in the charts", charts, timeout_seconds=60)
    environment = engineroom.api.get(f"/api/environments/{linked.environment}/metrics")
    scraped = httpx.get(
        f"{engineroom.address}/metrics",
        headers={"authorization": f"Bearer {engineroom.token}"},
        timeout=patient(30),
    )

    cpu, memory_bytes = average(own, "cpu"), average(own, "memory_bytes")
    assert cpu is not None
    assert memory_bytes is not None
    assert cpu > 0.1
    assert memory_bytes > 32 << 20
    # Of what this very host has, which may be much.
    assert 0 < (average(environment, "cpu_usage") or 0) <= 100
    assert 0 < (average(environment, "memory_usage") or 0) <= 100
    found = {
        sample.name: sample.value
        for family in text_string_to_metric_families(scraped.text)
        for sample in family.samples
    }
    assert found["engineroom_background_process_cpu_cores"] > 0.1
    assert found["engineroom_background_process_memory_bytes"] > 32 << 20
