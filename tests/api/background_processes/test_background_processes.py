"""Contract sheet, section 2."""

import asyncio
import re

import pytest

from engineroom.model.ids import BackgroundProcessId
from engineroom.store.queries.background_processes import purge
from engineroom.store.queries.wanted import wanted
from tests.support.api import Api

KEYS = ["type", "processes", "command", "config", "strategy_type", "strategy_threshold", "created_at"]
CONFIG_KEYS = [
    "connection",
    "queue",
    "name",
    "tries",
    "backoff",
    "max-jobs",
    "max-time",
    "sleep",
    "rest",
    "timeout",
    "force",
    "stop-when-empty",
]
UNKNOWN = "process-01900000-0000-7000-8000-000000000000"


def test_a_custom_process_is_created_in_the_exact_shape_of_section_2_7(api: Api) -> None:
    answer = api.post({"type": "custom", "processes": 2, "command": "php artisan reverb:start"})

    assert answer.status_code == 201
    assert answer.headers["content-type"] == "application/vnd.api+json"
    assert list(answer.json()) == ["data"]
    data = answer.json()["data"]
    assert list(data) == ["id", "type", "attributes"]
    assert data["type"] == "background_processes"
    assert re.fullmatch(r"process-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", data["id"])
    assert list(data["attributes"]) == KEYS
    created_at = data["attributes"].pop("created_at")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000000Z", created_at)
    assert data["attributes"] == {
        "type": "custom",
        "processes": 2,
        "command": "php artisan reverb:start",
        "config": [],
        "strategy_type": None,
        "strategy_threshold": None,
    }


def test_a_worker_shows_twelve_keys_and_the_generated_command_of_sections_2_4_and_2_5(api: Api) -> None:
    answer = api.post({"type": "worker", "processes": 1, "config": {"connection": "database", "sleep": 10}})

    attributes = answer.json()["data"]["attributes"]
    assert list(attributes["config"]) == CONFIG_KEYS
    assert attributes["config"] == dict.fromkeys(CONFIG_KEYS) | {"connection": "database", "sleep": 10}
    assert attributes["command"] == "php artisan queue:work database --sleep=10 --quiet"


def test_the_bodies_of_the_official_client_work_as_section_2_6_lists_them(api: Api) -> None:
    config = {
        "queue": "default",
        "connection": "database",
        "tries": "1",
        "backoff": "30",
        "sleep": "10",
        "rest": "0",
        "timeout": "60",
        "force": "",
    }
    answer = api.post({"type": "worker", "processes": 1, "config": config})

    assert answer.status_code == 201
    created = answer.json()["data"]
    shown = created["attributes"]["config"]
    assert (shown["tries"], shown["rest"], shown["force"]) == (1, 0, None)
    assert created["attributes"]["command"] == (
        "php artisan queue:work database --queue=default --tries=1 --backoff=30 --sleep=10 --rest=0 --timeout=60 --quiet"
    )
    answer = api.patch(created["id"], {"processes": 2, "config": []})
    assert answer.status_code == 200
    assert answer.json()["data"]["attributes"]["processes"] == 2
    assert answer.json()["data"]["attributes"]["config"] == shown
    forced = api.patch(created["id"], {"config": {"force": "1"}}).json()["data"]["attributes"]
    assert forced["config"] == shown | {"force": True}
    assert " --force " in forced["command"]


def test_a_worker_without_config_has_twelve_nulls(api: Api) -> None:
    """Open question Q4."""
    attributes = api.shown(api.made(type="worker", command=None))

    assert attributes["config"] == dict.fromkeys(CONFIG_KEYS)
    assert attributes["command"] == "php artisan queue:work --quiet"


def test_the_strategy_is_null_in_the_create_answer_and_none_later(api: Api) -> None:
    """Section 2.2."""
    made = api.made()

    assert api.shown(made)["strategy_type"] == "none"
    assert api.get(api.collection).json()["data"][0]["attributes"]["strategy_type"] == "none"
    assert api.patch(made, {}).json()["data"]["attributes"]["strategy_type"] == "none"


