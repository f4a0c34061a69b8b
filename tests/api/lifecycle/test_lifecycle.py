"""How the processes of a background process are stopped, replaced and started again is shown and changed."""

from tests.support.api import Api

USUAL = {
    "stop_signal": "SIGTERM",
    "stop_target": "program",
    "stop_timeout": None,
    "replacement": None,
    "expected_exit_codes": None,
}
CHANGED = {
    "stop_signal": "SIGQUIT",
    "stop_target": "group",
    "stop_timeout": 90,
    "replacement": "start_first",
    "expected_exit_codes": [0, 3],
}


def made(api: Api) -> str:
    created = api.post({"type": "custom", "command": "sleep 60", "processes": 1})
    identifier: str = created.json()["data"]["id"]
    return identifier


def test_what_is_asked_for_is_shown_and_changed_field_by_field(api: Api) -> None:
    path = f"/api/background-processes/{made(api)}/lifecycle"
    assert api.get(path).json()["data"]["attributes"] == USUAL
    for name, value in CHANGED.items():
        changed = api.client.request("PATCH", path, json={name: value})
        assert changed.status_code == 200
        assert changed.headers["Engineroom-Operation"].startswith("op-")
    assert api.get(path).json()["data"]["attributes"] == CHANGED
    api.client.request("PATCH", path, json={"stop_timeout": None, "expected_exit_codes": None})
    assert api.get(path).json()["data"]["attributes"] == CHANGED | {
        "stop_timeout": None,
        "expected_exit_codes": None,
    }


def test_every_wrong_field_is_named_at_once(api: Api) -> None:
    path = f"/api/background-processes/{made(api)}/lifecycle"
    wrong = {
        "stop_signal": "SIGKILL",
        "stop_target": "everybody",
        "stop_timeout": -1,
        "replacement": "never",
        "expected_exit_codes": [256],
    }
    answer = api.client.request("PATCH", path, json=wrong)
    assert answer.status_code == 422
    assert {name.split(".")[0] for name in answer.json()["errors"]} == set(wrong)
    assert answer.json()["errors"]["stop_target"] == [
        "The selected stop target is invalid: it must be 'program' or 'group'."
    ]


def test_it_is_told_by_the_operation_and_not_by_the_contracts_resource(api: Api) -> None:
    identifier = made(api)
    path = f"/api/background-processes/{identifier}"
    operation = api.client.request("PATCH", f"{path}/lifecycle", json={"stop_signal": "SIGINT"}).headers[
        "Engineroom-Operation"
    ]
    told = api.get(f"/api/operations/{operation}").json()["data"]["attributes"]["changes"]
    assert told == {"lifecycle": {"from": {}, "to": {"stop_signal": "SIGINT"}}}
    assert "lifecycle" not in api.get(path).json()["data"]["attributes"]


def test_what_does_not_exist_is_not_found(api: Api) -> None:
    assert api.get("/api/background-processes/process-0/lifecycle").status_code == 404
