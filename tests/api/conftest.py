import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from engineroom.api import application
from engineroom.control.changes.tokens import create_token
from engineroom.control.folders.links import link
from engineroom.store import Store
from engineroom.telemetry import Telemetry
from engineroom.telemetry.alerts.config import AlertSettings
from engineroom.telemetry.logs.blocks.retention import Retention
from tests.support.api import Api, Client, MemoryControl


@pytest.fixture
def telemetry(tmp_path: Path) -> Iterator[Telemetry]:
    opened = Telemetry.open(tmp_path / "telemetry", Retention(days=36500), AlertSettings())
    yield opened
    opened.close()


@pytest.fixture
def api(store: Store, telemetry: Telemetry, tmp_path: Path) -> Iterator[Api]:
    linked = asyncio.run(link(store, tmp_path, "Shop", {"QUEUE": "redis"}))
    token = asyncio.run(create_token(store, "test"))
    control = MemoryControl(store, telemetry)
    with Client(application(control), token) as client:
        yield Api(client, control, linked)
