"""Which events of a process stand in its log."""

from datetime import UTC, datetime
from typing import Any

import pytest

from engineroom.control.observing.notes import notes_of
from engineroom.model.event import Event
from engineroom.model.ids import new_background_process_id, new_event_id


def exited(**last_exit: Any) -> Event:
    return Event(
        id=new_event_id(),
        background_process_id=new_background_process_id(),
        kind="process.exited",
        message="Process 0 of replica 1 ended.",
        data={"process": "process-0", "replica": 1, "index": 0, "pid": 100, "last_exit": last_exit},
        at=datetime(2026, 5, 1, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    "last_exit", [{"code": 1}, {"code": 0}, {"code": 12}, {"signal": 9}, {"code": 3, "asked": True}]
)
def test_an_end_stands_in_the_log(last_exit: dict[str, Any]) -> None:
    assert notes_of([exited(**last_exit)])


def test_the_end_that_it_was_asked_for_adds_nothing_to_the_line_that_says_so() -> None:
    assert not notes_of([exited(code=0, asked=True)])
