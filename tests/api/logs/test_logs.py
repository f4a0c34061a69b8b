"""Reading the log through the API (contract sheet, section 4.7, and what is ours)."""

import asyncio
import base64
import json
from typing import Any

import pytest

from engineroom.model.ids import BackgroundProcessId, EnvironmentId, InstanceId
from engineroom.model.logs.log import LogCode, LogEntry, LogLevel, LogType
from engineroom.model.logs.output import Chunk, OffsetEntry
from engineroom.telemetry.logs.blocks.writer import LogOwner
from engineroom.telemetry.logs.entries.intake import batch_of
from tests.support.api import Api
from tests.telemetry.logs.made import NOON, SECOND

RANGE = {"from": "2025-11-25 11:00:00", "to": "2025-11-25T14:00:00+01:00"}

TRACE = b"""[2025-11-25 12:00:00] production.ERROR: No {"exception":"[object] (RuntimeException(code: 7): No at J.php:9)
[stacktrace]
#0 /app/vendor/a.php(36): handle()
#1 {main}
"}"""
ACCESS = b'10.0.0.1 - - [25/Nov/2025:12:00:00 +0000] "GET /up HTTP/1.1" 200 12 "-" "curl/8"'
JSON = b'{"message":"Paid","level":"warning","channel":"payments","context":{"order":7},"extra":{"a":1}}'


async def write(api: Api, of: str, *lines: bytes, at: int = NOON, index: int = 0) -> None:
    """Have a process of a background process write these lines."""
    data = b"\n".join(lines) + b"\n"
    background_process = BackgroundProcessId(of)
    chunk = Chunk(
        process=f"{of}-{index}",
        background_process=background_process,
        replica=1,
        index=index,
        stream="stdout",
        begin=0,
        data=data,
        offset_index=(OffsetEntry(len(data), at, 100),),
    )
    owner = LogOwner(
        background_process, InstanceId(api.linked.instance), EnvironmentId(api.linked.environment)
    )
    await api.control.logs.append(batch_of([chunk], {background_process: owner}, at + 60 * SECOND))


async def unfinished(api: Api, of: str, text: bytes = b"", at: int = NOON + SECOND) -> None:
    """Have a process of a background process have printed so much of a line; nothing of it without a text."""
    background_process = BackgroundProcessId(of)
    entry = LogEntry(
        0,
        at,
        at,
        background_process,
        f"{of}-0",
        1,
        0,
        100,
        "stdout",
        LogCode(LogLevel.INFO, LogType.SYSTEM),
        text,
    )
    api.control.logs.show_unfinished(background_process, [entry] if text else [])


def wrote(api: Api, of: str, *lines: bytes, at: int = NOON, index: int = 0) -> None:
    asyncio.run(write(api, of, *lines, at=at, index=index))


def environment_logs(api: Api, **parameters: Any) -> Any:
    return api.get(f"/api/environments/{api.linked.environment}/logs", params={**RANGE, **parameters})


def process_logs(api: Api, of: str, **parameters: Any) -> Any:
    return api.get(f"/api/background-processes/{of}/logs", params=parameters)


