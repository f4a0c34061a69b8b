"""What s6 and runit are given: a folder for each service, with a script in it that becomes the program."""

from collections.abc import Sequence
from pathlib import Path


def write(parent: Path, count: int, program: Sequence[str]) -> list[Path]:
    """Make folders of so many services below `parent`, and return them."""
    folders = [parent / f"child-{number:05}" for number in range(count)]
    for folder in folders:
        folder.mkdir(parents=True)
        script = folder / "run"
        script.write_text(f"#!/bin/sh\nexec {' '.join(program)}\n")
        script.chmod(0o755)
    return folders
