"""Which level and type a text has."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engineroom.telemetry.logs.classify import classify
from engineroom.telemetry.logs.codes import CODES

LEVELS = {
    b'{"level":"warning","message":"slow"}': "warning",
    b'{"message":"x","context":{},"level":400,"level_name":"ERROR","channel":"local"}': "error",
    b'{"level":30,"time":1764072000000,"msg":"pino"}': "info",
    b'{"level":50,"msg":"pino"}': "error",
    b'{"severity": "CRITICAL", "msg": "x"}': "error",
    b"[2025-11-25 12:00:00] production.ERROR: It broke": "error",
    b"[2025-11-25T12:00:00.123456+00:00] local.WARNING: Careful {}": "warning",
    b"[2025-11-25 12:00:00] local.NOTICE: so it is": "info",
    b"[2025-11-25 12:00:00] local.DEBUG: ERROR is only a word here": "debug",
    b"WARNING:root:careful": "warning",
    b"2025-11-25 12:00:00,123 - app.mail - ERROR - it broke": "error",
    b"2025-11-25 12:00:00,123 DEBUG app: detail": "debug",
    b"[2025-11-25 12:00:00,123: INFO/MainProcess] celery@host ready.": "info",
    b"<11>Nov 25 12:00:00 host app: it broke": "error",
    b"<12>1 2025-11-25T12:00:00Z host app - - careful": "warning",
    b"<15>debugging": "debug",
    b"\x1b[31mERROR\x1b[0m it broke": "error",
    b"PHP Warning:  Undefined variable $x in a.php on line 3": "warning",
    b"PHP Fatal error:  Allowed memory size exhausted": "error",
    b'Traceback (most recent call last):\n  File "a.py", line 1\nValueError: no': "error",
    b"just a line": "info",
    b"no ERRORS were found": "info",
    b"": "info",
    b'{"level":': "info",
    b'{"level":"' + b"x" * 5000 + b'"}': "info",
}

TYPES = {
    b'127.0.0.1 - - [25/Nov/2025:12:00:00 +0000] "GET /health HTTP/1.1" 200 12 "-" "curl"': "access",
    b'[2025-11-25 12:00:00] local.ERROR: No {"exception":"[object] (RuntimeException(code: 0): No at a.php:3)': "exception",
    b'Traceback (most recent call last):\n  File "a.py", line 1\nValueError: no': "exception",
    b"Error: boom\n    at main (/app/a.js:3:1)": "exception",
    b"a message\n  with a second line": "system",
    b"plain": "system",
    b"  2025-11-25 12:00:00 App\\Jobs\\Slow ........ RUNNING": "system",
    b"{ what looks like JSON": "system",
    b"": "system",
    b'{"message":"paid"}': "application",
    b"[2025-11-25 12:00:00] production.INFO: paid": "application",
    b"2025-11-25 12:00:00,123 DEBUG app: detail": "application",
    b"<15>debugging": "application",
}


@pytest.mark.parametrize(("text", "level"), LEVELS.items())
def test_the_level_is_found_in_the_forms_that_programs_use(text: bytes, level: str) -> None:
    assert CODES[classify(text)].level == level


@pytest.mark.parametrize(("text", "type_"), TYPES.items())
def test_the_type_is_found(text: bytes, type_: str) -> None:
    assert CODES[classify(text)].type == type_


@given(st.binary(max_size=300))
def test_whatever_bytes_there_are_have_a_level_and_a_type(text: bytes) -> None:
    for start in (b"", b"{", b"[", b"<", b"\x1b["):
        assert CODES[classify(start + text)].cut is False
