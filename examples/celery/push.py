"""Push jobs for the worker: `python3 push.py 300 --seconds 0.02`."""

import argparse
from pathlib import Path

from tasks import append_line


def main() -> None:
    """Push as many jobs as asked for, numbered from 1."""
    arguments = argparse.ArgumentParser(description="Push jobs for the worker.")
    arguments.add_argument("count", nargs="?", type=int, default=1, help="how many jobs (default: 1)")
    arguments.add_argument("--seconds", type=float, default=0.2, help="how long each takes (default: 0.2)")
    arguments.add_argument("--file", default="done.txt", help="where each writes a line (default: done.txt)")
    options = arguments.parse_args()

    file = str(Path(options.file).absolute())
    for number in range(1, options.count + 1):
        append_line.delay(number, file, options.seconds)
    print(f"pushed {options.count} jobs")


if __name__ == "__main__":
    main()