def messages(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [line["message"] for line in answer.json()["data"]]


def test_an_environments_log_is_what_the_contract_shows(api: Api) -> None:
    made = api.made()
    wrote(api, made, b"plain", JSON, ACCESS, TRACE)

    answer = environment_logs(api)

    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert body["meta"] == {
        "cursor": None,
        "type": "all",
        "from": "2025-11-25T11:00:00Z",
        "to": "2025-11-25T13:00:00Z",
    }
    plain, logged, access, failed = body["data"]
    assert plain == {
        "message": "plain",
        "level": "info",
        "type": "system",
        "logged_at": "2025-11-25T12:00:00Z",
        "data": None,
    }
    assert (logged["type"], logged["level"]) == ("application", "warning")
    assert logged["data"] == {"channel": "payments", "context": {"order": 7}, "extra": {"a": 1}}
    assert access["type"] == "access"
    assert access["data"] == {
        "status": 200,
        "method": "GET",
        "path": "/up",
        "duration_ms": None,
        "bytes_sent": 12,
        "ip": "10.0.0.1",
        "user_agent": "curl/8",
        "country": None,
    }
    assert (failed["type"], failed["level"], failed["message"]) == ("exception", "error", TRACE.decode())
    assert failed["data"] == {
        "class": "RuntimeException",
        "code": 7,
        "file": "J.php:9",
        "trace": ["#0 /app/vendor/a.php(36): handle()", "#1 {main}"],
    }


def test_a_line_without_an_end_comes_last_and_has_no_id_yet(api: Api) -> None:
    made = api.made()
    wrote(api, made, b"one", b"two")
    asyncio.run(unfinished(api, made, b"Continue? "))

    assert messages(environment_logs(api)) == ["one", "two", "Continue? "]
    assert messages(process_logs(api, made)) == ["one", "two", "Continue? "]
    assert [line["id"] for line in process_logs(api, made).json()["data"]] == [1, 2, None]
    first = process_logs(api, made, newest_first="true", limit=1)
    assert messages(first) == ["Continue? "]
    cursor = first.json()["meta"]["cursor"]
    assert messages(process_logs(api, made, newest_first="true", cursor=cursor)) == ["two", "one"]
    assert messages(process_logs(api, made, limit=2)) == ["one", "two"]
    assert messages(process_logs(api, made, query="one")) == ["one"]

    asyncio.run(unfinished(api, made))
    assert messages(process_logs(api, made)) == ["one", "two"]


def test_a_line_that_was_drawn_anew_is_shown_as_it_was_last(api: Api) -> None:
    made = api.made()
    wrote(api, made, b"\r 10%\r 50%\r100%", b"windows\r", b"trace\r", b"  at a\r")

    assert messages(process_logs(api, made)) == ["100%", "windows", "trace\n  at a"]
    assert messages(process_logs(api, made, query="50%")) == ["100%"]


def test_the_message_of_a_line_of_json_is_its_message_and_the_rest_are_fields(api: Api) -> None:
    made = api.made()
    wrote(
        api,
        made,
        JSON,
        b'{"level":30,"time":1764072000000,"pid":7,"msg":"pino","job":{"id":7}}',
        b'{"@timestamp":"2024","log.level":"error","message":"ecs","logger":"mail"}',
        b'{"severity":"INFO","job":7}',
        b'{"message":["no","text"],"level":"info"}',
        b'{"message":"x","level":"error","context":{"exception":{"class":"RuntimeException","message":"x","code":7,'
        b'"file":"/J.php:9","trace":["/a.php:3"]}}}',
    )

    found = [(line["message"], line["data"]) for line in process_logs(api, made).json()["data"]]

    assert [message for message, _ in found] == [
        "Paid",
        "pino",
        "ecs",
        '{"severity":"INFO","job":7}',
        '{"message":["no","text"],"level":"info"}',
        "x",
    ]
    assert found[0][1] == {"channel": "payments", "context": {"order": 7}, "extra": {"a": 1}}
    fields = {"level": 30, "time": 1764072000000, "pid": 7, "job": {"id": 7}}
    assert found[1][1] == {"channel": None, "context": fields, "extra": None}
    assert found[2][1] == {
        "channel": "mail",
        "context": {"@timestamp": "2024", "log.level": "error"},
        "extra": None,
    }
    assert found[5][1] == {"class": "RuntimeException", "code": 7, "file": "/J.php:9", "trace": ["/a.php:3"]}


def test_an_environments_log_needs_both_ends_and_names_every_wrong_parameter(api: Api) -> None:
    path = f"/api/environments/{api.linked.environment}/logs"

    answer = api.get(path, params={"to": "yesterday", "type": "secret", "whole_word": "perhaps"})

    assert answer.status_code == 422
    assert answer.json()["errors"] == {
        "from": ["The from field is required."],
        "to": ["The to field must be a valid date."],
        "type": ["The selected type is invalid."],
        "whole_word": ["The whole word field must be true or false."],
    }


@pytest.mark.parametrize(
    "cursor",
    ["nonsense", "z\x82", "WzEsImEiLDFd" * 2, base64.b64encode(b'[1,"a",9223372036854775808]').decode()],
)
def test_what_was_never_a_cursor_is_named_before_anything_is_sent(api: Api, cursor: str) -> None:
    made = api.made()
    for answer in (
        environment_logs(api, cursor=cursor),
        process_logs(api, made, cursor=cursor),
        process_logs(api, made, cursor=cursor, download="true"),
    ):
        assert (answer.status_code, list(answer.json()["errors"])) == (422, ["cursor"])


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59-01:00", "0001-01-01T00:00:00+01:00"])
def test_a_moment_that_no_calendar_has_is_named(api: Api, moment: str) -> None:
    answer = environment_logs(api, **{"from": moment, "to": moment})

    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["from", "to"])


@pytest.mark.parametrize(
    ("begin", "end"),
    [("1969-01-01", "2262-12-31"), ("0001-01-02", "9999-12-31T23:59:59Z"), ("2025-11-25", "2300-01-01")],
)
def test_a_range_may_be_longer_than_time_can_be_counted(api: Api, begin: str, end: str) -> None:
    wrote(api, api.made(), b"hello")

    assert messages(environment_logs(api, **{"from": begin, "to": end})) == ["hello"]


def test_a_moment_that_is_none_in_utc_is_refused(api: Api) -> None:
    answer = environment_logs(api, **{"from": "0001-01-01T00:00+14:00", "to": "9999-12-31T23:59-14:00"})

    assert answer.json()["errors"].keys() == {"from", "to"}


