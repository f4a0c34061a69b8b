"""A running keeper for each test that wants one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.keeper.running_keeper import RunningKeeper, running_keeper


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[RunningKeeper]:
    with running_keeper(tmp_path / "keeper") as running:
        yield running
