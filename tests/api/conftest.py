import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from engineroom.api import application
from engineroom.control.links import link
from engineroom.control.tokens import create_token
from engineroom.store import Store
from tests.support.api import Api, Client, MemoryControl


@pytest.fixture
def api(store: Store, tmp_path: Path) -> Iterator[Api]:
    linked = asyncio.run(link(store, tmp_path, "Shop", {"QUEUE": "redis"}))
    token = asyncio.run(create_token(store, "test"))
    control = MemoryControl(store)
    with Client(application(control), token) as client:
        yield Api(client, control, linked)
