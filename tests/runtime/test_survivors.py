"""Who lives of a keeper's, found without its folder."""

import subprocess
import sys
from pathlib import Path

import pytest

from engineroom.runtime.local import survivors
from tests.support import proc
from tests.support.waiting import wait_until


@pytest.mark.parametrize("more", [[], ["--lock", "5"]])
def test_a_keeper_is_found_by_how_it_was_started_first_or_anew(tmp_path: Path, more: list[str]) -> None:
    words = [sys.executable, "-c", "input()", "-m", "engineroom.keeper", str(tmp_path / "gone"), *more]
    with subprocess.Popen(words, stdin=subprocess.PIPE) as keeper:
        try:
            # For a moment after exec the kernel shows no words (see proc.environment).
            wait_until("its words are there", lambda: proc.argv(keeper.pid))
            assert [each.pid for each in survivors.keepers(tmp_path / "gone")] == [keeper.pid]
            assert survivors.keepers(tmp_path) == []
        finally:
            keeper.kill()