def test_a_range_ends_with_a_whole_second_or_with_its_fraction(api: Api) -> None:
    made = api.made()
    for tenth in range(0, 20, 5):
        wrote(api, made, b"%d" % tenth, at=NOON + tenth * SECOND // 10)

    assert messages(process_logs(api, made, to="2025-11-25T12:00:00Z")) == ["0", "5"]
    assert messages(process_logs(api, made, to="2025-11-25T12:00:01.000001Z")) == ["0", "5", "10"]


@pytest.mark.parametrize(
    "place", [[1 << 70, "process-1", 1], [-1, "process-1", 1], [1, "process-1", 1 << 70]]
)
def test_a_cursor_that_was_never_given_is_refused(api: Api, place: list[object]) -> None:
    cursor = base64.urlsafe_b64encode(json.dumps(place).encode()).decode()

    assert environment_logs(api, cursor=cursor).json()["errors"].keys() == {"cursor"}


def test_the_types_texts_and_instances_of_an_environments_log_are_chosen(api: Api) -> None:
    made = api.made()
    wrote(api, made, b"INFO: order", ACCESS, TRACE, b"Plain order")

    assert messages(environment_logs(api, type="access")) == [ACCESS.decode()]
    assert messages(environment_logs(api, type="application")) == ["INFO: order", TRACE.decode()]
    assert messages(environment_logs(api, type="system")) == ["Plain order"]
    assert messages(environment_logs(api, query="ORDER")) == ["INFO: order", "Plain order"]
    assert messages(environment_logs(api, query="ORDER", case_sensitive="true")) == []
    assert messages(environment_logs(api, query="ord", whole_word="1")) == []
    assert len(messages(environment_logs(api, **{"instances[]": api.linked.instance}))) == 4
    assert messages(environment_logs(api, **{"instances[]": "inst-other"})) == []
    assert messages(environment_logs(api, to="2025-11-25 11:59:59")) == []


def test_pages_of_two_background_processes_follow_each_other(api: Api) -> None:
    first, second = api.made(), api.made()
    for number in range(80):
        at = NOON + number * SECOND
        wrote(api, first, b"first %d" % number, b"more", at=at)
        wrote(api, second, b"second %d" % number, at=at)

    seen: list[str] = []
    cursor = None
    while True:
        answer = environment_logs(api, **({"cursor": cursor} if cursor else {}))
        seen += messages(answer)
        cursor = answer.json()["meta"]["cursor"]
        if cursor is None:
            break

    assert len(seen) == 240
    assert [line for line in seen if line.startswith("second")] == [f"second {n}" for n in range(80)]
    assert seen[:3] == ["first 0", "more", "second 0"]


def test_a_background_processs_log_has_what_is_known_of_each_entry(api: Api) -> None:
    made = api.made()
    wrote(api, made, b"ERROR: \xff\x1b[31m", index=3)

    (line,) = process_logs(api, made).json()["data"]

    assert line == {
        "id": 1,
        "message": "ERROR: \ufffd\x1b[31m",
        "level": "error",
        "type": "application",
        "logged_at": "2025-11-25T12:00:00.000000Z",
        "replica": 1,
        "index": 3,
        "pid": 100,
        "stream": "stdout",
        "truncated": False,
        "data": {"channel": None, "context": None, "extra": None},
    }


def test_a_background_processs_log_is_narrowed_turned_round_and_paged(api: Api) -> None:
    made = api.made()
    wrote(api, made, b"DEBUG: a", b"WARNING: b", b"ERROR: c", index=1)
    wrote(api, made, b"INFO: d", index=2)

    assert messages(process_logs(api, made, newest_first="true", limit=2)) == ["INFO: d", "ERROR: c"]
    assert messages(process_logs(api, made, level="warning")) == ["WARNING: b", "ERROR: c"]
    assert messages(process_logs(api, made, replica=1, index=2)) == ["INFO: d"]
    first = process_logs(api, made, newest_first="true", limit=3).json()
    second = process_logs(api, made, newest_first="true", cursor=first["meta"]["cursor"])
    assert messages(second) == ["DEBUG: a"]
    assert process_logs(api, made, limit=5000).json()["errors"].keys() == {"limit"}


def test_a_range_is_downloaded_byte_for_byte(api: Api) -> None:
    made = api.made()
    for number in range(3):
        wrote(api, made, b"\xff %d" % number, at=NOON + number * 60 * SECOND)

    answer = process_logs(api, made, download="true", to="2025-11-25T12:01:00Z")

    assert answer.headers["content-disposition"] == f'attachment; filename="{made}.log"'
    assert answer.content == (
        b"2025-11-25T12:00:00.000000Z 1/0 stdout \xff 0\n2025-11-25T12:01:00.000000Z 1/0 stdout \xff 1\n"
    )


def test_hostile_lines_are_answered_as_any_other(api: Api) -> None:
    made = api.made()
    bomb = b'{"level":"info","context":' + b"[" * 50_000
    wrote(
        api,
        made,
        bomb,
        b'{"message":"\xff","context":{}}',
        b'{"context":1}',
        b"{}",
        b"null",
        b"\x00\x1b]0;title\x07",
    )

    assert len(messages(process_logs(api, made))) == 6
    assert len(messages(environment_logs(api))) == 6


@pytest.mark.parametrize("path", ["/api/background-processes/process-1/logs?follow=true"])
def test_what_is_not_there_cannot_be_followed(api: Api, path: str) -> None:
    assert api.get(path).status_code == 404
