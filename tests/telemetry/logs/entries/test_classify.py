"""Which level and type a text has."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engineroom.telemetry.logs.entries.classify import classify
from engineroom.telemetry.logs.entries.codes import CODES

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
    b'time="2024-01-01T00:00:00Z" level=error msg="boom"': "error",
    b'ts=2024-01-01T00:00:00Z caller=main.go:3 level=warn msg="slow"': "warning",
    b"level=cleared ERROR": "error",
    b'{"@timestamp":"2024-01-01T00:00:00Z","log.level":"error","message":"ecs"}': "error",
    b'{"log":{"level":"warn"},"message":"ecs"}': "warning",
    b'{"@t":"2024-01-01T00:00:00Z","@m":"serilog","@l":"Fatal"}': "error",
    b'{"version":"1.1","short_message":"gelf","level":3}': "error",
    b'{"short_message":"gelf","level":7}': "debug",
    b"<3>it broke": "error",
    b"<4>careful": "warning",
    b"2024/01/01 00:00:00 [error] 1#1: *1 upstream": "error",
    b"2024/01/01 00:00:00 [warn] 1#1: careful": "warning",
    b"[Mon Jan 01 00:00:00.000000 2024] [core:error] [pid 1] AH00001": "error",
    b"E0101 12:00:00.000000       1 main.go:1] klog": "error",
    b"W20240101 12:00:00.000000       1 main.go:1] glog": "warning",
    b"I0101 12:00:00.000000       1 main.go:1] klog": "info",
    b"12:00PM ERR it broke error=x": "error",
    b"Error: Cannot find module x": "error",
    b"TypeError: x is not a function": "error",
    b"Uncaught TypeError: x is not a function": "error",
    b"TypeError [ERR_INVALID_ARG_TYPE]: The argument must be": "error",
    b"Illuminate\\Database\\QueryException: no such table": "error",
    b"panic: runtime error": "error",
    b"fatal error: all goroutines are asleep - deadlock!": "error",
    b"thread 'main' panicked at src/main.rs:2:5:": "error",
    b"Segmentation fault (core dumped)": "error",
    b"sh: line 1:   123 Segmentation fault      (core dumped) ./a": "error",
    b'Exception in thread "main" java.lang.IllegalStateException': "error",
    b"java.lang.IllegalStateException": "error",
    b"Unhandled exception. System.Exception: no": "error",
    b"npm ERR! code E404": "error",
    b"worker.py: error: the following arguments are required: queue": "error",
    b"warning: unused variable": "warning",
    b"debug: detail": "debug",
    b"0 errors, Error handling is done": "info",
    b"exceptions: none": "info",
    b"no fault was found": "info",
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


@pytest.mark.parametrize(
    "piece",
    [
        b" ",
        b"\t",
        b"a",
        b"level=",
        b"Error",
        b"Exception.",
        b"[",
        b"[error",
        b"<1",
        b": ",
        b'"GET ',
        b"\x1b[",
        b"E0101 ",
        b"\n ",
    ],
)
def test_a_text_that_is_made_to_cost_time_costs_hardly_any(piece: bytes) -> None:
    def seconds(size: int) -> float:
        text = piece * (size // len(piece))
        begin = time.thread_time()
        for start in (b"", b"{", b'{"level"', b"[", b"<"):
            classify(start + text)
        return time.thread_time() - begin

    # Twice as long takes about twice as long; where it is tried again and again, it would take hours.
    assert min(seconds(1 << 20) for _ in range(3)) < 10


@given(st.binary(max_size=300))
def test_whatever_bytes_there_are_have_a_level_and_a_type(text: bytes) -> None:
    for start in (b"", b"{", b"[", b"<", b"\x1b["):
        assert CODES[classify(start + text)].cut is False
