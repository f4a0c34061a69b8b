"""A keeper whose folder was removed is found by the next one, wherever it was started."""

import subprocess
import sys
from pathlib import Path

import pytest

from engineroom.keeper.folder.keeper_folder import KeeperFolder, StartError
from tests.support import proc
from tests.support.waiting import wait_until

WAITING = "import time; time.sleep(600)"


@pytest.mark.needs("root")
def test_one_of_another_mount_namespace_is_refused_beside(tmp_path: Path) -> None:
    folder = tmp_path / "keeper"
    words = ["unshare", "--mount", sys.executable, "-c", WAITING, "engineroom.keeper", str(folder)]
    with subprocess.Popen(words) as other:
        try:
            wait_until("it is there", lambda: WAITING in proc.argv(other.pid)[:3])
            with pytest.raises(StartError, match=rf"another keeper \(pid {other.pid}\) runs on"):
                KeeperFolder(folder)
        finally:
            other.kill()
