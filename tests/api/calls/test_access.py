"""Contract sheet, sections 1.1 and 1.5."""

import asyncio
from pathlib import Path

import pytest
import structlog

from engineroom.api.calls.endpoint import Endpoint
from engineroom.api.endpoints import ENDPOINTS
from engineroom.control.changes.tokens import create_token
from engineroom.model.token import Ability
from engineroom.store import Store
from tests.api.calls.addresses import Addresses, name, other_organization
from tests.support.api import Api, as_token


def test_lists_show_only_the_tokens_organization(api: Api) -> None:
    api.made()
    headers = as_token(api, other_organization(api, "other"), frozenset(Ability))

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
    answer = api.client.request(endpoint.method, Addresses(api).of(endpoint))

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


def test_it_is_not_ready_while_nobody_knows_what_runs(api: Api) -> None:
    api.control.away = "the keeper (pid 7) does not answer"
    answer = api.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["message"] == "Nobody knows what runs: the keeper (pid 7) does not answer."


def test_only_the_hash_of_a_token_is_stored(sqlite_store: Store, tmp_path: Path) -> None:
    secret = asyncio.run(create_token(sqlite_store, "laptop"))

    sqlite_store.close()

    assert len(secret) == 46
    assert all(secret.encode() not in file.read_bytes() for file in tmp_path.glob("engineroom.db*"))


def test_a_head_request_is_answered_like_a_get(api: Api) -> None:
    assert api.client.request("HEAD", "/api/applications").status_code == 200
