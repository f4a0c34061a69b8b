"""A host for each test of the local runtime; a module that wants another one has its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.runtime.test_local import LocalHost


@pytest.fixture
def host(tmp_path: Path) -> Iterator[LocalHost]:
    found = LocalHost(tmp_path / "keeper")
    yield found
    found.clean_up()
