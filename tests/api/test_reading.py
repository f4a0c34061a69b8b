"""Contract sheet, sections 3.2, 4.2, 5 and 8."""

import asyncio
from pathlib import Path

from engineroom.control.folders.links import link
from engineroom.model.token import Ability
from engineroom.store.queries.access import organizations
from tests.support.api import Api, as_token

INSTANCE_KEYS = (
    "name type size scaling_type min_replicas max_replicas queue_status paused is_default visibility_timeout "
    "polling_interval shutdown_timeout uses_scheduler sleep_with_app scaling_cpu_threshold_percentage "
    "scaling_memory_threshold_percentage created_at"
).split()
ENVIRONMENT_KEYS = (
    "name slug status created_from_automation vanity_domain php_major_version build_command node_version "
    "deploy_command uses_octane uses_hibernation hibernation_wake_up_interval uses_push_to_deploy uses_deploy_hook "
    "environment_variables network_settings created_at"
).split()
APPLICATION_KEYS = "name slug region root_directory slack_channel avatar_url created_at repository".split()


def test_an_instance_has_all_attributes_of_section_3_2_in_order(api: Api) -> None:
    data = api.get(f"/api/instances/{api.linked.instance}").json()["data"]

    assert list(data) == ["id", "type", "attributes"]
    assert list(data["attributes"]) == INSTANCE_KEYS
    assert data["attributes"]["name"] == "App"
    assert data["attributes"]["type"] == "app"
    assert data["attributes"]["size"] == "host"
    assert data["attributes"]["min_replicas"] == 1


def test_an_instance_includes_its_environment_and_then_its_background_processes(api: Api) -> None:
    """Section 1.6."""
    made = api.made()

    body = api.get(
        f"/api/instances/{api.linked.instance}", params={"include": "backgroundProcesses,environment"}
    ).json()

    assert body["data"]["relationships"] == {
        "environment": {"data": {"type": "environments", "id": api.linked.environment}},
        "backgroundProcesses": {"data": [{"type": "background_processes", "id": made}]},
    }
    assert [item["type"] for item in body["included"]] == ["environments", "background_processes"]
    assert all("relationships" not in item for item in body["included"])


def test_an_environment_has_all_attributes_of_section_4_2_in_order_and_a_link_to_itself(api: Api) -> None:
    path = f"/api/environments/{api.linked.environment}"
    data = api.get(path).json()["data"]

    assert list(data) == ["id", "type", "attributes", "links"]
    assert list(data["attributes"]) == ENVIRONMENT_KEYS
    assert data["links"] == {"self": {"href": f"http://testserver{path}"}}
    assert data["attributes"]["status"] == "running"
    assert data["attributes"]["environment_variables"] == [{"key": "QUEUE", "value": "redis"}]
    assert data["attributes"]["network_settings"]["firewall"]["rate_limit"]["4xx"] is False


def test_variables_are_left_out_for_a_token_that_may_not_write(api: Api) -> None:
    """Section 4.2."""
    organization = asyncio.run(api.control.store.read(organizations.default)).id
    headers = as_token(api, organization, frozenset({Ability.READ}))

    data = api.get(f"/api/environments/{api.linked.environment}", headers=headers).json()["data"]

    assert list(data["attributes"]) == [key for key in ENVIRONMENT_KEYS if key != "environment_variables"]


def test_an_environment_relates_to_what_there_is_and_to_nothing_else(api: Api) -> None:
    """Sections 1.6 and 4.1, with the includes that the official client sends."""
    names = "application,branch,deployments,currentDeployment,primaryDomain,instances"
    body = api.get(f"/api/environments/{api.linked.environment}", params={"include": names}).json()

    assert list(body["data"]) == ["id", "type", "attributes", "relationships", "links"]
    assert body["data"]["relationships"] == {
        "application": {"data": {"type": "applications", "id": api.linked.application}},
        "branch": {"data": {"type": "branches", "id": body["included"][1]["id"]}},
        "deployments": {"data": []},
        "currentDeployment": {"data": None},
        "primaryDomain": {"data": None},
        "instances": {"data": [{"type": "instances", "id": api.linked.instance}]},
    }
    assert [item["type"] for item in body["included"]] == ["applications", "branches", "instances"]


def test_an_application_has_all_attributes_of_section_5_in_order(api: Api) -> None:
    names = "organization,environments,defaultEnvironment"
    body = api.get(f"/api/applications/{api.linked.application}", params={"include": names}).json()

    assert list(body["data"]) == ["id", "type", "attributes", "relationships"]
    assert list(body["data"]["attributes"]) == APPLICATION_KEYS
    assert body["data"]["attributes"]["slug"] == "shop"
    assert body["data"]["attributes"]["repository"] is None
    environment = {"type": "environments", "id": api.linked.environment}
    assert body["data"]["relationships"]["environments"] == {"data": [environment]}
    assert body["data"]["relationships"]["defaultEnvironment"] == {"data": environment}
    assert [item["type"] for item in body["included"]] == ["organizations", "environments"]


def test_lists_are_filtered_exactly(api: Api, tmp_path: Path) -> None:
    """Section 1.8."""
    asyncio.run(link(api.control.store, tmp_path, "Blog", {}))
    environment = f"/api/applications/{api.linked.application}/environments"
    instance = f"/api/environments/{api.linked.environment}/instances"

    def names(path: str, **filters: str) -> list[str]:
        params = {f"filter[{name}]": value for name, value in filters.items()}
        return [item["attributes"]["name"] for item in api.get(path, params=params).json()["data"]]

    assert names("/api/applications") == ["Shop", "Blog"]
    assert names("/api/applications", name="Blog") == ["Blog"]
    assert names("/api/applications", name="Blog", region="eu-west-1") == []
    assert names("/api/applications", unknown="x") == ["Shop", "Blog"]
    assert names(environment, status="running", slug="production") == ["production"]
    assert names(environment, status="stopped") == []
    assert names(instance, type="app", scaling_type="none") == ["App"]
    assert names(instance, size="flex-1gb") == []


def test_the_organization_of_the_token_is_shown(api: Api) -> None:
    """Section 8."""
    data = api.get("/api/meta/organization").json()["data"]
    assert data["type"] == "organizations"
    assert data["attributes"] == {"name": "Default", "slug": "default"}
    assert data["id"].startswith("org-")
