from collections.abc import Iterator
from pathlib import Path

import pytest

from engineroom.store import Store
from tests.support.api import Api, an_api


@pytest.fixture
def api(store: Store, tmp_path: Path) -> Iterator[Api]:
    with an_api(store, tmp_path) as made:
        yield made
