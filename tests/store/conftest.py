import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from engineroom.control.links import Linked, link
from engineroom.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(tmp_path / "engineroom.db")
    yield opened
    opened.close()


@pytest.fixture
def linked(store: Store, tmp_path: Path) -> Linked:
    return asyncio.run(link(store, tmp_path, "Shop", {"A": "1", "B": "2"}))
