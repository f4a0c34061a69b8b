"""Contract sheet, section 1.5: every origin may call."""

from tests.support.api import Api


def test_a_browser_that_asks_first_is_told_that_it_may(api: Api) -> None:
    asking = {
        "origin": "https://example.org",
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type",
    }
    del api.client.headers["authorization"]
    answer = api.client.request("OPTIONS", api.collection, headers=asking)

    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-allow-methods"] == "GET, HEAD, OPTIONS, POST"
    assert answer.headers["access-control-allow-headers"] == "authorization,content-type"


def test_where_nothing_is_there_is_nothing_to_ask(api: Api) -> None:
    assert api.client.request("OPTIONS", "/api/nothing").status_code == 404
