"""Tokens of our own making, on top of contract sheet, section 1.1."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from engineroom.api.endpoints import ENDPOINTS
from engineroom.control.folders.links import link
from engineroom.store.queries.access import scope
from tests.support.api import Api
from tests.support.waiting import wait_until

ORGANIZATION_WIDE = {
    (endpoint.method, endpoint.path)
    for endpoint in ENDPOINTS
    if endpoint.ability is not None and "{" not in endpoint.path and not endpoint.limited_tokens
}


def make(api: Api, **fields: Any) -> dict[str, Any]:
    answer = api.client.request("POST", "/api/tokens", json={"name": "other", **fields})
    assert answer.status_code == 201, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


def header(made: dict[str, Any]) -> dict[str, str]:
    return {"authorization": f"Bearer {made['attributes']['secret']}"}


def test_a_new_token_may_read_and_write_and_its_secret_is_shown_once(api: Api) -> None:
    made = make(api)

    assert api.get("/api/applications", headers=header(made)).status_code == 200
    assert api.get("/api/tokens", headers=header(made)).status_code == 403
    shown = api.get(f"/api/tokens/{made['id']}").json()["data"]["attributes"]
    assert shown["abilities"] == ["read", "write"]
    assert "secret" not in shown
    assert made["attributes"]["secret"] not in api.get("/api/tokens").text


def test_a_token_that_may_only_write_does_not_choose_whose_code_runs(api: Api) -> None:
    writer = header(make(api))
    name = {"name": "Other", "repository": "acme/other"}
    environment = f"/api/environments/{api.linked.environment}"
    asked = (
        ("POST", "/api/applications", {**name, "region": "us-east-1", "directory": "/"}),
        (
            "POST",
            f"/api/applications/{api.linked.application}/environments",
            {"name": "two", "branch": "two", "directory": "/"},
        ),
        ("PATCH", environment, {"directory": "/"}),
    )
    for method, path, fields in asked:
        answer = api.client.request(method, path, json=fields, headers=writer)
        assert (answer.status_code, answer.json()["message"]) == (403, "This action is unauthorized.")
        del fields["directory"]
        assert (
            api.client.request(method, path, json=fields or {"name": "three"}, headers=writer).status_code
            < 300
        )


def test_a_revoked_token_is_not_known(api: Api) -> None:
    made = make(api)
    assert api.client.request("DELETE", f"/api/tokens/{made['id']}").status_code == 204

    assert api.get("/api/applications", headers=header(made)).status_code == 401
    assert api.client.request("DELETE", f"/api/tokens/{made['id']}").status_code == 404


def test_an_expired_token_is_not_known(api: Api) -> None:
    soon = datetime.now(UTC) + timedelta(hours=1)
    made = make(api, expires_at=soon.isoformat())
    assert api.get("/api/applications", headers=header(made)).status_code == 200

    asyncio.run(
        api.control.store.write(
            lambda connection: connection.execute(
                text("UPDATE tokens SET expires_at = '2020-01-01 00:00:00' WHERE id = :id"),
                {"id": made["id"]},
            )
        )
    )

    assert api.get("/api/applications", headers=header(made)).status_code == 401


def test_wrong_fields_are_named(api: Api) -> None:
    fields = {"name": "", "abilities": ["fly"], "expires_at": "2020-01-01T00:00:00Z", "applications": []}
    answer = api.client.request("POST", "/api/tokens", json=fields)

    assert answer.status_code == 422
    assert answer.json()["errors"] == {
        "name": ["The name field is required."],
        "abilities.0": ["The selected abilities.0 is invalid: it must be 'read', 'write' or 'admin'."],
        "expires_at": ["The expires at field must be a date after now."],
        "applications": ["The applications field must have at least 1 items."],
    }


def test_a_token_is_not_limited_to_applications_that_do_not_exist(api: Api) -> None:
    answer = api.client.request("POST", "/api/tokens", json={"name": "x", "applications": ["app-1"]})
    assert answer.json()["errors"] == {"applications": ["The selected applications is invalid."]}


def test_a_limited_token_sees_its_applications_alone(api: Api, tmp_path_factory: Any) -> None:
    folder = tmp_path_factory.mktemp("other")
    other = asyncio.run(link(api.control.store, folder, "Other", {}))
    limited = header(make(api, applications=[other.application]))

    listed = api.get("/api/applications", headers=limited).json()["data"]
    assert [each["id"] for each in listed] == [other.application]
    for path in (f"/api/applications/{other.application}", f"/api/instances/{other.instance}"):
        assert api.get(path, headers=limited).status_code == 200
    made = api.made()
    for path in (
        f"/api/applications/{api.linked.application}",
        f"/api/environments/{api.linked.environment}",
        api.collection,
        f"/api/background-processes/{made}/events",
    ):
        assert api.get(path, headers=limited).status_code == 404


def test_a_limited_token_does_not_choose_a_folder(api: Api) -> None:
    """It may be that of another application, whose user would run what is asked for."""
    abilities = ["read", "write", "admin"]
    limited = header(make(api, applications=[api.linked.application], abilities=abilities))
    asked = (
        ("PATCH", f"/api/environments/{api.linked.environment}", {"directory": "/"}),
        (
            "POST",
            f"/api/applications/{api.linked.application}/environments",
            {"name": "two", "branch": "two", "directory": "/"},
        ),
    )
    for method, path, fields in asked:
        assert api.client.request(method, path, json=fields, headers=limited).status_code == 403


@pytest.mark.parametrize(("method", "path"), sorted(ORGANIZATION_WIDE))
def test_what_concerns_the_whole_organization_is_forbidden_to_a_limited_token(
    api: Api, method: str, path: str
) -> None:
    abilities = ["read", "write", "admin"]
    limited = header(make(api, applications=[api.linked.application], abilities=abilities))
    assert api.client.request(method, path, headers=limited).status_code == 403


@pytest.mark.parametrize(
    "path", sorted({endpoint.path for endpoint in ENDPOINTS if endpoint.ability and "{" in endpoint.path})
)
def test_what_an_address_names_first_belongs_to_an_application_or_to_the_whole_organization(
    path: str,
) -> None:
    kind = path.partition("{")[2].partition("}")[0]
    assert kind in scope.KINDS | {"token", "organization"}


def test_the_last_use_is_written_down_once_a_minute(api: Api) -> None:
    made = make(api)

    def last_used() -> str | None:
        answer = api.get(f"/api/tokens/{made['id']}")
        found: str | None = answer.json()["data"]["attributes"]["last_used_at"]
        return found

    assert last_used() is None
    api.get("/api/applications", headers=header(made))
    first = wait_until("the use is written down", last_used)
    api.get("/api/applications", headers=header(made))

    assert last_used() == first
