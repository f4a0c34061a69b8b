"""Contract sheet, section 9."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support.api import Api


def begin(api: Api, port: Any = 49513) -> str:
    del api.client.headers["authorization"]
    answer = api.client.request("POST", "/api/cli/auth-sessions", json={"port": port})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["redirect_url"])


def prove(api: Api, address: str, token: str) -> Any:
    return api.client.request("POST", address, data={"token": token})


def exchange(api: Api, code: str) -> Any:
    return api.client.request("POST", "/api/cli/auth-sessions/exchange", json={"exchange_code": code})


def code_of(answer: Any) -> str:
    return str(parse_qs(urlsplit(answer.headers["location"]).query)["exchange_code"][0])


def test_a_client_gets_a_token_of_its_own_for_the_one_that_its_user_shows(api: Api) -> None:
    secret = api.client.headers["authorization"].removeprefix("Bearer ")
    address = begin(api)
    page = api.get(address)
    assert page.headers["content-type"].startswith("text/html")
    assert 'name="token"' in page.text

    proved = prove(api, address, f" {secret} ")
    assert proved.status_code == 303
    assert proved.headers["location"].startswith("http://127.0.0.1:49513/?exchange_code=")
    given = exchange(api, code_of(proved)).json()

    [token] = given["tokens"]
    assert list(token) == ["organization_name", "token"]
    assert token["organization_name"] == "Default"
    assert token["token"] != secret
    headers = {"authorization": f"Bearer {token['token']}"}
    assert api.get("/api/meta/organization", headers=headers).status_code == 200


def test_a_session_and_its_code_are_good_for_once(api: Api) -> None:
    secret = api.client.headers["authorization"].removeprefix("Bearer ")
    address = begin(api)
    code = code_of(prove(api, address, secret))

    assert prove(api, address, secret).status_code == 404
    assert api.get(address).status_code == 404
    assert exchange(api, code).status_code == 200
    again = exchange(api, code)
    assert (again.status_code, list(again.json())) == (422, ["message", "errors"])


def test_a_wrong_token_is_asked_for_once_more(api: Api) -> None:
    address = begin(api)
    answer = prove(api, address, "er_wrong")

    assert answer.headers["location"] == f"{address}?unknown=true"
    assert "not known" in api.get(answer.headers["location"]).text
    assert exchange(api, "er_guess").status_code == 422


@pytest.mark.parametrize("port", [80, 70000, "x", None])
def test_a_wrong_port_is_named(api: Api, port: Any) -> None:
    answer = api.client.request("POST", "/api/cli/auth-sessions", json={"port": port})
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["port"])


def test_an_empty_bearer_does_no_harm(api: Api) -> None:
    """Section 1.2."""
    headers = {"authorization": "Bearer "}
    answer = api.client.request("POST", "/api/cli/auth-sessions", json={"port": 50000}, headers=headers)
    assert answer.status_code == 200
