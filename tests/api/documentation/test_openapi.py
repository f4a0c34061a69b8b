"""The OpenAPI document; that every answer agrees with it is looked at by the client of all tests."""

import re

import jsonschema_rs
import pytest

from engineroom.api.endpoints import ENDPOINTS
from tests.support.api import Api


def test_the_document_describes_every_endpoint_of_the_table(api: Api) -> None:
    paths = api.get("/api/openapi.json").json()["paths"]

    described = {(method.upper(), path) for path, operations in paths.items() for method in operations}
    assert described == {(endpoint.method, endpoint.path) for endpoint in ENDPOINTS}


def test_the_document_is_read_without_a_token_and_refers_only_to_what_is_in_it(api: Api) -> None:
    del api.client.headers["authorization"]
    answer = api.get("/api/openapi.json")

    document = answer.json()
    assert document["openapi"] == "3.1.0"
    names = set(re.findall(r'"#/components/schemas/(\w+)"', answer.text))
    assert names == set(document["components"]["schemas"])
    jsonschema_rs.meta.validate({"$defs": document["components"]["schemas"]})


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: f"{endpoint.method} {endpoint.path}")
def test_a_row_says_what_its_handler_does_and_where_that_is_laid_down(endpoint: object) -> None:
    row = next(found for found in ENDPOINTS if found is endpoint)

    assert row.handler.__doc__
    assert re.fullmatch(r"[1-9](\.\d+)?|ours", row.contract)


def test_operation_ids_are_unique(api: Api) -> None:
    paths = api.get("/api/openapi.json").json()["paths"]
    names = [operation["operationId"] for operations in paths.values() for operation in operations.values()]
    assert len(names) == len(set(names))


def test_the_page_shows_every_endpoint_and_loads_nothing(api: Api) -> None:
    text = api.get("/api/docs").text

    assert all(f"<code>{endpoint.path}</code>" in text for endpoint in ENDPOINTS)
    assert "what is ours is marked <em>ours</em>" in text
    assert "`" not in text.partition("<h2>Schemas</h2>")[0]
    assert not re.search(r"<script|<link|<img|src=|url\(|@import|https?://", text)


def test_every_answer_may_name_what_was_ignored(api: Api) -> None:
    document = api.get("/api/openapi.json").json()

    assert document["components"]["headers"]["Ignored"]["schema"] == {"type": "string"}
    for operations in document["paths"].values():
        for operation in operations.values():
            for answer in operation["responses"].values():
                assert answer["headers"]["engineroom-ignored"] == {"$ref": "#/components/headers/Ignored"}


def test_no_two_schemas_share_a_name(api: Api) -> None:
    """What a request has may be required otherwise than in an answer, as the header Strict-Transport-Security."""
    schemas = api.get("/api/openapi.json").json()["components"]["schemas"]

    assert schemas["Hsts"]["title"] == "Hsts"
    assert schemas["HstsFields"]["title"] == "HstsFields"
