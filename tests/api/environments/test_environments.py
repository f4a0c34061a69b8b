"""Contract sheet, section 4."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.api import Api


def url(api: Api, ending: str = "") -> str:
    return f"/api/environments/{api.linked.environment}{ending}"


def attributes(answer: Any) -> dict[str, Any]:
    assert answer.status_code < 300, answer.text
    found: dict[str, Any] = answer.json()["data"]["attributes"]
    return found


def create(api: Api, **fields: Any) -> Any:
    path = f"/api/applications/{api.linked.application}/environments"
    return api.client.request("POST", path, json=fields)


def test_a_fresh_environment_has_the_recorded_values_and_one_app_instance(api: Api) -> None:
    """Sections 4.2, 4.3 and 3.5."""
    answer = create(api, branch="develop", name="Staging 2")

    assert answer.status_code == 201
    shown = attributes(answer)
    assert (shown["name"], shown["slug"], shown["status"]) == ("Staging 2", "staging-2", "running")
    assert shown["php_major_version"] == "8.4"
    assert shown["node_version"] == "24"
    assert shown["build_command"].startswith("composer install --no-dev")
    assert shown["deploy_command"] == "# php artisan migrate --force"
    assert shown["uses_push_to_deploy"] is True
    assert [variable["key"] for variable in shown["environment_variables"]] == ["APP_KEY"]
    listed = api.get(f"/api/environments/{answer.json()['data']['id']}/instances").json()["data"]
    assert [item["attributes"]["name"] for item in listed] == ["App"]


def test_slugs_are_made_unique(api: Api) -> None:
    """Section 4.2."""
    slugs = [attributes(create(api, branch="x", name="Staging"))["slug"] for _ in range(3)]
    assert slugs == ["staging", "staging-2", "staging-3"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": "a/b"}, "name"),
        ({"name": "a" * 41}, "name"),
        ({"branch": None}, "branch"),
        ({"directory": "/nowhere/at/all"}, "directory"),
        ({"directory": "relative"}, "directory"),
    ],
)
def test_a_wrong_field_of_a_new_environment_is_named(api: Api, fields: dict[str, Any], field: str) -> None:
    """Section 4.3."""
    answer = create(api, **{"branch": "main", "name": "Staging"} | fields)
    assert (answer.status_code, list(answer.json()["errors"])) == (422, [field])


def test_what_is_changed_is_shown_as_the_contract_has_it(api: Api) -> None:
    """Section 4.4."""
    fields = {
        "name": "live",
        "slug": "Live Now",
        "color": "blue",
        "branch": "release",
        "uses_push_to_deploy": "1",
        "uses_octane": True,
        "timeout": 20,
        "php_version": "8.5:1",
        "node_version": "22",
        "build_command": "make",
        "deploy_command": None,
        "database_schema_id": None,
        "cache_id": "",
        "filesystem_keys": [],
        "hibernation_wake_up_interval": 60,
        "cache_strategy": "bypass",
        "response_headers_frame": "sameorigin",
        "response_headers_content_type": "none",
        "response_headers_robots_tag": "noindex, nofollow",
        "response_headers_hsts": {"max_age": 31536000, "include_subdomains": True, "preload": False},
        "firewall_block_path": False,
        "firewall_rate_limit_level": "challenge",
        "firewall_under_attack_mode": True,
        "variables": [{"key": "IGNORED", "value": ""}],
    }
    api.client.request("PATCH", url(api), json=fields)
    shown = attributes(api.get(url(api)))

    assert (shown["name"], shown["slug"], shown["php_major_version"]) == ("live", "live-now", "8.5")
    assert (shown["node_version"], shown["build_command"], shown["deploy_command"]) == ("22", "make", None)
    assert shown["uses_push_to_deploy"] is True
    assert shown["hibernation_wake_up_interval"] == 60
    assert [variable["key"] for variable in shown["environment_variables"]] == ["QUEUE"]
    network = shown["network_settings"]
    assert network["cache"] == {"strategy": "bypass"}
    assert network["response_headers"] == {
        "frame": "sameorigin",
        "content_type": "none",
        "robots_tag": "noindex, nofollow",
        "hsts": {"max_age": 31536000, "include_subdomains": True, "preload": False},
    }
    assert network["firewall"]["block_path"] is False
    assert network["firewall"]["rate_limit"]["level"] == "challenge"
    assert network["firewall"]["under_attack_mode_started_at"].endswith(".000000Z")
    branch = api.get(url(api, "?include=branch")).json()["included"][0]
    assert branch["attributes"] == {"name": "release"}
    assert branch["id"].isdecimal()


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"color": "pink"}, "color"),
        ({"timeout": 4}, "timeout"),
        ({"php_version": "8.4"}, "php_version"),
        ({"node_version": "21"}, "node_version"),
        ({"build_command": "a" * 2001}, "build_command"),
        ({"database_schema_id": "17"}, "database_schema_id"),
        ({"filesystem_keys": [{"id": "1"}]}, "filesystem_keys"),
        ({"hibernation_wake_up_interval": 0}, "hibernation_wake_up_interval"),
        ({"shutdown_timeout": 601}, "shutdown_timeout"),
        ({"nightwatch_token": "short"}, "nightwatch_token"),
        ({"cache_strategy": "all"}, "cache_strategy"),
        (
            {"response_headers_hsts": {"max_age": -1, "include_subdomains": True, "preload": True}},
            "response_headers_hsts.max_age",
        ),
        (
            {"response_headers_hsts": {"max_age": 1, "preload": True}},
            "response_headers_hsts.include_subdomains",
        ),
    ],
)
def test_a_wrong_change_is_named(api: Api, fields: dict[str, Any], field: str) -> None:
    """Section 4.4."""
    answer = api.client.request("PATCH", url(api), json=fields)
    assert (answer.status_code, list(answer.json()["errors"])) == (422, [field])


@pytest.mark.parametrize(("given", "kept"), [("5", "5"), ("5.5", "5"), ('"5"', "5"), ("null", "null")])
def test_seconds_are_whole_numbers_in_answers(api: Api, given: str, kept: str) -> None:
    """Sections 4.2 and 4.4: a client whose field is an integer cannot read 5.0."""
    hsts = f'{{"max_age": {given}, "include_subdomains": true, "preload": false}}'
    body = f'{{"response_headers_hsts": {hsts}}}'
    headers = {"content-type": "application/json"}
    answer = api.client.request("PATCH", url(api), content=body, headers=headers)

    assert answer.status_code == 200, answer.text
    assert f'"max_age":{kept},' in api.get(url(api)).text


def variables(api: Api) -> list[tuple[str, str]]:
    shown = attributes(api.get(url(api)))["environment_variables"]
    return [(variable["key"], variable["value"]) for variable in shown]


def change_variables(api: Api, **fields: Any) -> Any:
    return api.client.request("POST", url(api, "/variables"), json=fields)


def test_variables_are_appended_without_looking_for_duplicates_and_set_in_place(api: Api) -> None:
    """Section 4.5."""
    new = [{"key": "QUEUE", "value": " spaced "}, {"key": "EMPTY", "value": ""}]

    appended = change_variables(api, method="append", variables=new)
    assert appended.json()["data"]["type"] == "environments"
    assert variables(api) == [("QUEUE", "redis"), ("QUEUE", " spaced "), ("EMPTY", "")]
    change_variables(
        api, method="set", variables=[{"key": "EMPTY", "value": "x"}, {"key": "NEW", "value": "1"}]
    )
    assert variables(api)[2:] == [("EMPTY", "x"), ("NEW", "1")]


def test_variables_are_deleted_all_or_not_at_all(api: Api) -> None:
    """Section 4.5."""
    path = url(api, "/variables/delete")

    refused = api.client.request("POST", path, json={"keys": ["QUEUE", "OTHER"]})
    assert (refused.status_code, list(refused.json()["errors"])) == (422, ["keys"])
    assert variables(api) == [("QUEUE", "redis")]
    assert api.client.request("POST", path, json={"keys": ["QUEUE"]}).status_code == 200
    assert variables(api) == []


def test_variables_are_replaced_by_a_list_and_by_a_dotenv_text(api: Api) -> None:
    """Section 4.5 and open question Q19."""
    answer = api.client.request(
        "PUT", url(api, "/variables"), json={"variables": [{"key": "A", "value": "1"}]}
    )
    assert answer.json()["data"]["type"] == "environments"
    assert variables(api) == [("A", "1")]

    content = "# comment\nB=2\nexport CC='a b'\nD=\"x\\ny\"\nE=\n"
    assert api.client.request("PUT", url(api, "/variables"), json={"content": content}).status_code == 200
    assert variables(api) == [("B", "2"), ("CC", "a b"), ("D", "x\ny"), ("E", "")]


def test_a_dotenv_text_is_filled_in_as_its_reader_does(api: Api) -> None:
    lines = ['APP_NAME="My Shop"', 'MAIL_FROM_NAME="${APP_NAME}"', 'DB_PASSWORD="pa\\$word"']
    content = "\n".join([*lines, "RAW='${APP_NAME}'", "GONE=${NOBODY}"])
    assert api.client.request("PUT", url(api, "/variables"), json={"content": content}).status_code == 200
    assert variables(api) == [
        ("APP_NAME", "My Shop"),
        ("MAIL_FROM_NAME", "My Shop"),
        ("DB_PASSWORD", "pa$word"),
        ("RAW", "${APP_NAME}"),
        ("GONE", "${NOBODY}"),
    ]


@pytest.mark.parametrize(
    "content",
    ["A=b c", "1A=1", "A.B=1", 'B="' + "x" * 60_000 + '"\nC="${B}${B}"', 'A="' + "$" * 300_000 + '"'],
)
def test_a_dotenv_text_that_cannot_be_read_or_given_to_a_process_says_why(api: Api, content: str) -> None:
    answer = api.client.request("PUT", url(api, "/variables"), json={"content": content})
    assert answer.status_code == 422
    assert "cannot be read as a .env file: " in answer.json()["message"]
    assert variables(api) == [("QUEUE", "redis")]


@pytest.mark.parametrize(
    ("method", "fields", "field"),
    [
        ("POST", {"method": "replace", "variables": [{"key": "A", "value": "1"}]}, "method"),
        ("POST", {"method": "set", "variables": []}, "variables"),
        ("POST", {"method": "set", "variables": [{"key": "1A", "value": "1"}]}, "variables.0.key"),
        ("POST", {"method": "set", "variables": [{"key": "A"}]}, "variables.0.value"),
        ("POST", {"method": "set", "variables": [{"key": "A", "value": 1}]}, "variables.0.value"),
        ("PUT", {}, "variables"),
        ("PUT", {"content": "A=1\nnot a 'line\n"}, "content"),
    ],
)
def test_wrong_variables_are_named(api: Api, method: str, fields: dict[str, Any], field: str) -> None:
    """Sections 1.12 and 4.5."""
    answer = api.client.request(method, url(api, "/variables"), json=fields)
    assert (answer.status_code, list(answer.json()["errors"])) == (422, [field])
    assert variables(api) == [("QUEUE", "redis")]


def test_an_operation_tells_which_variables_changed_and_never_their_values(api: Api) -> None:
    api.made()
    answer = change_variables(api, method="set", variables=[{"key": "TOKEN", "value": "s3cret"}])

    text = api.get("/api/operations").text
    assert "s3cret" not in text
    operation = api.get(f"/api/operations/{answer.headers['engineroom-operation']}").json()["data"]
    assert operation["attributes"]["changes"] == {"variables": {"from": ["QUEUE"], "to": ["QUEUE", "TOKEN"]}}


def test_stopping_shows_the_environment_stopped_at_once(api: Api) -> None:
    """Section 4.6."""
    made = api.made()
    answer = api.client.request("POST", url(api, "/stop"))

    assert (answer.status_code, attributes(answer)["status"]) == (200, "stopped")
    assert api.control.woken[-1] == made


@pytest.mark.parametrize("body", [None, {}, {"redeploy": True}, {"redeploy": None}])
def test_starting_answers_a_pending_deployment_with_201(api: Api, body: Any) -> None:
    """Section 4.6, as recorded."""
    answer = api.client.request("POST", url(api, "/start"), **({} if body is None else {"json": body}))

    assert answer.status_code == 201
    assert answer.json()["data"]["type"] == "deployments"
    assert attributes(answer)["status"] == "pending"


def test_a_deleted_environment_is_gone_with_all_that_is_in_it_and_its_slug_is_free(api: Api) -> None:
    """Section 4.1."""
    made = api.made()
    assert api.client.request("DELETE", url(api)).status_code == 204

    for path in (url(api), f"/api/instances/{api.linked.instance}", f"/api/background-processes/{made}"):
        assert api.get(path).status_code == 404
    assert attributes(create(api, branch="main", name="production"))["slug"] == "production"


def test_what_there_is_not_here_is_taken_and_shown(api: Api) -> None:
    """Section 4.1."""
    assert api.client.request("POST", url(api, "/purge-edge-cache")).status_code == 200
    renamed = api.client.request("PUT", url(api, "/vanity-domain"), json={"name": "my-shop"})
    assert attributes(renamed)["vanity_domain"] == "my-shop.laravel.cloud"


def test_an_environment_is_given_a_folder(api: Api, tmp_path: Path) -> None:
    created = create(api, branch="main", name="Staging").json()["data"]["id"]
    path = f"/api/environments/{created}"

    assert api.client.request("PATCH", path, json={"directory": str(tmp_path)}).status_code == 200
