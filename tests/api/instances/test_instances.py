"""Contract sheet, section 3."""

from typing import Any

import pytest

from tests.support.api import Api

SERVICE = {
    "name": "Workers",
    "type": "service",
    "size": "pro.c-2vcpu-2gb",
    "scaling_type": "custom",
    "min_replicas": 2,
    "max_replicas": 4,
    "uses_scheduler": False,
}
NULL_FOR_A_SERVICE = (
    "queue_status paused is_default visibility_timeout polling_interval shutdown_timeout sleep_with_app "
    "scaling_cpu_threshold_percentage scaling_memory_threshold_percentage"
).split()


def made(api: Api, **fields: Any) -> str:
    answer = create(api, SERVICE | fields)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["data"]["id"])


def create(api: Api, fields: Any) -> Any:
    path = f"/api/environments/{api.linked.environment}/instances"
    return api.client.request("POST", path, json=fields)


def attributes(api: Api, instance: str) -> dict[str, Any]:
    found: dict[str, Any] = api.get(f"/api/instances/{instance}").json()["data"]["attributes"]
    return found


def test_a_service_is_created_with_what_was_recorded_and_without_timeouts(api: Api) -> None:
    """Section 3.3: recorded creates send none of the three timeouts."""
    answer = create(api, SERVICE)

    data = answer.json()["data"]
    assert answer.status_code == 201
    assert list(data) == ["id", "type", "attributes"]
    assert data["id"].startswith("inst-")
    assert {name: data["attributes"][name] for name in SERVICE} == SERVICE
    assert [name for name in NULL_FOR_A_SERVICE if data["attributes"][name] is not None] == []


def test_background_processes_are_made_along_with_it(api: Api) -> None:
    """Section 3.3; numbers as strings and `force: ""` as the official client sends them (2.6)."""
    worker = {"type": "worker", "processes": 1, "config": {"tries": "3", "force": "", "queue": "a"}}
    custom = {"type": "custom", "processes": 2, "command": "sleep 60"}
    instance = made(api, background_processes=[worker, custom])

    body = api.get(f"/api/instances/{instance}?include=backgroundProcesses").json()

    shown = [item["attributes"] for item in body["included"]]
    assert [item["type"] for item in shown] == ["worker", "custom"]
    assert shown[0]["config"]["tries"] == 3
    assert shown[0]["config"]["force"] is None
    assert len(api.control.woken) == 2


def test_nothing_is_made_when_one_of_the_background_processes_is_wrong(api: Api) -> None:
    """Sections 1.12 and 3.3."""
    answer = create(api, SERVICE | {"background_processes": [{"type": "custom", "processes": 0}]})

    assert answer.status_code == 422
    assert set(answer.json()["errors"]) == {
        "background_processes.0.command",
        "background_processes.0.processes",
    }
    listed = api.get(f"/api/environments/{api.linked.environment}/instances").json()["data"]
    assert [item["attributes"]["type"] for item in listed] == ["app"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": "ab"}, "name"),
        ({"name": "a" * 41}, "name"),
        ({"type": "app"}, "type"),
        ({"type": "managed_queue"}, "type"),
        ({"size": "flex.g-3vcpu-1gb"}, "size"),
        ({"scaling_type": "magic"}, "scaling_type"),
        ({"min_replicas": 0}, "min_replicas"),
        ({"min_replicas": None}, "min_replicas"),
        ({"min_replicas": 5}, "max_replicas"),
        ({"scaling_cpu_threshold_percentage": 49}, "scaling_cpu_threshold_percentage"),
        ({"scaling_memory_threshold_percentage": 96}, "scaling_memory_threshold_percentage"),
        ({"background_processes": "x"}, "background_processes"),
    ],
)
def test_a_wrong_field_of_a_new_instance_is_named(api: Api, fields: dict[str, Any], field: str) -> None:
    """Section 3.3."""
    answer = create(api, SERVICE | fields)

    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == [field]


@pytest.mark.parametrize(
    ("name", "told"),
    [("W2", "must be at least 3 characters"), ("W" * 41, "must not be greater than 40 characters")],
)
def test_the_length_of_a_text_is_told_in_characters(api: Api, name: str, told: str) -> None:
    """Sections 1.12 and 3.3."""
    answer = create(api, SERVICE | {"name": name})

    assert answer.json()["errors"] == {"name": [f"The name field {told}."]}


def test_replicas_may_be_missing_when_engineroom_chooses_them(api: Api) -> None:
    """Section 3.3: what contradicts itself is taken leniently."""
    instance = made(api, scaling_type="auto", min_replicas=None, max_replicas=None)

    assert attributes(api, instance)["min_replicas"] == 1


