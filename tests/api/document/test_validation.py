"""Contract sheet, sections 1.12, 1.13 and 2.3, and open question Q9."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.api import Api


def test_all_wrong_fields_are_named_at_once_in_the_words_of_the_framework(api: Api) -> None:
    answer = api.post(
        {
            "type": "worker",
            "processes": 0,
            "config": {"tries": "x", "timeout": -1, "force": "maybe", "queue": 5},
        }
    )

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {
        "message": "The processes field must be at least 1. (and 4 more errors)",
        "errors": {
            "processes": ["The processes field must be at least 1."],
            "config.queue": ["The config.queue field must be a string."],
            "config.tries": ["The config.tries field must be an integer."],
            "config.timeout": ["The config.timeout field must be at least 0."],
            "config.force": ["The config.force field must be true or false."],
        },
    }


def test_one_more_error_is_counted_in_the_singular(api: Api) -> None:
    answer = api.post({})

    assert answer.json() == {
        "message": "The type field is required. (and 1 more error)",
        "errors": {
            "type": ["The type field is required."],
            "processes": ["The processes field is required."],
        },
    }


@pytest.mark.parametrize(
    ("fields", "field", "text"),
    [
        ({"type": "cron"}, "type", "The selected type is invalid."),
        ({"type": 7}, "type", "The selected type is invalid."),
        ({"type": ["worker"]}, "type", "The selected type is invalid."),
        ({"type": {"a": 1}}, "type", "The selected type is invalid."),
        ({"type": "\ud800"}, "type", "The type field format is invalid."),
        ({"type": ""}, "type", "The type field is required."),
        ({"type": None}, "type", "The type field is required."),
        ({"processes": 11}, "processes", "The processes field must not be greater than 10."),
        ({"processes": "11"}, "processes", "The processes field must not be greater than 10."),
        ({"processes": 10**400}, "processes", "The processes field must not be greater than 10."),
        ({"processes": -(10**30)}, "processes", "The processes field must be at least 1."),
        ({"processes": "9" * 5000}, "processes", "The processes field must not be greater than 10."),
        ({"processes": 1.5}, "processes", "The processes field must be an integer."),
        ({"processes": True}, "processes", "The processes field must be an integer."),
        ({"processes": "1_0"}, "processes", "The processes field must be an integer."),
        ({"processes": "٣"}, "processes", "The processes field must be an integer."),
        ({"processes": [1]}, "processes", "The processes field must be an integer."),
        ({"processes": " "}, "processes", "The processes field is required."),
        ({"processes": None}, "processes", "The processes field is required."),
        ({"command": None}, "command", "The command field is required when type is custom."),
        ({"command": "  "}, "command", "The command field is required when type is custom."),
        ({"command": 5}, "command", "The command field must be a string."),
        ({"command": ["a"]}, "command", "The command field must be a string."),
        ({"command": "a" * 4097}, "command", "The command field must not be greater than 4096 characters."),
        ({"command": "a\0b"}, "command", "The command field format is invalid."),
        ({"command": "a\ud800b"}, "command", "The command field format is invalid."),
        ({"type": "worker", "config": "x"}, "config", "The config field must be an array."),
        ({"type": "worker", "config": 1}, "config", "The config field must be an array."),
        (
            {"type": "worker", "config": {"tries": 2147483648}},
            "config.tries",
            "The config.tries field must not be greater than 2147483647.",
        ),
        (
            {"type": "worker", "config": {"connection": "a\0"}},
            "config.connection",
            "The config.connection field format is invalid.",
        ),
        (
            {"type": "worker", "config": {"queue": "\udfff"}},
            "config.queue",
            "The config.queue field format is invalid.",
        ),
        ({"strategy_type": "magic"}, "strategy_type", "The selected strategy type is invalid."),
        (
            {"strategy_threshold": -1},
            "strategy_threshold",
            "The strategy threshold field must be at least 0.",
        ),
    ],
)
def test_a_wrong_field_is_named(api: Api, fields: dict[str, Any], field: str, text: str) -> None:
    body = {"type": "custom", "processes": 1, "command": "sleep 1"} | fields
    answer = api.client.request("POST", api.collection, content=_json(body))

    assert answer.status_code == 422, answer.text
    assert answer.json() == {"message": text, "errors": {field: [text]}}
    assert api.get(api.collection).json()["data"] == []


@pytest.mark.parametrize(
    "fields",
    [
        {"processes": "3"},
        {"processes": 3.0},
        {"processes": "+3"},
        {"command": "a" * 4096},
        {"command": "echo 'ä 💥'\necho done"},
        {"type": "worker", "config": None},
        {"type": "worker", "config": []},
        {"type": "worker", "config": [1, 2]},
        {"type": "worker", "config": {"timeout": 2147483647, "force": 0, "queue": None}},
        {"type": "worker", "config": {"force": False}},
        {"type": "worker", "config": {"\ud800": 1}},
        {"\ud800": 1, "x\0": {"deep": [[[[]]]]}},
    ],
)
def test_what_clients_may_send_is_taken(api: Api, fields: dict[str, Any]) -> None:
    body = {"type": "custom", "processes": 1, "command": "sleep 1"} | fields
    answer = api.client.request("POST", api.collection, content=_json(body))
    assert answer.status_code == 201, answer.text
    identifier = answer.json()["data"]["id"]
    assert api.shown(identifier) == answer.json()["data"]["attributes"] | {"strategy_type": "none"}


@pytest.mark.parametrize("fields", [{"processes": 11}, {"command": "\0"}, {"strategy_type": "x"}])
def test_a_wrong_change_changes_nothing(api: Api, fields: dict[str, Any]) -> None:
    made = api.made()
    before = api.shown(made)

    assert api.patch(made, {"processes": 5} | fields).status_code == 422
    assert api.shown(made) == before


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"nonsense",
        b'{"processes": NaN}',
        b'{"processes": Infinity}',
        b"\xff\xfe",
        b"\xef\xbb\xbf{}",
        b'"text"',
        b"3",
        b"null",
        b"[1]",
        b"[" * 100_000,
        b'{"processes": ' + b"9" * 5000 + b"}",
        b" ",
    ],
)
def test_a_body_that_is_no_json_object_is_refused_with_400(api: Api, body: bytes) -> None:
    """Open question Q24."""
    answer = api.client.request("POST", api.collection, content=body)

    assert answer.status_code == 400, answer.text
    assert list(answer.json()) == ["message"]


def test_a_number_beyond_all_numbers_is_a_wrong_number(api: Api) -> None:
    body = b'{"type": "custom", "processes": 1e400, "command": "x"}'
    answer = api.client.request("POST", api.collection, content=body)
    assert answer.json()["errors"] == {"processes": ["The processes field must be an integer."]}


@pytest.mark.parametrize("body", [b"", b"{}", b"[]"])
def test_a_body_without_fields_is_an_empty_change(api: Api, body: bytes) -> None:
    """Section 1.2."""
    path = f"/api/background-processes/{api.made()}"
    assert api.client.request("PATCH", path, content=body).status_code == 200


@pytest.mark.parametrize(
    "media_type", ["application/json", "application/vnd.api+json", "Application/JSON; charset=utf-8", None]
)
def test_json_is_read_under_every_media_type_of_json(api: Api, media_type: str | None) -> None:
    """Section 1.2."""
    headers = {"content-type": media_type} if media_type else {}
    body = b'{"type":"custom","processes":1,"command":"sleep 1"}'
    assert api.client.request("POST", api.collection, content=body, headers=headers).status_code == 201


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "json"])
def test_a_body_of_another_media_type_is_refused_with_415(api: Api, media_type: str) -> None:
    headers = {"content-type": media_type}
    answer = api.client.request("POST", api.collection, content=b"{}", headers=headers)
    assert answer.status_code == 415
    assert "Content-Type: application/json" in answer.json()["message"]


def test_the_media_type_of_no_body_is_not_looked_at(api: Api) -> None:
    """Section 1.2: a client sends its media type with every request."""
    headers = {"content-type": "text/plain"}
    assert api.client.request("PATCH", f"/api/background-processes/{api.made()}", headers=headers).is_success


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.just("\ud800\0"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=4,
)
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["worker", "custom"]) | ANYTHING,
        "processes": st.integers(0, 11) | ANYTHING,
        "command": st.text() | ANYTHING,
        "config": st.dictionaries(st.sampled_from(["connection", "tries", "force"]), ANYTHING) | ANYTHING,
        "strategy_type": ANYTHING,
        "strategy_threshold": ANYTHING,
    },
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(FIELDS)
def test_whatever_the_fields_are_they_are_taken_or_named(api: Api, fields: dict[str, Any]) -> None:
    body = json.dumps(fields)
    for method, path in (("POST", api.collection), ("PATCH", f"/api/background-processes/{api.made()}")):
        answer = api.client.request(method, path, content=body)
        assert answer.status_code in {200, 201, 422}
        assert answer.status_code != 422 or set(answer.json()) == {"message", "errors"}


def test_a_body_that_is_too_large_is_refused_with_413(api: Api) -> None:
    body = b'{"command": "' + b"a" * 2_000_000 + b'"}'

    async def in_pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 65536):
            yield body[start : start + 65536]

    for content in (body, in_pieces()):
        answer = api.client.request("POST", api.collection, content=content)
        assert answer.status_code == 413
        assert list(answer.json()) == ["message"]


def _json(body: object) -> bytes:
    """Return JSON in ASCII, so that half a surrogate pair arrives as an escape."""
    return json.dumps(body).encode()
