"""What nothing is made of is named in a header, and the answer stays as it is."""

from typing import Any

import pytest

from engineroom.model.ids import new_background_process_id
from tests.support.api import Api

WORKER = {"type": "worker", "processes": 1, "config": {"queue": "default"}}
CUSTOM = {"type": "custom", "processes": 1, "command": "sleep 60"}


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        (WORKER, None),
        (CUSTOM, None),
        ({**WORKER, "config": {"queue": "a", "max-jobs": 50}}, "config.max-jobs"),
        ({**WORKER, "proceses": 3, "config": {"maxJobs": 1, "tries": 2}}, "config.maxJobs, proceses"),
        ({**WORKER, "command": "php artisan horizon"}, "command"),
        ({**WORKER, "command": None}, None),
        ({**WORKER, "command": ""}, None),
        ({**CUSTOM, "config": {"queue": "a"}}, "config.queue"),
        ({**CUSTOM, "config": []}, None),
        ({**CUSTOM, "a\r\nX-Evil: 1": 1, "é": 2}, "a%0D%0AX-Evil%3A%201, %C3%A9"),
    ],
)
def test_fields_that_nothing_is_made_of_are_named(
    api: Api, fields: dict[str, Any], named: str | None
) -> None:
    answer = api.post(fields)
    assert answer.status_code == 201
    assert answer.headers.get("engineroom-ignored") == named


def test_fields_in_lists_are_named_with_their_place(api: Api) -> None:
    fields = {"variables": [{"key": "A", "value": "1"}, {"key": "B", "value": "2", "secret": True}]}
    answer = api.client.request("PUT", f"/api/environments/{api.linked.environment}/variables", json=fields)
    assert answer.headers["engineroom-ignored"] == "variables.1.secret"


def test_parameters_and_relations_that_are_not_known_are_named(api: Api) -> None:
    answer = api.get(f"{api.collection}?page=1&include=instance,owner&sort=name&filter[name]=a")
    assert answer.status_code == 200
    assert answer.headers["engineroom-ignored"] == "sort, filter[name], include=owner"
    assert "engineroom-ignored" not in api.get(f"{api.collection}?page=1&include=instance").headers


@pytest.mark.parametrize("of", ["environment", "process"])
def test_parameters_that_an_endpoint_has_are_not_named(api: Api, of: str) -> None:
    period = "from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z"
    path = f"environments/{api.linked.environment}/logs?{period}&instances[]=inst-1"
    if of == "process":
        path = f"background-processes/{api.made()}/logs?{period}&download=true&tail=3"
    answer = api.get(f"/api/{path}")
    assert answer.status_code == 200
    assert "engineroom-ignored" not in answer.headers


def test_they_are_named_when_the_request_is_refused_too(api: Api) -> None:
    answer = api.get(f"/api/background-processes/{new_background_process_id()}?verbose=1")
    assert answer.status_code == 404
    assert answer.headers["engineroom-ignored"] == "verbose"


def test_not_everything_that_is_sent_is_told_back(api: Api) -> None:
    answer = api.post({**CUSTOM, **{f"{number:0200}": 1 for number in range(1000)}})
    assert len(answer.headers["engineroom-ignored"]) < 6000


@pytest.mark.parametrize(
    "path", ["/api/databases/clusters", "/api/environments/env-1/domains", "/api/caches", "/api/usage"]
)
def test_what_the_platform_has_and_is_not_here_is_said_to_be_so(api: Api, path: str) -> None:
    answer = api.get(path)
    assert answer.status_code == 404
    assert "Laravel Cloud's API has this endpoint and engineroom has not" in answer.json()["message"]
    assert api.get("/api/nothing").json() == {"message": "Not found."}
