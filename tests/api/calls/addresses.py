"""The addresses of endpoints, with ids of what is there."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from sqlalchemy import Connection, insert

from engineroom.api.calls.endpoint import Endpoint
from engineroom.model.ids import OrganizationId, new_organization_id
from engineroom.store.schema.tables import organizations as organizations_table
from tests.support.api import Api


class Addresses:
    """What an address names is made when it is first asked for."""

    def __init__(self, api: Api) -> None:
        self._ids = _Ids(api)

    def of(self, endpoint: Endpoint) -> str:
        """Return the address of an endpoint."""
        return endpoint.path.format_map(self._ids)


class _Ids(dict[str, str]):
    def __init__(self, api: Api) -> None:
        super().__init__()
        self._api = api

    def __missing__(self, kind: str) -> str:
        self[kind] = made = _MAKE[kind](self._api)
        return made


def name(endpoint: Endpoint) -> str:
    """Return what a test calls an endpoint."""
    return f"{endpoint.method} {endpoint.path}"


def other_organization(api: Api, slug: str) -> OrganizationId:
    """Make an organization in which there is nothing, and return it."""
    organization = new_organization_id()

    def write(connection: Connection) -> None:
        row = {"id": organization, "name": "Other", "slug": slug, "created_at": datetime.now(UTC)}
        connection.execute(insert(organizations_table), row)

    asyncio.run(api.control.store.write(write))
    return organization


def _deployment(api: Api) -> str:
    answer = api.client.request("POST", f"/api/environments/{api.linked.environment}/deployments")
    return str(answer.json()["data"]["id"])


def _command(api: Api) -> str:
    path = f"/api/environments/{api.linked.environment}/commands"
    return str(api.client.request("POST", path, json={"command": "true"}).json()["data"]["id"])


def _session(api: Api) -> str:
    answer = api.client.request("POST", "/api/cli/auth-sessions", json={"port": 49513})
    return str(answer.json()["redirect_url"]).rpartition("/")[2]


def _operation(api: Api) -> str:
    api.made()
    return str(api.get("/api/operations").json()["data"][0]["id"])


_MAKE: Mapping[str, Callable[[Api], str]] = {
    "application": lambda api: api.linked.application,
    "organization": lambda _: "default",
    "job": lambda _: "1",
    "digest": lambda _: "0" * 64,
    "session": _session,
    "command": _command,
    "deployment": _deployment,
    "environment": lambda api: api.linked.environment,
    "instance": lambda api: api.linked.instance,
    "backgroundProcess": lambda api: api.made(),
    "token": lambda api: str(api.get("/api/tokens").json()["data"][0]["id"]),
    "operation": _operation,
}