def test_the_strategy_may_be_set_which_the_contract_only_shows(api: Api) -> None:
    answer = api.post(
        {"type": "worker", "processes": 1, "strategy_type": "queue_size", "strategy_threshold": "25"}
    )
    created = answer.json()["data"]
    assert created["attributes"]["strategy_type"] == "queue_size"
    assert created["attributes"]["strategy_threshold"] == 25

    api.patch(created["id"], {"processes": 3})
    assert api.shown(created["id"])["strategy_type"] == "queue_size"
    api.patch(created["id"], {"strategy_type": None, "strategy_threshold": None})
    assert api.shown(created["id"])["strategy_type"] == "none"
    assert api.shown(created["id"])["strategy_threshold"] is None


def test_config_is_merged_and_null_clears(api: Api) -> None:
    """Open question Q5."""
    made = api.made(type="worker", config={"connection": "redis", "tries": 3, "sleep": 5})

    api.patch(made, {"config": {"tries": None, "timeout": 90}})

    config = api.shown(made)["config"]
    assert {key: value for key, value in config.items() if value is not None} == {
        "connection": "redis",
        "sleep": 5,
        "timeout": 90,
    }


def test_the_type_may_change_and_custom_then_needs_a_command(api: Api) -> None:
    """Open question Q7."""
    made = api.made(type="worker", config={"connection": "redis"})

    refused = api.patch(made, {"type": "custom"})
    assert refused.status_code == 422
    assert refused.json()["errors"] == {"command": ["The command field is required when type is custom."]}

    api.patch(made, {"type": "custom", "command": "sleep 9"})
    assert (api.shown(made)["command"], api.shown(made)["config"]) == ("sleep 9", [])
    api.patch(made, {"type": "worker", "config": {"queue": "mail"}})
    assert api.shown(made)["command"] == "php artisan queue:work --queue=mail --quiet"


def test_what_does_not_apply_to_a_type_is_ignored(api: Api) -> None:
    """Open question Q8."""
    worker = api.made(type="worker", command=["not", "a", "string"])
    custom = api.made(config={"tries": "many"})

    assert api.shown(worker)["command"] == "php artisan queue:work --quiet"
    assert api.shown(custom)["config"] == []


def test_a_custom_command_is_changed_by_itself(api: Api) -> None:
    made = api.made()

    assert api.patch(made, {"command": "sleep 61"}).json()["data"]["attributes"]["command"] == "sleep 61"
    assert api.shown(made)["processes"] == 2


def test_unknown_fields_are_ignored(api: Api) -> None:
    """Section 1.13."""
    made = api.made(name="x", variables=[1])
    assert api.patch(made, {"nothing": {"like": "it"}}).status_code == 200


def test_the_list_is_oldest_first_and_has_the_pagination_block_of_section_1_9(api: Api) -> None:
    made = [api.made(command=f"sleep {number}") for number in range(3)]

    answer = api.get(api.collection, params={"include": "nothing", "page": 1})

    assert answer.headers["content-type"] == "application/vnd.api+json"
    body = answer.json()
    assert list(body) == ["data", "links", "meta"]
    assert [item["id"] for item in body["data"]] == made
    url = f"http://testserver{api.collection}"
    assert body["links"] == {"first": f"{url}?page=1", "last": f"{url}?page=1"}
    assert list(body["meta"]) == [
        "current_page",
        "from",
        "last_page",
        "links",
        "path",
        "per_page",
        "to",
        "total",
    ]
    assert body["meta"] == {
        "current_page": 1,
        "from": 1,
        "last_page": 1,
        "links": [
            {"url": None, "label": "&laquo; Previous", "page": None, "active": False},
            {"url": f"{url}?page=1", "label": "1", "page": 1, "active": True},
            {"url": None, "label": "Next &raquo;", "page": None, "active": False},
        ],
        "path": url,
        "per_page": 100,
        "to": 3,
        "total": 3,
    }