def test_the_app_instance_is_changed_in_one_request(api: Api) -> None:
    """Section 3.4, as recorded."""
    background_process = api.made()
    fields = {
        "name": "Web",
        "size": "flex.c-1vcpu-256mb",
        "scaling_type": "custom",
        "min_replicas": 2,
        "max_replicas": 3,
        "uses_scheduler": True,
    }
    path = f"/api/instances/{api.linked.instance}"
    answer = api.client.request("PATCH", path, json=fields)

    assert answer.status_code == 200
    assert {name: answer.json()["data"]["attributes"][name] for name in fields} == fields
    assert api.control.woken[-1] == background_process
    operation = api.get(f"/api/operations/{answer.headers['engineroom-operation']}").json()["data"]
    assert operation["attributes"]["subject_type"] == "instances"
    assert operation["attributes"]["changes"]["min_replicas"] == {"from": 1, "to": 2}


def test_null_clears_thresholds_and_the_shutdown_timeout_and_leaves_the_rest(api: Api) -> None:
    """Section 3.4."""
    instance = made(api, scaling_cpu_threshold_percentage="70", shutdown_timeout=30)
    assert attributes(api, instance)["scaling_cpu_threshold_percentage"] == 70
    nothing = {"scaling_cpu_threshold_percentage": None, "shutdown_timeout": None, "name": None, "size": ""}

    after = api.client.request("PATCH", f"/api/instances/{instance}", json=nothing).json()["data"][
        "attributes"
    ]

    assert after["scaling_cpu_threshold_percentage"] is None
    assert after["shutdown_timeout"] is None
    assert (after["name"], after["size"]) == ("Workers", "pro.c-2vcpu-2gb")


@pytest.mark.parametrize(
    ("fields", "hibernates"),
    [
        ({"hibernation_timeout": 5}, True),
        ({"hibernation_timeout": None, "uses_sleep_mode": True}, False),
        ({"uses_sleep_mode": True, "sleep_timeout": 10}, True),
        ({"uses_sleep_mode": "0"}, False),
    ],
)
def test_hibernation_is_switched_through_the_instance(
    api: Api, fields: dict[str, Any], hibernates: bool
) -> None:
    """Section 3.4 and open question Q20."""
    path = f"/api/instances/{api.linked.instance}"
    api.client.request("PATCH", path, json=fields | {"uses_octane": True})

    shown = api.get(f"/api/environments/{api.linked.environment}").json()["data"]["attributes"]
    assert shown["uses_hibernation"] is hibernates
    assert shown["uses_octane"] is True


def test_a_deleted_instance_takes_its_background_processes_along(api: Api) -> None:
    """Section 3.1 and open question Q15."""
    instance = made(api, background_processes=[{"type": "custom", "processes": 1, "command": "sleep 9"}])
    [background_process] = api.control.woken

    answer = api.client.request("DELETE", f"/api/instances/{instance}")

    assert (answer.status_code, answer.content) == (204, b"")
    assert api.get(f"/api/instances/{instance}").status_code == 404
    assert api.get(f"/api/background-processes/{background_process}").status_code == 404
    assert api.control.woken == [background_process] * 2


def test_the_app_instance_is_not_deleted(api: Api) -> None:
    """Open question Q15."""
    answer = api.client.request("DELETE", f"/api/instances/{api.linked.instance}")

    assert answer.status_code == 422
    assert list(answer.json()) == ["message"]


def test_the_sizes_have_all_seven_keys_in_both_groups(api: Api) -> None:
    """Section 3.6."""
    answer = api.get("/api/instances/sizes")

    assert answer.headers["content-type"] == "application/json"
    assert list(answer.json()) == ["data"]
    groups = answer.json()["data"]
    assert list(groups) == ["general", "managed_queue"]
    assert groups["general"][4] == {
        "name": "flex.g-2vcpu-1gb",
        "label": "Flex",
        "description": "2 vCPU \u00b7 1 GiB RAM",
        "cpu_type": "flex",
        "compute_class": "flex.g",
        "cpu_count": 2,
        "memory_mib": 1024,
    }


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "default"),
        ("POST", "pause"),
        ("POST", "resume"),
        ("POST", "purge"),
        ("GET", "failed-jobs"),
        ("POST", "failed-jobs/1/retry"),
        ("DELETE", "failed-jobs/1"),
        ("DELETE", "failed-jobs?jobIds=1,2"),
    ],
)
def test_what_only_managed_queues_can_do_is_refused_with_what_to_do(api: Api, method: str, path: str) -> None:
    """Section 3.1 and open question Q17."""
    answer = api.client.request(method, f"/api/instances/{api.linked.instance}/{path}")

    assert answer.status_code == 422
    assert "type service" in answer.json()["message"]
