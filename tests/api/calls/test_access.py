"""Contract sheet, sections 1.1, 1.5 and 1.12."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog
from sqlalchemy import Connection, insert

from engineroom.api.calls.endpoint import Endpoint
from engineroom.api.endpoints import ENDPOINTS
from engineroom.control.changes.tokens import create_token
from engineroom.model.ids import OrganizationId, new_organization_id
from engineroom.model.token import Ability
from engineroom.store import Store
from engineroom.store.queries.access import organizations
from engineroom.store.schema.tables import organizations as organizations_table
from tests.support.api import Api, as_token

CLOSED = [endpoint for endpoint in ENDPOINTS if endpoint.ability is not None]


def name(endpoint: Endpoint) -> str:
    return f"{endpoint.method} {endpoint.path}"


def path(api: Api, endpoint: Endpoint) -> str:
    return endpoint.path.format(
        application=api.linked.application,
        organization="default",
        job="1",
        digest="0" * 64,
        session=session(api) if "{session}" in endpoint.path else "",
        command=command(api) if "{command}" in endpoint.path else "",
        deployment=deployment(api) if "{deployment}" in endpoint.path else "",
        environment=api.linked.environment,
        instance=api.linked.instance,
        backgroundProcess=api.made(),
        token=api.get("/api/tokens").json()["data"][0]["id"],
        operation=api.get("/api/operations").json()["data"][0]["id"]
        if "{operation}" in endpoint.path
        else "",
    )


def deployment(api: Api) -> str:
    answer = api.client.request("POST", f"/api/environments/{api.linked.environment}/deployments")
    return str(answer.json()["data"]["id"])


def command(api: Api) -> str:
    path = f"/api/environments/{api.linked.environment}/commands"
    return str(api.client.request("POST", path, json={"command": "true"}).json()["data"]["id"])


def session(api: Api) -> str:
    answer = api.client.request("POST", "/api/cli/auth-sessions", json={"port": 49513})
    return str(answer.json()["redirect_url"]).rpartition("/")[2]


def other_organization(api: Api) -> OrganizationId:
    organization = new_organization_id()

    def write(connection: Connection) -> None:
        row = {"id": organization, "name": "Other", "slug": "other", "created_at": datetime.now(UTC)}
        connection.execute(insert(organizations_table), row)

    asyncio.run(api.control.store.write(write))
    return organization


@pytest.mark.parametrize("endpoint", CLOSED, ids=name)
def test_without_a_known_token_nothing_is_answered(api: Api, endpoint: Endpoint) -> None:
    address = path(api, endpoint)
    del api.client.headers["authorization"]

    for authorization in (
        None,
        "Bearer",
        "Bearer ",
        "Bearer er_wrong",
        "Basic dTpw",
        "er_wrong",
        "Bearer \xff",
    ):
        headers = {} if authorization is None else {"authorization": authorization.encode("latin-1")}
        answer = api.client.request(endpoint.method, address, headers=headers)
        assert answer.status_code == 401
        assert answer.json() == {"message": "Unauthenticated."}
        assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("endpoint", CLOSED, ids=name)
def test_a_token_without_the_ability_is_forbidden(api: Api, endpoint: Endpoint) -> None:
    address = path(api, endpoint)
    assert endpoint.ability is not None
    organization = asyncio.run(api.control.store.read(organizations.default)).id
    headers = as_token(api, organization, frozenset(Ability) - {endpoint.ability})

    answer = api.client.request(endpoint.method, address, headers=headers)

    assert answer.status_code == 403
    assert answer.json() == {"message": "This action is unauthorized."}


@pytest.mark.parametrize("endpoint", [found for found in CLOSED if "{" in found.path], ids=name)
def test_what_belongs_to_another_organization_is_not_found(api: Api, endpoint: Endpoint) -> None:
    address = path(api, endpoint)
    headers = as_token(api, other_organization(api), frozenset(Ability))

    assert api.client.request(endpoint.method, address, headers=headers).status_code == 404


def test_lists_show_only_the_tokens_organization(api: Api) -> None:
    api.made()
    headers = as_token(api, other_organization(api), frozenset(Ability))

    assert api.get("/api/applications", headers=headers).json()["data"] == []
    assert api.get("/api/operations", headers=headers).json()["data"] == []
    organization = api.get("/api/meta/organization", headers=headers).json()["data"]
    assert organization["attributes"] == {"name": "Other", "slug": "other"}


def test_the_word_bearer_is_read_in_any_case(api: Api) -> None:
    authorization = api.client.headers["authorization"].replace("Bearer", "bearer")
    assert api.get("/api/applications", headers={"authorization": authorization}).status_code == 200


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=name)
def test_every_answer_has_the_contracts_headers(api: Api, endpoint: Endpoint) -> None:
    """Section 1.5."""
    answer = api.client.request(endpoint.method, path(api, endpoint))

    assert answer.headers["cache-control"] == "no-cache, private"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
    if endpoint.bucket is not None:
        assert int(answer.headers["x-ratelimit-remaining"]) <= int(answer.headers["x-ratelimit-limit"])


def test_a_method_that_a_path_does_not_have_is_refused_with_405(api: Api) -> None:
    answer = api.client.request("PUT", api.collection, json={})

    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS, POST"
    assert list(answer.json()) == ["message"]


def test_an_address_that_does_not_exist_is_not_found_as_json(api: Api) -> None:
    answer = api.get("/api/nothing")

    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/json")
    assert list(answer.json()) == ["message"]


def test_a_fault_of_ours_is_answered_with_an_id_that_is_in_the_log(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_id: str, /) -> None:
        raise RuntimeError("a bug")

    made = api.made()
    monkeypatch.setattr(api.control, "processes", broken)
    with structlog.testing.capture_logs() as logged:
        answer = api.get(f"/api/background-processes/{made}/processes")

    assert answer.status_code == 500
    assert answer.json()["message"] == "Server Error"
    assert [line["id"] for line in logged] == [answer.json()["id"]]


def test_health_needs_no_token(api: Api) -> None:
    del api.client.headers["authorization"]
    assert api.get("/healthz").json() == {"status": "ok"}
    assert api.get("/readyz").json() == {"status": "ok"}


def test_only_the_hash_of_a_token_is_stored(sqlite_store: Store, tmp_path: Path) -> None:
    secret = asyncio.run(create_token(sqlite_store, "laptop"))

    sqlite_store.close()

    assert len(secret) == 46
    assert all(secret.encode() not in file.read_bytes() for file in tmp_path.glob("engineroom.db*"))


def test_a_head_request_is_answered_like_a_get(api: Api) -> None:
    assert api.client.request("HEAD", "/api/applications").status_code == 200
