"""The audit trail: an entry for every write, and for nothing else."""

from typing import Any

import pytest

from engineroom.api.endpoints import ENDPOINTS
from tests.api.calls.addresses import Addresses, name
from tests.support.api import Api


def trail(api: Api) -> list[dict[str, Any]]:
    return [entry["attributes"] for entry in api.get("/api/audit").json()["data"]]


def test_a_change_is_recorded_with_who_what_and_from_where(api: Api) -> None:
    made = api.made()
    changed = api.client.request(
        "PATCH",
        f"/api/background-processes/{made}",
        json={"processes": 3},
        headers={"user-agent": "terraform/1"},
    )
    assert changed.status_code == 200

    newest, *others = trail(api)

    at, token_id = newest.pop("at"), newest.pop("token_id")
    assert newest == {
        "actor": "test",
        "action": "background_processes.update",
        "target": f"PATCH /api/background-processes/{made}",
        "address": "127.0.0.1",
        "user_agent": "terraform/1",
    }
    assert token_id == api.get("/api/tokens").json()["data"][0]["id"]
    assert [entry["action"] for entry in others] == ["background_processes.create"]
    assert at > others[0]["at"]


def test_what_only_reads_or_is_refused_is_not_recorded(api: Api) -> None:
    api.get("/api/applications")
    api.post({"type": "wrong"})
    api.delete("process-none")

    assert trail(api) == []


WRITES = [endpoint for endpoint in ENDPOINTS if endpoint.method != "GET" and endpoint.request is None]


@pytest.mark.parametrize("endpoint", [endpoint for endpoint in WRITES if endpoint.ability], ids=name)
def test_every_write_without_fields_has_one_entry(api: Api, endpoint: Any) -> None:
    address = Addresses(api).of(endpoint)
    before = len(trail(api))
    answer = api.client.request(endpoint.method, address)

    if endpoint.name != "tokens.revoke":  # it has revoked the token that would read the trail
        assert len(trail(api)) == before + answer.is_success
