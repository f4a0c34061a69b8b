"""A copy of the Python example, with a queue of its own."""

import shutil
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "python"


def copied_to(folder: Path) -> Path:
    """Copy the example's code, without any queue, into `folder` and return where it is."""
    return Path(
        shutil.copytree(
            EXAMPLE, folder / "python", ignore=shutil.ignore_patterns("queue.sqlite*", "__pycache__")
        )
    )
