"""What an RQ worker is asked to do: append a line to a file."""

import os
import time
from pathlib import Path


def append_line(number: int, file: str, seconds: float) -> None:
    """Take so many seconds, then write down who did which job."""
    time.sleep(seconds)
    with Path(file).open("a") as lines:
        lines.write(f"{number} {os.getpid()}\n")
