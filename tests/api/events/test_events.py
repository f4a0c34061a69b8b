"""Events of a background process, of an environment, of everything; listed and followed."""

import asyncio
import json

import pytest

from engineroom.model.ids import BackgroundProcessId
from engineroom.store.queries import events
from tests.api.logs.test_following import events as frames
from tests.api.logs.test_following import served
from tests.runtime.asynchronous import asynchronous
from tests.store.rows import an_event
from tests.support.api import Api


@pytest.fixture
def made(api: Api) -> str:
    return api.made()


def happened(api: Api, *kinds: str, of: str | None) -> None:
    """Have these be recorded."""
    new = [an_event(kind=kind, background_process_id=of and BackgroundProcessId(of)) for kind in kinds]
    asyncio.run(api.control.store.write(lambda connection: events.add(connection, new)))


def kinds(api: Api, path: str) -> list[str]:
    return [item["attributes"]["kind"] for item in api.get(path).json()["data"]]


def test_events_are_listed_for_one_for_an_environment_and_for_all(api: Api, made: str) -> None:
    happened(api, "process.started", of=made)
    happened(api, "keeper.lost", of=None)
    happened(api, "process.exited", of="process-of-nobody")

    assert kinds(api, f"/api/background-processes/{made}/events") == [
        "process.started",
        "background_process.created",
    ]
    assert kinds(api, f"/api/environments/{api.linked.environment}/events") == [
        "process.started",
        "background_process.created",
    ]
    assert kinds(api, "/api/events") == ["keeper.lost", "process.started", "background_process.created"]


def test_every_change_through_the_api_leaves_an_event_with_who_and_what(api: Api, made: str) -> None:
    api.patch(made, {"processes": 3})
    api.client.request("POST", f"/api/background-processes/{made}/restart")

    listed = api.get(f"/api/background-processes/{made}/events").json()["data"]

    messages = [item["attributes"]["message"] for item in listed]
    assert messages == ["test restarted it.", "test changed it: processes.", "test created it."]
    assert {item["attributes"]["data"]["actor"] for item in listed} == {"test"}
    api.delete(made)
    assert kinds(api, "/api/events")[0] == "background_process.deleted"


def test_every_change_of_an_environment_and_of_what_is_in_it_is_an_event_of_it(api: Api) -> None:
    of_environment = f"/api/environments/{api.linked.environment}"
    variables = {"method": "append", "variables": [{"key": "KEY", "value": "planted-6b1d"}]}
    api.client.request("POST", f"{of_environment}/variables", json=variables)
    api.client.request("PATCH", f"/api/instances/{api.linked.instance}", json={"max_replicas": 2})
    api.client.request("POST", f"{of_environment}/deployments")
    api.client.request("POST", f"{of_environment}/commands", json={"command": "true"})
    answer = api.get(f"{of_environment}/events")

    told = {item["attributes"]["kind"]: item["attributes"] for item in answer.json()["data"]}
    assert told.keys() >= {"environment.changed", "instance.changed", "deployment.deployed", "command.ran"}
    assert told["environment.changed"]["subject_id"] == api.linked.environment
    assert told["instance.changed"]["message"] == "test changed it: max_replicas."
    assert told["instance.changed"]["data"]["actor"] == "test"
    assert "planted" not in answer.text
    assert set(told) <= set(kinds(api, "/api/events"))


def test_events_of_another_organization_are_not_seen(api: Api) -> None:
    another = [an_event(kind="environment.changed", background_process_id=None, subject_id="env-of-others")]
    asyncio.run(api.control.store.write(lambda connection: events.add(connection, another)))

    assert "environment.changed" not in kinds(api, "/api/events")


@asynchronous
async def test_events_are_followed_from_where_a_client_was(api: Api, made: str) -> None:
    async with served(api) as client:
        path = f"/api/background-processes/{made}/events?follow=true"
        async with client.stream("GET", path, headers={"last-event-id": "0"}) as answer:
            got = frames(answer)
            number, first = await anext(got)
            new = [an_event(kind="process.exited", background_process_id=BackgroundProcessId(made))]
            await api.control.store.write(lambda connection: events.add(connection, new))
            _, second = await anext(got)
        async with client.stream("GET", path, headers={"last-event-id": str(number)}) as answer:
            _, again = await anext(frames(answer))
        async with client.stream("GET", path, headers={"last-event-id": str(1 << 80)}) as answer:
            _, anew = await anext(frames(answer))

    assert json.dumps(anew) == json.dumps(first)
    assert first["attributes"]["kind"] == "background_process.created"
    assert second["attributes"]["kind"] == "process.exited"
    assert json.dumps(again) == json.dumps(second)
