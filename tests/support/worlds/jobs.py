"""What the jobs of other worlds do, in a file of its own beside their application."""

import os
import time
from pathlib import Path


def work(number: int) -> None:
    """Append one line, in one write."""
    time.sleep(0.005)
    with Path(os.environ["WORKED"]).open("a") as file:
        file.write(f"{number}\n")
