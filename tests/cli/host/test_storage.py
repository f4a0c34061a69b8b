from pathlib import Path

import pytest

from engineroom.cli.errors import CommandError
from engineroom.cli.host.storage import opened_store
from engineroom.store.errors import NoRoomError


def test_a_command_that_cannot_store_anything_says_so_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="Make room"), opened_store(tmp_path):
        raise NoRoomError("Make room on it.")
