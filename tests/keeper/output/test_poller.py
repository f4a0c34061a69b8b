"""How soon the keeper looks at what was printed: at once when it begins, seldom while it goes on, often in a flood."""

import time
from collections.abc import Callable

import pytest

from engineroom.keeper.output import poller as lookout_module
from engineroom.keeper.output.poller import OutputPoller


class _Notices:
    descriptor = 5


class _Spool:
    """Says by how much the stream that grew most has grown, as the test has it."""

    kept_bytes = 8_000_000
    notices = _Notices()
    elsewhere = held = False

    def __init__(self) -> None:
        self.changed: dict[str, int | None] = {}
        self.grown = 0

    def look(self) -> int:
        return self.grown


Look = Callable[[int], float | None]


@pytest.fixture
def look(monkeypatch: pytest.MonkeyPatch) -> Look:
    """Print so much, and return after how many seconds that is looked at; None: never."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    spool = _Spool()
    poller = OutputPoller(spool)  # type: ignore[arg-type]

    def look(grown: int) -> float | None:
        spool.grown = grown
        if grown:
            poller.noticed(0)
        due = poller.turn()
        if due is not None:
            now[0] += due
            poller.turn()
        return due

    return look


def test_what_begins_is_looked_at_soon_and_what_goes_on_ten_times_a_second(look: Look) -> None:
    assert look(1000) == pytest.approx(lookout_module._SOON_SECONDS)
    assert look(1000) == pytest.approx(lookout_module._BATCH_SECONDS)
    assert look(0) is None


def test_a_flood_is_looked_at_often_though_it_pauses(look: Look) -> None:
    for grown in (3_000_000, *[0] * 20, 3_000_000, 0):
        assert look(grown) == pytest.approx(lookout_module._SOON_SECONDS)


def test_a_flood_that_has_ended_is_not_looked_for_any_more(look: Look) -> None:
    look(3_000_000)
    looks = 0
    while look(0) is not None:
        looks += 1
    assert looks == pytest.approx(lookout_module._FLOOD_SECONDS / lookout_module._SOON_SECONDS, abs=2)