def test_an_empty_list_has_no_from_and_to(api: Api) -> None:
    """Section 1.9."""
    meta = api.get(api.collection).json()["meta"]
    assert (meta["from"], meta["to"], meta["total"], meta["last_page"]) == (None, None, 0, 1)


def test_a_second_page_is_linked_and_a_page_beyond_the_last_is_empty(api: Api) -> None:
    """Sections 1.8 and 1.9, open question Q11."""
    for _ in range(101):
        api.made()
    url = f"http://testserver{api.collection}"

    first, second, third = (api.get(api.collection, params={"page": page}).json() for page in (1, 2, 3))

    assert (len(first["data"]), len(second["data"]), third["data"]) == (100, 1, [])
    assert first["links"]["next"] == f"{url}?page=2"
    assert "prev" not in first["links"]
    assert "next" not in second["links"]
    assert second["links"]["prev"] == f"{url}?page=1"
    assert (second["meta"]["from"], second["meta"]["to"]) == (101, 101)
    assert (third["meta"]["from"], third["meta"]["to"], third["meta"]["total"]) == (None, None, 101)


@pytest.mark.parametrize("page", ["0", "-1", "x", "", "1.5", "٣"])
def test_what_is_no_page_number_counts_as_the_first_page(api: Api, page: str) -> None:
    assert api.get(api.collection, params={"page": page}).json()["meta"]["current_page"] == 1


def test_a_page_number_beyond_all_integers_is_an_empty_page(api: Api) -> None:
    answer = api.get(api.collection, params={"page": "9" * 40})
    assert (answer.status_code, answer.json()["data"]) == (200, [])


def test_the_instance_is_included_once_and_without_relationships(api: Api) -> None:
    """Section 1.6."""
    made = [api.made(), api.made()]

    answer = api.get(api.collection, params={"include": "instance"}).json()

    assert list(answer) == ["data", "links", "meta", "included"]
    identifier = {"type": "instances", "id": api.linked.instance}
    assert [list(item) for item in answer["data"]] == [["id", "type", "attributes", "relationships"]] * 2
    assert [item["relationships"] for item in answer["data"]] == [{"instance": {"data": identifier}}] * 2
    assert [list(item) for item in answer["included"]] == [["id", "type", "attributes"]]
    one = api.get(f"/api/background-processes/{made[0]}", params={"include": "instance"}).json()
    assert list(one) == ["data", "included"]
    assert one["included"] == answer["included"]


def test_a_deleted_process_is_gone_at_once_while_its_row_waits_for_its_processes(api: Api) -> None:
    made = api.made()

    answer = api.delete(made)

    assert (answer.status_code, answer.content) == (204, b"")
    assert "content-type" not in answer.headers
    assert "content-length" not in answer.headers
    assert api.get(f"/api/background-processes/{made}").status_code == 404
    assert api.patch(made, {"processes": 1}).status_code == 404
    assert api.client.request("POST", f"/api/background-processes/{made}/restart").status_code == 404
    assert api.get(api.collection).json()["data"] == []


def forced(api: Api, background_process: str) -> bool:
    """Return whether what is left of a deleted background process is to be killed."""
    rows = asyncio.run(api.control.store.read(wanted))
    [found] = [row for row in rows if row.background_process.id == background_process]
    assert found.deleted
    return found.deleted_force


@pytest.mark.parametrize(
    ("query", "kills"), [("", False), ("?force=false", False), ("?force=true", True), ("?force=1", True)]
)
def test_a_delete_drains_unless_it_is_forced(api: Api, query: str, kills: bool) -> None:
    made = api.made()

    assert api.delete(made + query).status_code == 204

    assert forced(api, made) is kills


