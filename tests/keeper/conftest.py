"""A running keeper for each test that wants one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engineroom.keeper import log
from tests.keeper.running_keeper import RunningKeeper, running_keeper


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[RunningKeeper]:
    with running_keeper(tmp_path / "keeper") as running:
        yield running


@pytest.fixture(autouse=True)
def _nothing_was_said_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have each test begin with a log that has counted nothing: what one has said is news in the next."""
    monkeypatch.setattr(log, "_faults", log.Faults())
