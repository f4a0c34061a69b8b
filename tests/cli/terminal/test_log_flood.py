"""One line and a count for a fault that happens again and again."""

import json
import subprocess
import sys
from collections.abc import Callable

from engineroom.cli.terminal.log_flood import Flood, Kind


class Clock:
    """Calls what is due when time is made to pass."""

    def __init__(self) -> None:
        self.now = 0.0
        self._due: list[tuple[float, Callable[[], None]]] = []

    def later(self, seconds: float, function: Callable[[], None]) -> None:
        self._due.append((self.now + seconds, function))

    def pass_until(self, now: float) -> None:
        while due := [each for each in self._due if each[0] <= now]:
            first = min(due, key=lambda each: each[0])
            self._due.remove(first)
            self.now = first[0]
            first[1]()
        self.now = now


def test_the_first_of_a_kind_is_told_and_the_others_are_counted_in_growing_times() -> None:
    clock = Clock()
    told: list[tuple[float, int, float]] = []

    def tell(_kind: Kind, times: int, seconds: float) -> None:
        told.append((clock.now, times, seconds))

    flood = Flood(tell, clock.later)
    let_through = []
    for second in range(1000):
        clock.pass_until(second)
        let_through.append(flood.is_first(("a", "b")))

    assert let_through.count(True) == 1
    assert let_through[0]
    assert told == [(60, 59, 60), (180, 120, 120), (420, 240, 240), (900, 480, 480)]
    # What was counted last is told, and then it is forgotten: another outage is news.
    clock.pass_until(10_000)
    assert told[4:] == [(1860, 100, 960)]
    assert flood.is_first(("a", "b"))


def test_other_kinds_are_told_for_themselves() -> None:
    flood = Flood(lambda *_: None, Clock().later)
    assert [flood.is_first(kind) for kind in (("a", ""), ("a", "x"), ("b", ""), ("a", ""))] == [
        True,
        True,
        True,
        False,
    ]


OUTAGE = """
for number in range(1000):
    try:
        raise UnavailableError(f"connection {number} refused")
    except UnavailableError:
        log.exception("Cannot reconcile.", action="reconcile.failed")
        # Whoever notices it, it is the same outage.
        log.exception("Cannot scale.", action="scale.failed")
    log.info("Something else.", action="else")
"""

FAULT = """
for number in range(3):
    try:
        raise ValueError("no")
    except ValueError:
        log.exception("Cannot answer.", action="request.failed", id=f"id-{number}")
        log.exception("Cannot scale.", action="scale.failed")
"""

LIBRARY = """
import logging
try:
    raise ValueError("no")
except ValueError:
    logging.getLogger("uvicorn.error").exception("Exception in ASGI application\\n")
"""

BEFORE = """
import structlog
from engineroom.cli.terminal.messages import configure_log
from engineroom.store.errors import UnavailableError
configure_log()
log = structlog.get_logger()
"""


def logged(script: str) -> list[dict[str, object]]:
    """Return the lines of the log of a program."""
    ran = subprocess.run([sys.executable, "-c", BEFORE + script], capture_output=True, text=True, check=True)
    return [json.loads(line) for line in ran.stderr.splitlines()]


def test_an_outage_writes_its_reason_once_and_no_traceback() -> None:
    written = logged(OUTAGE)
    [failed] = [line for line in written if line["action"] == "reconcile.failed"]
    assert failed["reason"] == "connection 0 refused"
    assert "exception" not in failed
    assert len(written) == 1001


def test_a_fault_of_ours_has_its_traceback_once_and_each_id_that_a_client_was_told() -> None:
    written = logged(FAULT)
    answered = [line for line in written if line["action"] == "request.failed"]
    assert [line["id"] for line in answered] == ["id-0", "id-1", "id-2"]
    assert ["Traceback" in str(line.get("exception")) for line in answered] == [True, False, False]
    assert len(written) == 4


def test_what_libraries_say_is_in_the_same_form_and_without_a_traceback() -> None:
    [line] = logged(LIBRARY)
    assert (line["action"], line["message"]) == ("library.uvicorn.error", "Exception in ASGI application")
    assert line["reason"] == "ValueError: no"