def test_a_second_delete_of_what_still_drains_is_a_forced_one(api: Api) -> None:
    made = api.made()
    first = api.delete(made).headers["engineroom-operation"]

    answer = api.delete(made)

    assert (answer.status_code, answer.content) == (204, b"")
    assert forced(api, made)
    assert api.get(f"/api/background-processes/{made}").status_code == 404
    second = answer.headers["engineroom-operation"]
    assert second != first
    shown = api.get(f"/api/operations/{second}").json()["data"]["attributes"]
    assert (shown["action"], shown["changes"]) == ("delete", {"force": {"from": False, "to": True}})
    assert api.get(f"/api/operations/{first}").json()["data"]["attributes"]["status"] == "superseded"
    asyncio.run(api.control.store.write(lambda connection: purge(connection, [BackgroundProcessId(made)])))
    assert api.delete(made).status_code == 404


@pytest.mark.parametrize("body", [b"", b"{}"])
def test_a_restart_is_accepted_as_an_operation(api: Api, body: bytes) -> None:
    made = api.made()
    before = api.shown(made)

    for number in range(2):
        answer = api.client.request("POST", f"/api/background-processes/{made}/restart", content=body)

        assert answer.status_code == 202
        assert answer.headers["content-type"] == "application/vnd.api+json"
        data = answer.json()["data"]
        assert (data["type"], data["id"]) == ("operations", answer.headers["engineroom-operation"])
        assert (data["attributes"]["action"], data["attributes"]["status"]) == ("restart", "running")
        assert data["attributes"]["changes"] == {"generation": {"from": number, "to": number + 1}}
        assert data == api.get(f"/api/operations/{data['id']}").json()["data"]
    assert api.control.woken == [made] * 3
    assert api.shown(made) == before


def test_a_restart_of_an_instance_restarts_each_of_its_background_processes(api: Api) -> None:
    made = [api.made(), api.made(type="worker", command=None)]
    api.delete(api.made())
    path = f"/api/instances/{api.linked.instance}/restart"

    answer = api.client.request("POST", path, json={})

    assert (answer.status_code, answer.headers["content-type"]) == (202, "application/vnd.api+json")
    body = answer.json()
    assert list(body) == ["data", "meta"]
    assert body["meta"] == {"total": 2}
    assert [item["attributes"]["subject_id"] for item in body["data"]] == made
    assert {item["attributes"]["action"] for item in body["data"]} == {"restart"}
    assert api.control.woken[-2:] == made


def test_a_restart_of_an_instance_without_background_processes_is_no_error(api: Api) -> None:
    answer = api.client.request("POST", f"/api/instances/{api.linked.instance}/restart")

    assert (answer.status_code, answer.json()["data"]) == (202, [])


def test_a_restart_of_an_unknown_instance_is_not_found(api: Api) -> None:
    path = "/api/instances/inst-01900000-0000-7000-8000-000000000000/restart"
    assert api.client.request("POST", path).status_code == 404


def test_every_change_names_its_operation_and_wakes_the_control_plane(api: Api) -> None:
    answers = [api.post({"type": "custom", "processes": 1, "command": "sleep 1"})]
    made = answers[0].json()["data"]["id"]
    answers += [api.patch(made, {"processes": 4}), api.delete(made)]

    operations = [answer.headers["engineroom-operation"] for answer in answers]
    assert len(set(operations)) == 3
    assert all(operation.startswith("op-") for operation in operations)
    assert api.control.woken == [made] * 3


@pytest.mark.parametrize("method", ["get", "delete", "patch"])
@pytest.mark.parametrize("unknown", [UNKNOWN, "1", "process-%00", "%F0%9F%92%A5", "a" * 300])
def test_an_unknown_process_is_not_found(api: Api, method: str, unknown: str) -> None:
    """Section 1.12."""
    answer = api.client.request(method, f"/api/background-processes/{unknown}")

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/json"
    assert list(answer.json()) == ["message"]


def test_an_unknown_instance_is_not_found_whatever_the_body_is(api: Api) -> None:
    path = "/api/instances/inst-01900000-0000-7000-8000-000000000000/background-processes"

    assert api.get(path).status_code == 404
    assert api.client.request("POST", path, content=b"{").status_code == 404
