"""Folders of two tenants who trust each other with nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.tenants import home_of


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that belongs to `www-data`."""
    with home_of("www-data") as made:
        yield made


@pytest.fixture
def neighbour() -> Iterator[Path]:
    """A folder that belongs to `games`."""
    with home_of("games") as made:
        yield made
