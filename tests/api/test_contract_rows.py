"""Every row of the contract sheet's tables of endpoints, sections 2 to 9: called, answered with its status, type and fields.

That every answer is also what the OpenAPI document says, the client of all tests looks at.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from engineroom.api.endpoints import ENDPOINTS
from tests.support.api import Api

JSON, JSON_API = "application/json", "application/vnd.api+json"

BACKGROUND_PROCESS = "type processes command config strategy_type strategy_threshold created_at".split()
INSTANCE = (
    "name type size scaling_type min_replicas max_replicas queue_status paused is_default visibility_timeout "
    "polling_interval shutdown_timeout uses_scheduler sleep_with_app scaling_cpu_threshold_percentage "
    "scaling_memory_threshold_percentage created_at"
).split()
ENVIRONMENT = (
    "name slug status created_from_automation vanity_domain php_major_version build_command node_version "
    "deploy_command uses_octane uses_hibernation hibernation_wake_up_interval uses_push_to_deploy "
    "uses_deploy_hook environment_variables network_settings created_at"
).split()
APPLICATION = ("name slug region root_directory slack_channel avatar_url created_at repository").split()
DEPLOYMENT = (
    "status branch_name commit_hash commit_message commit_author failure_reason php_major_version build_command "
    "node_version uses_octane uses_hibernation hibernation_wake_up_interval started_at finished_at"
).split()
COMMAND = "command output status exit_code failure_reason started_at finished_at created_at".split()
ORGANIZATION = ["name", "slug"]
WITH_LINKS = (ENVIRONMENT, DEPLOYMENT, COMMAND)

CUSTOM = {"type": "custom", "processes": 1, "command": "sleep 60"}
SERVICE = {
    "name": "Workers",
    "type": "service",
    "size": "flex.c-1vcpu-256mb",
    "scaling_type": "none",
    "min_replicas": 1,
    "max_replicas": 1,
    "uses_scheduler": False,
}
PICTURE = {
    "files": {"avatar": ("a.png", b"\x89PNG\r\n\x1a\n")},
}
DAY = {"from": "2026-05-01 00:00:00", "to": "2026-05-02 00:00:00"}

INSTANCES = "/api/environments/{environment}/instances"
ONE_INSTANCE = "/api/instances/{instance}"
PROCESSES = "/api/instances/{instance}/background-processes"
ONE_PROCESS = "/api/background-processes/{backgroundProcess}"
ENVIRONMENTS = "/api/applications/{application}/environments"
ONE_ENVIRONMENT = "/api/environments/{environment}"
ONE_APPLICATION = "/api/applications/{application}"


@dataclass(frozen=True)
class Row:
    """One row: `one` and `many` are the attributes of what is answered, `keys` those of an answer that is no resource."""

    section: str
    method: str
    path: str
    status: int = 200
    body: Any = None
    query: Mapping[str, str] | None = None
    one: Sequence[str] | None = None
    many: Sequence[str] | None = None
    keys: Sequence[str] | None = None

    def __str__(self) -> str:
        return f"{self.section} {self.method} {self.path}"


ROWS = [
    Row("2.1", "GET", PROCESSES, many=BACKGROUND_PROCESS),
    Row("2.1", "POST", PROCESSES, 201, CUSTOM, one=BACKGROUND_PROCESS),
    Row("2.1", "GET", ONE_PROCESS, one=BACKGROUND_PROCESS),
    Row("2.1", "PATCH", ONE_PROCESS, body={"processes": 2}, one=BACKGROUND_PROCESS),
    Row("2.1", "DELETE", ONE_PROCESS, 204),
    Row("3.1", "GET", INSTANCES, many=INSTANCE),
    Row("3.1", "POST", INSTANCES, 201, SERVICE, one=INSTANCE),
    Row("3.1", "GET", "/api/instances/sizes", keys=["data"]),
    Row("3.1", "GET", ONE_INSTANCE, one=INSTANCE),
    Row("3.1", "PATCH", ONE_INSTANCE, body={"name": "Web"}, one=INSTANCE),
    Row("3.1", "DELETE", "/api/instances/{service}", 204),
    Row("3.1", "POST", f"{ONE_INSTANCE}/default", 422, keys=["message"]),
    Row("3.1", "POST", f"{ONE_INSTANCE}/pause", 422, keys=["message"]),
    Row("3.1", "POST", f"{ONE_INSTANCE}/resume", 422, keys=["message"]),
    Row("3.1", "POST", f"{ONE_INSTANCE}/purge", 422, keys=["message"]),
    Row("3.1", "GET", f"{ONE_INSTANCE}/failed-jobs", 422, keys=["message"]),
    Row("3.1", "POST", f"{ONE_INSTANCE}/failed-jobs/{{job}}/retry", 422, keys=["message"]),
    Row("3.1", "DELETE", f"{ONE_INSTANCE}/failed-jobs/{{job}}", 422, keys=["message"]),
    Row("3.1", "DELETE", f"{ONE_INSTANCE}/failed-jobs", 422, query={"jobIds": "1,2"}, keys=["message"]),
    Row("4.1", "GET", ENVIRONMENTS, many=ENVIRONMENT),
    Row("4.1", "POST", ENVIRONMENTS, 201, {"branch": "main", "name": "staging"}, one=ENVIRONMENT),
    Row("4.1", "GET", ONE_ENVIRONMENT, one=ENVIRONMENT),
    Row("4.1", "PATCH", ONE_ENVIRONMENT, body={"color": "blue"}, one=ENVIRONMENT),
    Row("4.1", "DELETE", ONE_ENVIRONMENT, 204),
    Row("4.1", "POST", f"{ONE_ENVIRONMENT}/start", 201, {"redeploy": True}, one=DEPLOYMENT),
    Row("4.1", "POST", f"{ONE_ENVIRONMENT}/stop", one=ENVIRONMENT),
    Row(
        "4.1",
        "POST",
        f"{ONE_ENVIRONMENT}/variables",
        body={"method": "set", "variables": [{"key": "A", "value": "1"}]},
        one=ENVIRONMENT,
    ),
    Row("4.1", "POST", f"{ONE_ENVIRONMENT}/variables/delete", body={"keys": ["QUEUE"]}, one=ENVIRONMENT),
    Row("4.1", "PUT", f"{ONE_ENVIRONMENT}/variables", body={"content": "A=1\n"}, one=ENVIRONMENT),
    Row("4.1", "GET", f"{ONE_ENVIRONMENT}/logs", query=DAY, keys=["data", "meta"]),
    Row("4.1", "GET", f"{ONE_ENVIRONMENT}/metrics", query={"period": "6h"}, keys=["data", "meta"]),
    Row("4.1", "POST", f"{ONE_ENVIRONMENT}/purge-edge-cache", one=ENVIRONMENT),
    Row("4.1", "PUT", f"{ONE_ENVIRONMENT}/vanity-domain", body={"name": "shop"}, one=ENVIRONMENT),
    Row("5", "GET", "/api/applications", many=APPLICATION),
    Row(
        "5",
        "POST",
        "/api/applications",
        201,
        {"repository": "acme/blog", "name": "Blog", "region": "eu-west-1"},
        one=APPLICATION,
    ),
    Row("5", "GET", ONE_APPLICATION, one=APPLICATION),
    Row("5", "PATCH", ONE_APPLICATION, body={"slack_channel": "#shop"}, one=APPLICATION),
    Row("5", "DELETE", ONE_APPLICATION, 204),
    Row("5", "POST", f"{ONE_APPLICATION}/avatar", body=PICTURE, one=APPLICATION),
    Row("5", "DELETE", f"{ONE_APPLICATION}/avatar", 204),
    Row("6", "GET", f"{ONE_ENVIRONMENT}/deployments", many=DEPLOYMENT),
    Row("6", "POST", f"{ONE_ENVIRONMENT}/deployments", 201, one=DEPLOYMENT),
    Row("6", "GET", "/api/deployments/{deployment}", one=DEPLOYMENT),
    Row("6", "GET", "/api/deployments/{deployment}/logs", keys=["data", "meta"]),
    Row("7", "GET", f"{ONE_ENVIRONMENT}/commands", many=COMMAND),
    Row("7", "POST", f"{ONE_ENVIRONMENT}/commands", 201, {"command": "true"}, one=COMMAND),
    Row("7", "GET", "/api/commands/{command}", one=COMMAND),
    Row("8", "GET", "/api/meta/organization", one=ORGANIZATION),
    Row("8", "GET", "/api/meta/regions", keys=["data"]),
    Row("8", "GET", "/api/ip"),
    Row("8", "GET", "/api/organizations/{organization}", one=ORGANIZATION),
    Row("9", "POST", "/api/cli/auth-sessions", body={"port": 49513}, keys=["redirect_url"]),
    Row(
        "9",
        "POST",
        "/api/cli/auth-sessions/exchange",
        422,
        {"exchange_code": "unknown"},
        keys=["message", "errors"],
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_row_is_answered_as_the_contract_says(api: Api, row: Row) -> None:
    answer = called(api, row)

    assert answer.status_code == row.status, answer.text
    if row.status == 204:
        assert (answer.content, answer.headers.get("content-type")) == (b"", None)
        return
    resources = row.one or row.many
    assert answer.headers["content-type"] == (JSON_API if resources else JSON)
    body = answer.json()
    if row.keys is not None:
        assert list(body) == row.keys
    if row.one is not None:
        assert list(body) == ["data"]
        assert_shown(body["data"], row.one)
    if row.many is not None:
        assert list(body) == ["data", "links", "meta"]
        assert_shown(body["data"][0], row.many)


def test_no_row_of_the_contract_is_missing_here() -> None:
    # The pages that a browser is sent to for signing in are ours to choose; their tests are with the sign-in.
    routed = {
        (endpoint.method, endpoint.path)
        for endpoint in ENDPOINTS
        if endpoint.contract != "ours" and endpoint.path.startswith("/api/")
    }
    assert {(row.method, row.path.replace("{service}", "{instance}")) for row in ROWS} == routed


def assert_shown(resource: Any, attributes: Sequence[str]) -> None:
    """Without `include`, a resource has these attributes in this order, and no relations (sections 1.6 and 2 to 8)."""
    links = ["links"] if attributes in WITH_LINKS else []
    assert list(resource) == ["id", "type", "attributes", *links]
    assert list(resource["attributes"]) == list(attributes)


def called(api: Api, row: Row) -> Any:
    """Return the answer to what the row says, on what there is; the list of a row of lists has something in it."""
    environment = f"/api/environments/{api.linked.environment}"
    ids = {
        "application": api.linked.application,
        "environment": api.linked.environment,
        "instance": api.linked.instance,
        "organization": "default",
        "job": "1",
        "backgroundProcess": api.made(),
        "service": made(api, f"{environment}/instances", SERVICE),
        "deployment": made(api, f"{environment}/deployments", {}),
        "command": made(api, f"{environment}/commands", {"command": "true"}),
    }
    options = row.body if row.body is PICTURE else {"json": row.body}
    return api.client.request(row.method, row.path.format(**ids), params=row.query, **options)


def made(api: Api, path: str, body: Any) -> str:
    return str(api.client.request("POST", path, json=body).json()["data"]["id"])
