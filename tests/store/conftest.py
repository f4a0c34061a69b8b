import asyncio
from pathlib import Path

import pytest

from engineroom.control.folders.links import Linked, link
from engineroom.store import Store


@pytest.fixture
def linked(store: Store, tmp_path: Path) -> Linked:
    return asyncio.run(link(store, tmp_path, "Shop", {"A": "1", "B": "2"}))
