"""Who may not call an endpoint: contract sheet, sections 1.1 and 1.12.

What is refused changes nothing, so that one API does for all.
"""

import asyncio
from collections.abc import Iterator

import pytest

from engineroom.api.calls.endpoint import Endpoint
from engineroom.api.endpoints import ENDPOINTS
from engineroom.model.ids import OrganizationId
from engineroom.model.token import Ability
from engineroom.store.queries.access import organizations
from tests.api.calls.addresses import Addresses, name, other_organization
from tests.support.api import Api, an_api, as_token
from tests.support.databases import Database, Postgresql, PostgresqlServer, new_sqlite

CLOSED = [endpoint for endpoint in ENDPOINTS if endpoint.ability is not None]


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.needs("postgresql"))]
)
def api(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    folder = tmp_path_factory.mktemp("api")
    database: Database = new_sqlite(folder)
    if request.param == "postgresql":
        server: PostgresqlServer = request.getfixturevalue("postgresql_server")
        database = Postgresql(folder, server.emptied())
    store = database.open()
    with an_api(store, folder) as made:
        yield made
    store.close()


@pytest.fixture(scope="module")
def addresses(api: Api) -> Addresses:
    return Addresses(api)


@pytest.fixture(scope="module")
def another(api: Api) -> OrganizationId:
    return other_organization(api, "other")


@pytest.mark.parametrize("endpoint", CLOSED, ids=name)
def test_without_a_known_token_nothing_is_answered(
    api: Api, addresses: Addresses, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = addresses.of(endpoint)
    monkeypatch.delitem(api.client.headers, "authorization")

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
def test_a_token_without_the_ability_is_forbidden(api: Api, addresses: Addresses, endpoint: Endpoint) -> None:
    address = addresses.of(endpoint)
    assert endpoint.ability is not None
    organization = asyncio.run(api.control.store.read(organizations.default)).id
    headers = as_token(api, organization, frozenset(Ability) - {endpoint.ability})

    answer = api.client.request(endpoint.method, address, headers=headers)

    assert answer.status_code == 403
    assert answer.json() == {"message": "This action is unauthorized."}


@pytest.mark.parametrize("endpoint", [found for found in CLOSED if "{" in found.path], ids=name)
def test_what_belongs_to_another_organization_is_not_found(
    api: Api, addresses: Addresses, another: OrganizationId, endpoint: Endpoint
) -> None:
    address = addresses.of(endpoint)
    headers = as_token(api, another, frozenset(Ability))

    assert api.client.request(endpoint.method, address, headers=headers).status_code == 404
