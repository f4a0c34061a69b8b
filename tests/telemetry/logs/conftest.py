from collections.abc import Iterator
from pathlib import Path

import pytest

from engineroom.telemetry.logs import LogStore
from engineroom.telemetry.logs.blocks.retention import Retention


@pytest.fixture
def logs(tmp_path: Path) -> Iterator[LogStore]:
    opened = LogStore.open(tmp_path / "logs.db", Retention(days=36500))
    yield opened
    opened.close()
