"""`engineroom keeper`."""

import os
import sys
from pathlib import Path

from engineroom.cli.options import settings


def keeper(*, data: Path | None = None) -> None:
    """Run this host's keeper in the foreground, for systemd or another init. `serve` starts one when none runs.

    Parameters
    ----------
    data
        The server's data folder (ENGINEROOM_DATA; ~/.local/share/engineroom).
    """
    folder = settings(data).keeper
    # A program of its own: the command line's modules would only weigh on what must stay small.
    os.execv(sys.executable, [sys.executable, "-I", "-m", "engineroom.keeper", str(folder)])  # noqa: S606
