"""Charts of an environment (contract sheet, section 4.8) and of a background process, and what Prometheus reads."""

import asyncio
import re
import time
from dataclasses import replace
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from engineroom.control.observing.observer import ObservedBackgroundProcess
from engineroom.model.ids import BackgroundProcessId, EnvironmentId, InstanceId
from engineroom.model.instances.capacity import Capacity
from engineroom.telemetry.metrics.sample import METRICS, Sample
from tests.support.api import Api

MIB = 1024 * 1024


def recorded(api: Api, series: str, sample: Sample, ago: int = 130) -> None:
    asyncio.run(api.control.metrics.record(time.time() - ago, {series: sample}))


def observed(api: Api, of: str) -> ObservedBackgroundProcess:
    return ObservedBackgroundProcess(
        background_process=BackgroundProcessId(of),
        instance=InstanceId(api.linked.instance),
        environment=EnvironmentId(api.linked.environment),
        name="sleep 60",
        sample=Sample(running=2, draining=0, backing_off=1, queue_length=7),
        missing=1,
        crash_looping=1,
        restarts_total=5,
        application_name="Shop",
        environment_name="production",
        reason="failed (exit 1)",
    )


def known(chart: dict[str, Any]) -> list[Any]:
    return [point["y"] for point in chart["data"] if point["y"] != [None]]


def test_an_environments_metrics_are_what_the_contract_shows(api: Api) -> None:
    sized = {"size": "flex.g-1vcpu-512mb"}
    assert api.client.request("PATCH", f"/api/instances/{api.linked.instance}", json=sized).status_code == 200
    sample = Sample(cpu=0.25, memory_bytes=256 * MIB, replicas=2)
    recorded(api, api.linked.instance, sample)
    recorded(api, api.linked.instance, replace(sample, cpu=0.75), ago=400)

    body = api.get(f"/api/environments/{api.linked.environment}/metrics").json()

    assert body["meta"] == {"period": "24h", "available_periods": ["6h", "24h", "3d", "7d", "30d"]}
    assert list(body["data"]) == [
        "cpu_usage",
        "memory_usage",
        "http_response_count",
        "replica_count",
        "web_workers_count",
    ]
    cpu = body["data"]["cpu_usage"]
    assert cpu["labels"] == ["App"]
    assert len(cpu["data"]) == 720
    assert all(re.fullmatch(r"[\d-]{10}T[\d:]{8}\.000000Z", point["x"]) for point in cpu["data"])
    assert known(cpu) == [[37.5], [12.5]]
    assert (cpu["average"], cpu["min"], cpu["max"]) == ([25.0], [12.5], [37.5])
    assert known(body["data"]["memory_usage"]) == [[25.0], [25.0]]
    assert known(body["data"]["replica_count"]) == [[2.0], [2.0]]
    assert body["data"]["http_response_count"]["labels"] == []


def test_of_the_hosts_size_all_replicas_share_what_the_host_has(api: Api) -> None:
    api.control.host = Capacity(memory_bytes=1024 * MIB, cpus=2.0)
    recorded(api, api.linked.instance, Sample(cpu=0.5, memory_bytes=256 * MIB, replicas=2))

    data = api.get(f"/api/environments/{api.linked.environment}/metrics").json()["data"]

    assert (known(data["cpu_usage"]), known(data["memory_usage"])) == ([[25.0]], [[25.0]])


def test_a_share_of_a_host_that_is_not_known_is_not_known(api: Api) -> None:
    recorded(api, api.linked.instance, Sample(cpu=0.5, memory_bytes=256 * MIB, replicas=2))

    data = api.get(f"/api/environments/{api.linked.environment}/metrics").json()["data"]

    assert (known(data["cpu_usage"]), known(data["memory_usage"])) == ([], [])
    assert data["cpu_usage"]["average"] == [None]


def test_the_period_is_chosen_and_a_wrong_one_is_refused(api: Api) -> None:
    path = f"/api/environments/{api.linked.environment}/metrics"

    for period, points in (("6h", 720), ("3d", 432), ("7d", 672), ("30d", 720)):
        body = api.get(path, params={"period": period}).json()
        assert (body["meta"]["period"], len(body["data"]["cpu_usage"]["data"])) == (period, points)
    assert api.get(path, params={"period": "1y"}).status_code == 422


def test_a_background_processs_metrics_have_everything_that_is_measured(api: Api) -> None:
    made = api.made()
    recorded(api, made, Sample(running=2, restarts=1, queue_length=9, oldest_age_seconds=3.5))

    body = api.get(f"/api/background-processes/{made}/metrics", params={"period": "6h"}).json()

    assert set(body["data"]) == set(METRICS) - {"replicas"}
    assert known(body["data"]["queue_length"]) == [[9.0]]
    assert known(body["data"]["cpu"]) == []
    assert body["data"]["running"]["labels"] == ["sleep 60"]


def test_what_was_measured_just_now_is_in_every_chart(api: Api) -> None:
    made = api.made()
    recorded(api, made, Sample(running=2), ago=0)

    for period in ("6h", "24h", "3d", "7d", "30d"):
        body = api.get(f"/api/background-processes/{made}/metrics", params={"period": period}).json()
        assert body["data"]["running"]["data"][-1]["y"] == [2.0], period


def test_prometheus_scrapes_what_is_the_tokens_own(api: Api) -> None:
    made = api.made()
    other = replace(observed(api, "process-of-others"), instance=InstanceId("inst-of-others"))
    api.control.observed = [observed(api, made), other]

    answer = api.get("/metrics")

    assert "process-of-others" not in answer.text
    found = {
        (sample.name, sample.labels.get("state")): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
        if sample.labels.get("background_process") == made
    }
    assert found["engineroom_background_process_processes", "running"] == 2
    assert found["engineroom_background_process_restarts_total", None] == 5
    assert found["engineroom_background_process_queue_jobs", None] == 7
    assert ("engineroom_background_process_cpu_cores", None) not in found
    assert all(name.startswith("engineroom_background_process_") for name, _ in found)


def test_a_scrape_tells_of_a_thousand_background_processes(api: Api) -> None:
    api.control.observed = [observed(api, f"process-{number}") for number in range(1000)]

    answer = api.client.request("GET", "/metrics")

    assert answer.text.count("\n") > 7000
    assert 'background_process="process-999"' in answer.text
