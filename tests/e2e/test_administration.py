"""Organizations and tokens, made at the command line of the host and used over HTTP."""

import httpx

from tests.support.engineroom_server import EngineroomServer
from tests.support.waiting import patient


def status(engineroom: EngineroomServer, secret: str, method: str = "GET") -> int:
    answer = httpx.request(
        method,
        f"{engineroom.address}/api/meta/organization",
        headers={"authorization": f"Bearer {secret}"},
        timeout=patient(30),
        trust_env=False,
    )
    if answer.is_success:
        assert answer.json()["data"]["attributes"] == {"name": "Another One", "slug": "another-one"}
    return answer.status_code


def test_a_token_of_another_organization_is_made_listed_and_revoked(engineroom: EngineroomServer) -> None:
    slug = engineroom.run("organization", "create", "Another One").strip()
    of = ("--organization", slug)
    secret = engineroom.run("token", "create", "ci", "--ability", "read", "--expires-days", "30", *of).strip()
    assert status(engineroom, secret) == 200

    assert "another-one" in engineroom.run("organization", "list")
    _heads, line = engineroom.run("token", "list", *of).splitlines()
    token, name, ability, applications, *_ = line.split()
    assert (name, ability, applications) == ("ci", "read", "all")
    assert secret not in line

    engineroom.run("token", "revoke", token, *of)

    assert status(engineroom, secret) == 401
    assert len(engineroom.run("token", "list", *of).splitlines()) == 1


def test_what_is_done_at_the_command_line_is_in_the_audit_trail(engineroom: EngineroomServer) -> None:
    engineroom.run("token", "create", "laptop")

    entries = [entry["attributes"] for entry in engineroom.api.get("/api/audit")["data"]]
    assert [(entry["action"], entry["target"]) for entry in entries] == [("tokens.create", "laptop")]
    assert entries[0]["actor"]
    assert entries[0]["address"] is None
