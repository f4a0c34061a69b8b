"""`python -m benchmarks [NAME …] [--json FILE]`."""

import argparse
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from rich.console import Console

from benchmarks import (
    five_hundred,
    growth,
    machine,
    output,
    recycling,
    report,
    restarting,
    serving,
    setup,
    spawning,
    thousand,
)
from benchmarks.contenders.base import ContenderError
from benchmarks.logs import stored
from benchmarks.processes import NotGoneError
from benchmarks.records import RecordsMissingError
from benchmarks.result import Result
from benchmarks.scaling import live, simulated
from benchmarks.stage import Stage

BENCHMARKS: Mapping[str, Callable[[Stage], Result]] = {
    spawning.NAME: spawning.run,
    restarting.NAME: restarting.run,
    recycling.NAME: recycling.run,
    five_hundred.NAME: five_hundred.run,
    thousand.NAME: thousand.run,
    growth.NAME: growth.run,
    output.NAME: output.run,
    simulated.NAME: simulated.run,
    stored.NAME: stored.run,
    serving.NAME: serving.run,
    live.NAME: live.run,
}

# /tmp may be memory; what is measured here includes a database on disk.
_FOLDER = Path("/var/tmp")
_NARROWEST = 120


def main() -> int:
    """Run what was asked for, and return the exit status."""
    arguments = _arguments()
    # As Ctrl-C does: leave through every `with`, so that nothing is left running.
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        programs = setup.programs()
        with _folder() as folder:
            _run(arguments.names or list(BENCHMARKS), Stage(folder, programs), folder, arguments.json)
    except KeyboardInterrupt:
        print("Interrupted; everything that was started has been stopped.", file=sys.stderr)
        return 130
    except (ContenderError, NotGoneError, RecordsMissingError, setup.MissingError) as error:
        print(f"The benchmarks cannot go on: {error}", file=sys.stderr)
        return 1
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure beside peers.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}; without: all")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write everything found to FILE")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"there is no benchmark {unknown[0]!r}; there are {', '.join(BENCHMARKS)}")
    return arguments


def _run(names: list[str], stage: Stage, folder: Path, file: Path | None) -> None:
    console = Console()
    if not console.is_terminal:
        console = Console(width=_NARROWEST)
    facts = machine.facts(folder)
    report.print_machine(console, facts)
    results = []
    for name in names:
        print(f"{name}: the load of the last minute is {machine.load()}", file=sys.stderr, flush=True)
        results.append(BENCHMARKS[name](stage))
        report.print_result(console, results[-1])
    if file is not None:
        file.write_text(report.as_json(facts, results))


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="benchmarks-", dir=_FOLDER))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
