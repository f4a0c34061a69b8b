"""Every command of the table in appendix A of the contract sheet, by a client written from it alone, on a real server."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract import official_client as decode
from tests.contract.official_client import OfficialClient, RefusedError
from tests.support.engineroom_server import EngineroomServer, Linked
from tests.support.waiting import wait_until

WORKER = {
    "type": "worker",
    "processes": 1,
    "config": {
        "queue": "default",
        "connection": "database",
        "tries": "1",
        "backoff": "30",
        "sleep": "10",
        "rest": "0",
        "timeout": "60",
        "force": "",
    },
}


@pytest.fixture
def linked(engineroom: EngineroomServer, code: Path) -> Linked:
    return engineroom.link(code, name="shop")


@pytest.fixture
def client(engineroom: EngineroomServer) -> Iterator[OfficialClient]:
    made = OfficialClient(engineroom.address, engineroom.token)
    yield made
    made.close()


def test_background_process_commands(client: OfficialClient, linked: Linked) -> None:
    """Appendix A: background-process:create, list, get, update, delete; section 2.6."""
    instance = client.instance("", "shop", "production")
    path = f"/instances/{instance['id']}/background-processes"

    worker = decode.background_process(client.call("POST", path, json=WORKER).json())
    custom_fields = {"type": "custom", "processes": 1, "command": "sleep 60"}
    custom = decode.background_process(client.call("POST", path, json=custom_fields).json())
    assert worker["attributes"]["strategy_type"] is None
    assert worker["attributes"]["config"]["tries"] == 1
    assert worker["attributes"]["config"]["force"] is None

    listed = client.many(path, decode.background_process)
    assert [each["id"] for each in listed] == [worker["id"], custom["id"]]
    before = client.background_process(worker["id"])
    assert before["attributes"]["strategy_type"] == "none"
    client.call("PATCH", f"/background-processes/{worker['id']}", json={"processes": 2, "config": []})
    after = client.background_process(worker["id"])
    assert after["attributes"]["processes"] == 2
    assert after["attributes"]["config"] == before["attributes"]["config"]
    client.call("PATCH", f"/background-processes/{custom['id']}", json={"command": "sleep 61"})
    for each in (worker, custom):
        client.call("DELETE", f"/background-processes/{each['id']}")
    assert client.many(path, decode.background_process) == []
    assert linked.instance == instance["id"]


def test_instance_commands(client: OfficialClient, linked: Linked) -> None:
    """Appendix A: instance:sizes, create, list, get, update, delete."""
    environment = client.environment("shop", "production")
    assert len(decode.sizes(client.call("GET", "/instances/sizes").json())) == 24
    path = f"/environments/{environment['id']}/instances"
    fields = {
        "name": "Workers",
        "type": "service",
        "size": "flex.c-1vcpu-256mb",
        "scaling_type": "custom",
        "min_replicas": 1,
        "max_replicas": 2,
        "uses_scheduler": False,
        "scaling_cpu_threshold_percentage": 70,
    }

    made = decode.instance(client.call("POST", path, json=fields).json())
    assert [each["id"] for each in client.many(path, decode.instance)] == [linked.instance, made["id"]]
    found = client.instance(made["id"])
    assert found["environment"]["attributes"]["uses_hibernation"] is False
    assert found["environment"]["attributes"]["uses_octane"] is False
    changes = {"size": "flex.g-1vcpu-512mb", "max_replicas": 3, "uses_octane": True, "uses_sleep_mode": False}
    decode.instance(client.call("PATCH", f"/instances/{made['id']}", json=changes).json())
    assert client.one(f"/instances/{made['id']}", decode.instance)["attributes"]["max_replicas"] == 3
    client.call("DELETE", f"/instances/{made['id']}")
    assert [each["id"] for each in client.many(path, decode.instance)] == [linked.instance]


def test_environment_commands(client: OfficialClient, linked: Linked) -> None:
    """Appendix A: environment:create, list, get, update, variables, logs, delete."""
    application = client.application("shop")
    path = f"/applications/{application['id']}/environments"
    fields = {"branch": "develop", "name": "staging"}

    made = decode.environment(client.call("POST", path, json=fields).json())
    client.one(f"/environments/{made['id']}?include=application", decode.environment)
    listed = client.many(path, decode.environment)
    assert [each["id"] for each in listed] == [linked.environment, made["id"]]
    assert client.environment_of_branch("shop", "develop")["id"] == made["id"]
    found = client.environment("shop", "staging")
    of = client.application(found["application"]["id"])
    assert of["organization"]["attributes"]["slug"] == "default"

    changes = {"branch": "next", "build_command": "true", "deploy_command": "true"}
    client.call("PATCH", f"/environments/{made['id']}", json=changes)
    after = client.one(f"/environments/{made['id']}", decode.environment)
    assert after["attributes"]["deploy_command"] == "true"
    variables = f"/environments/{made['id']}/variables"
    one = [{"key": "A", "value": "1"}]
    client.call("POST", variables, json={"method": "append", "variables": one})
    client.call("POST", variables, json={"method": "set", "variables": one})
    client.call("PUT", variables, json={"variables": one})
    after = client.one(f"/environments/{made['id']}", decode.environment)
    assert after["attributes"]["environment_variables"] == one
    logs = client.call("GET", f"/environments/{made['id']}/logs", params=decode.moments_of_the_last_hour())
    assert decode.log_entries(logs.json()) == []
    client.call("DELETE", f"/environments/{made['id']}")
    assert [each["id"] for each in client.many(path, decode.environment)] == [linked.environment]


def test_the_logs_tell_what_happened(client: OfficialClient, linked: Linked) -> None:
    """Appendix A: environment:logs."""
    path = f"/instances/{linked.instance}/background-processes"
    client.call("POST", path, json={"type": "custom", "processes": 1, "command": "echo hello; sleep 60"})

    def look() -> Any:
        moments = decode.moments_of_the_last_hour()
        answer = client.call("GET", f"/environments/{linked.environment}/logs", params=moments)
        return decode.log_entries(answer.json())

    entry = wait_until("the log has entries", look)[0]
    assert (entry["message"], entry["type"]) == ("hello", "system")


def test_application_commands(client: OfficialClient, linked: Linked) -> None:
    """Appendix A: application:create, list, get, update, delete."""
    decode.organization(client.call("GET", "/meta/organization").json())
    regions = client.call("GET", "/meta/regions").json()["data"]
    fields = {"repository": "acme/blog", "name": "blog", "region": regions[0]["region"]}

    made = decode.application(client.call("POST", "/applications", json=fields).json())
    client.one(f"/applications/{made['id']}", decode.application)
    listed = client.many("/applications", decode.application, "organization,environments")
    assert [each["id"] for each in listed] == [linked.application, made["id"]]
    assert listed[1]["organization"]["attributes"]["name"] == "Default"
    found = client.application(made["id"])
    assert len(found["environments"]) == 1
    client.call("PATCH", f"/applications/{made['id']}", json={"name": "blog 2"})
    body = b'--b\r\ncontent-disposition: form-data; name="avatar"; filename="a.png"\r\n\r\n\x89PNG\r\n\x1a\n\r\n--b--\r\n'
    answer = client.call("POST", f"/applications/{made['id']}/avatar", content=body)
    assert decode.application(answer.json())["attributes"]["avatar_url"].startswith("http")
    assert client.one(f"/applications/{made['id']}", decode.application)["attributes"]["name"] == "blog 2"
    client.call("DELETE", f"/applications/{made['id']}")
    assert [each["id"] for each in client.many("/applications", decode.application)] == [linked.application]


def deployed(client: OfficialClient, identifier: str) -> Any:
    def look() -> Any:
        found = client.one(f"/deployments/{identifier}", decode.deployment)
        return found if found["attributes"]["status"] in decode.DEPLOYMENT_ENDS else None

    return wait_until("the deployment is over", look, timeout_seconds=30)


def test_deploy_commands(client: OfficialClient, linked: Linked) -> None:
    """Appendix A: deploy, deploy:monitor, deployment:list, deployment:get."""
    environment = client.environment("shop", "production")
    path = f"/environments/{environment['id']}/deployments"
    command = {"type": "custom", "processes": 2, "command": "sleep 60"}
    client.call("POST", f"/instances/{linked.instance}/background-processes", json=command)

    # No body at all, under the client's media type.
    made = decode.deployment(client.call("POST", path).json())
    assert made["attributes"]["status"] == "pending"
    done = deployed(client, made["id"])["attributes"]
    assert (done["status"], done["failure_reason"]) == ("deployment.succeeded", None)
    assert done["finished_at"] >= done["started_at"]
    newer = decode.deployment(client.call("POST", path).json())
    assert [each["id"] for each in client.many(path, decode.deployment)] == [newer["id"], made["id"]]
    deployed(client, newer["id"])
    found = client.one(f"/deployments/{newer['id']}?include=environment", decode.deployment)
    of = client.one(f"/environments/{found['environment']['id']}?include=application", decode.environment)
    assert of["application"]["attributes"]["name"] == "shop"
    again = client.environment("shop", linked.environment)
    assert [each["id"] for each in again["deployments"]] == [newer["id"], made["id"]]


def test_command_commands(client: OfficialClient, linked: Linked) -> None:
    """Appendix A: command:run, command:list, command:get."""
    path = f"/environments/{client.environment('shop', 'production')['id']}/commands"

    made = decode.command(client.call("POST", path, json={"command": "echo hello; exit 0"}).json())
    assert made["attributes"]["status"] == "pending"

    def look() -> Any:
        found = client.one(f"/commands/{made['id']}", decode.command)["attributes"]
        return found if found["status"] in ("command.success", "command.failure") else None

    done = wait_until("the command is over", look)
    assert (done["status"], done["output"], done["exit_code"]) == ("command.success", "hello\n", 0)
    assert [each["id"] for each in client.many(path, decode.command)] == [made["id"]]
    found = client.one(f"/commands/{made['id']}?include={decode.COMMAND_INCLUDES}", decode.command)
    assert found["environment"]["id"] == linked.environment


def test_ip_addresses(client: OfficialClient, linked: Linked) -> None:
    """Appendix A: ip:addresses."""
    assert linked.application
    for addresses in client.call("GET", "/ip").json().values():
        assert set(addresses) == {"ipv4", "ipv6"}


def test_an_id_that_is_not_found_falls_back_to_the_list(client: OfficialClient, linked: Linked) -> None:
    """Appendix A, general: look-ups swallow every error."""
    with pytest.raises(StopIteration):
        client.application("app-none")
    assert client.application(linked.application)["id"] == linked.application
    assert client.calls[-2].startswith("GET /applications?include=organization")


def test_what_is_refused_can_be_shown(client: OfficialClient, linked: Linked) -> None:
    """Appendix A, general: errors by field, or the message."""
    path = f"/instances/{linked.instance}"
    with pytest.raises(RefusedError, match="processes: The processes field must be at least 1"):
        client.call("POST", f"{path}/background-processes", json=WORKER | {"processes": 0})
    with pytest.raises(RefusedError, match="app instance"):
        client.call("DELETE", path)


def test_terraform_reads_what_it_made(client: OfficialClient, linked: Linked) -> None:
    """Appendix A, last paragraph: the includes of the Terraform provider; to-one relations become ids."""
    path = f"/instances/{linked.instance}/background-processes"
    fields = {"type": "worker", "processes": 2, "config": {"connection": "redis", "tries": 3, "force": False}}
    made = client.call("POST", path, json=fields).json()["data"]["id"]

    read = client.call("GET", f"/background-processes/{made}?include=instance").json()["data"]
    assert read["relationships"]["instance"]["data"]["id"] == linked.instance
    assert isinstance(read["attributes"]["config"], dict)
    read = client.call("GET", f"/instances/{linked.instance}?include=environment").json()["data"]
    assert read["relationships"]["environment"]["data"]["id"] == linked.environment
    includes = "organization,environments,defaultEnvironment"
    read = client.call("GET", f"/applications/{linked.application}?include={includes}").json()["data"]
    assert read["relationships"]["defaultEnvironment"]["data"]["id"] == linked.environment
    deployment = client.call("POST", f"/environments/{linked.environment}/deployments", json={}).json()[
        "data"
    ]
    read = client.call("GET", f"/deployments/{deployment['id']}?include=environment,initiator").json()["data"]
    assert read["relationships"]["initiator"] == {"data": None}
    for gone in (f"/background-processes/{made}", f"/deployments/{deployment['id']}"):
        with pytest.raises(RefusedError) as refused:
            client.call("GET", f"{gone}-other")
        assert refused.value.status == 404
